import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { NOT_EVERYWHERE } from './adapter.ts';
import { RESPONSE_MODES } from './client-metadata.ts';
import { isWrongCode } from './device.ts';
import { POLL_INTERVAL_SECONDS, type PollPace } from './poll-pace.ts';
import type { ProviderPorts } from './provider-settings.ts';
import { isOtherPerson, type SignOutContext, showOtherPerson, showSignOut } from './sign-out.ts';

export interface AnswerPorts {
  readonly snapshot: IssuerSnapshot;
  readonly clients: Pick<ProviderPorts['clients'], 'show'>;
  readonly pace: PollPace;
  /** Until every gate decides by what is stored. Throws NotEverywhereYet. */
  readonly whenEnforced: () => Promise<void>;
}

export interface AnswerContext extends Omit<SignOutContext, 'oidc'> {
  readonly req: SignOutContext['req'] & object;
  status: number;
  readonly oidc?: SignOutContext['oidc'] & { readonly route?: string };
}

type Body = Record<string, unknown>;

/** A gate that is silent for so long refuses everything by itself, unless it was told otherwise. */
const AGAIN_SECONDS = 5;

/** What the library says otherwise than we mean it, route by route. Returns the code of an error that is ours, or null. */
export async function amendAnswer(
  ctx: AnswerContext,
  ports: AnswerPorts,
): Promise<IssuerCodeName | null> {
  const { oidc, status } = ctx;
  switch (oidc?.route) {
    case 'jwks':
      ctx.set('cache-control', 'public, max-age=300');
      break;
    case 'discovery':
      describe(ctx.body as Body);
      break;
    case 'device_authorization':
    case 'backchannel_authentication':
      if (status === 200) (ctx.body as Body)['interval'] = POLL_INTERVAL_SECONDS;
      // CIBA Core §13.
      if ((ctx.body as Body | undefined)?.['error'] === 'access_denied') ctx.status = 403;
      return unauthorized(ctx);
    case 'end_session':
      if (status === 200) await showSignOut(ctx as SignOutContext, ports.snapshot);
      break;
    case 'resume':
    case 'device_resume':
      if (isOtherPerson(ctx as SignOutContext)) {
        const pageOf = async (id: string) => (await ports.clients.show(id))?.page ?? null;
        await showOtherPerson(ctx as SignOutContext, ports.snapshot, pageOf);
      }
      break;
    case 'revocation':
      if (status === 200) await tellWhenEnforced(ctx, ports);
      if (ctx.status === 503) ctx.set('retry-after', String(AGAIN_SECONDS));
      break;
    case 'token':
      return unauthorized(ctx) ?? slowDown(ctx, ports.pace);
    case 'code_verification':
      return isWrongCode(ctx.req) ? 'user_code_wrong' : null;
    default:
  }
  return null;
}

/**
 * RFC 7009 §2.2.1: whoever asks again finds nothing left to take back, and is told that it is done only when it is.
 */
async function tellWhenEnforced(ctx: AnswerContext, { whenEnforced }: AnswerPorts): Promise<void> {
  try {
    await whenEnforced();
  } catch (error) {
    if (!(error instanceof NotEverywhereYet)) throw error;
    ctx.status = 503;
    ctx.body = { error: 'temporarily_unavailable', error_description: NOT_EVERYWHERE };
  }
}

/** What clients are told that they may do is what they may do. */
function describe(body: Body): void {
  body['response_modes_supported'] = RESPONSE_MODES;
  body['backchannel_user_code_parameter_supported'] = false;
  // RFC 8414 §2: what is not said means another method.
  const methods = body['token_endpoint_auth_methods_supported'] as readonly string[];
  const shown = methods.filter((method) => method !== 'none');
  const signatures = body['token_endpoint_auth_signing_alg_values_supported'];
  for (const endpoint of ['introspection', 'revocation']) {
    body[`${endpoint}_endpoint_auth_methods_supported`] =
      endpoint === 'revocation' ? methods : shown;
    body[`${endpoint}_endpoint_auth_signing_alg_values_supported`] = signatures;
  }
}

/** RFC 6749 §5.2, CIBA Core §13: it may not ask in this way, whatever it asks. */
function unauthorized(ctx: AnswerContext): 'unauthorized_client' | null {
  const body = (ctx.body ?? {}) as Body;
  const isNot = /(?:grant type is|\S+) not allowed for this client$/;
  const said = body['error_description'];
  if (body['error'] !== 'invalid_request' || typeof said !== 'string' || !isNot.test(said)) {
    return null;
  }
  ctx.body = { ...body, error: 'unauthorized_client' };
  return 'unauthorized_client';
}

/** RFC 8628 §3.5, CIBA Core §11. */
function slowDown(ctx: AnswerContext, pace: PollPace): 'slow_down' | null {
  const body = (ctx.body ?? {}) as Body;
  if (body['error'] !== 'authorization_pending') return null;
  const { device_code: device, auth_req_id: request } = ctx.oidc?.params ?? {};
  if (!pace.isTooSoon(String(device ?? request))) return null;
  ctx.body = { error: 'slow_down', error_description: 'ask less often' };
  return 'slow_down';
}
