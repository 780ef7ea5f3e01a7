import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { ChallengeContext, ChallengeRefusal } from './challenge-context.ts';
import type { Factor } from './factors.ts';

/** What an application is told: draft-ietf-oauth-first-party-apps §5.2. */
export type ChallengeAnswer =
  | { readonly kind: 'code'; readonly code: string }
  | {
      readonly kind: 'needed';
      readonly authSession: string;
      /** One of these. */
      readonly factors: readonly Factor[];
      /** For WebAuthn; null: it is not asked for. */
      readonly passkey: object | null;
      /** Of what was shown, why it does not do; null: it does. */
      readonly refused: IssuerCodeName | null;
    }
  /** `authSession`: null: it went on often enough. */
  | { readonly kind: 'busy'; readonly authSession: string | null }
  | { readonly kind: 'web'; readonly reason: string }
  | ({ readonly kind: 'refused' } & ChallengeRefusal);

/** Where a person goes on in a browser. */
export interface LedRequest {
  readonly requestUri: string;
  readonly expiresIn: number;
}

const RETRY_AFTER_SECONDS = 30;

/** Writes it, and returns what was refused. */
export function answered(
  ctx: Pick<ChallengeContext, 'status' | 'body' | 'set'>,
  answer: ChallengeAnswer,
  led: LedRequest | null,
): ChallengeRefusal | null {
  switch (answer.kind) {
    case 'code':
      ctx.status = 200;
      ctx.body = { authorization_code: answer.code };
      return null;
    case 'needed': {
      const { authSession, factors, passkey, refused } = answer;
      ctx.status = 403;
      ctx.body = {
        ...{ error: 'insufficient_authorization', auth_session: authSession, factors },
        ...(passkey !== null && { passkey }),
        ...(refused !== null && { refused }),
      };
      return { error: refused ?? 'insufficient_authorization' };
    }
    case 'busy':
      ctx.status = 503;
      ctx.set('retry-after', String(RETRY_AFTER_SECONDS));
      ctx.body = {
        error: 'temporarily_unavailable',
        ...(answer.authSession !== null && { auth_session: answer.authSession }),
      };
      return { error: 'temporarily_unavailable' };
    case 'web':
      ctx.status = 403;
      ctx.body = {
        ...{ error: 'redirect_to_web', error_description: answer.reason },
        ...(led !== null && { request_uri: led.requestUri, expires_in: led.expiresIn }),
      };
      return { error: 'redirect_to_web', reason: answer.reason };
    case 'refused': {
      const { error, reason } = answer;
      ctx.status = 400;
      ctx.body = { error, ...(reason !== undefined && { error_description: reason }) };
      return { error, ...(reason !== undefined && { reason }) };
    }
    default:
      return answer satisfies never;
  }
}

/** What the library refuses by an error of its own. Throws whatever else it is. */
export function refusedBy(thrown: unknown): ChallengeAnswer {
  const {
    expose,
    message,
    error_description: said,
  } = thrown as Error & {
    readonly expose?: boolean;
    readonly error_description?: string;
  };
  if (expose !== true) throw thrown;
  // A test looks through all that the library can say.
  const error = message as IssuerCodeName;
  return { kind: 'refused', error, ...(said !== undefined && { reason: said }) };
}
