import { randomInt } from 'node:crypto';
import type { AccountStore } from '../../access/accounts/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { pendingOf, tellDecision } from '../decisions/index.ts';
import type { DetailTypes } from '../details/index.ts';
import type { AskPace } from './ask-pace.ts';
import { PROFILE_MEMBER } from './client-metadata.ts';
import { errors, type Provider } from './library.ts';

export interface DecoupledPorts {
  readonly accounts: Pick<AccountStore, 'show' | 'findByLogin'>;
  readonly artefacts: Pick<ArtefactStore, 'listOfAccount'>;
  readonly details: Pick<DetailTypes, 'read'>;
  readonly askPace: AskPace;
  readonly now: () => number;
  /** A client was not told of a decision. */
  readonly onUntold: (client: string, error: Error) => void;
}

interface DecoupledContext {
  readonly oidc: {
    readonly provider: Provider;
    readonly client: { readonly clientId: string; readonly [PROFILE_MEMBER]: string };
    readonly params: Readonly<Record<string, unknown>>;
    /** Names of the parameters that stood in a signed request; undefined: nothing was signed. */
    readonly trusted?: readonly string[];
  };
  body: unknown;
}

interface AskedRequest {
  readonly jti: string;
  readonly params: Record<string, unknown>;
  save(): Promise<string>;
  destroy(): Promise<void>;
}

/** A parameter of ours: the answer has a number for the application to show, and the person chooses it among others. */
export const NUMBER_PARAMETER = 'number_matching';

const MESSAGE_CHARS_MAX = 200;

/** OpenID Connect CIBA Core: somebody decides on a device of their own, and is sent nowhere. */
export function decoupledSettings(ports: DecoupledPorts) {
  return {
    deliveryModes: ['poll', 'ping'],
    processLoginHint: async (_: unknown, hint: string) =>
      (await ports.accounts.findByLogin(hint))?.id,
    processLoginHintToken: () => {
      throw new errors.InvalidRequest('login_hint_token is not taken here: send login_hint');
    },
    verifyUserCode: (
      { oidc }: DecoupledContext,
      { accountId }: { accountId: string },
      code: unknown,
    ) => {
      if (code !== undefined) throw new errors.InvalidRequest('user_code is not taken here');
      // Whoever is asked again and again says yes in the end.
      if (ports.askPace.isTooOften(oidc.client.clientId, accountId)) {
        throw new errors.AccessDenied('this person was asked too often');
      }
    },
    validateBindingMessage: (_: unknown, message: unknown) => judgeMessage(message),
    validateRequestContext: ({ oidc }: DecoupledContext, context: unknown) => {
      if (context !== undefined) {
        throw new errors.InvalidRequest('request_context is not taken here');
      }
      if (oidc.client[PROFILE_MEMBER] === 'fapi2') judgeForBanks(oidc);
    },
    triggerAuthenticationDevice: async (
      ctx: DecoupledContext,
      request: AskedRequest,
      account: { readonly accountId: string },
    ) => {
      try {
        await askElsewhere(ctx, request, account.accountId, ports);
      } catch (error) {
        // It is stored before: somebody would be asked for an application that was told of a fault, and waits for nothing.
        await request.destroy();
        throw error;
      }
    },
  };
}

/**
 * FAPI-CIBA §5.2.2: signed by any key of the client, whether or not it signs messages otherwise; and a person can tell
 * this request from another one.
 */
function judgeForBanks({ trusted, params }: DecoupledContext['oidc']): void {
  if (trusted === undefined) {
    throw new errors.InvalidRequest('Request Object must be used by this client');
  }
  const isOneOfItsKind =
    params['binding_message'] !== undefined ||
    params['authorization_details'] !== undefined ||
    params[NUMBER_PARAMETER] === 'true';
  if (isOneOfItsKind) return;
  throw new errors.InvalidRequest(
    `one of binding_message, authorization_details and ${NUMBER_PARAMETER} must be there`,
  );
}

/** CIBA Core §7.1: what stands on both devices is the same, to the letter. Nothing invisible, nothing that turns a line around. */
function judgeMessage(message: unknown): void {
  if (message === undefined) return;
  const isShown =
    typeof message === 'string' &&
    message.isWellFormed() &&
    [...message].length <= MESSAGE_CHARS_MAX &&
    /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(message) &&
    message.trim() === message;
  if (isShown) return;
  throw new errors.InvalidBindingMessage(
    `the message is not of 1 to ${MESSAGE_CHARS_MAX} visible characters`,
  );
}

/** One request waits for one person: a later one takes the place of those before. */
async function askElsewhere(
  ctx: DecoupledContext,
  request: AskedRequest,
  accountId: string,
  { artefacts, details, onUntold, now }: DecoupledPorts,
): Promise<void> {
  const { provider, params } = ctx.oidc;
  const waiting = await pendingOf(artefacts, details, accountId, now());
  // Of two at one moment neither may stay beside the other: which came first, no clock tells.
  const others = waiting.filter(({ id }) => id !== request.jti);
  const instead = new errors.AccessDenied('another request took its place');
  for (const { id, clientId } of others) {
    await tellDecision(provider, id, instead, {}, (error) => onUntold(clientId, error));
  }
  if (params[NUMBER_PARAMETER] !== 'true') return;
  const number = String(randomInt(10, 100));
  request.params['matching_number'] = number;
  await request.save();
  Object.assign(ctx.body as object, { matching_number: number });
}
