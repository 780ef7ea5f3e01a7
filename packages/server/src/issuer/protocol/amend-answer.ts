import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import { RESPONSE_MODES } from './client-metadata.ts';
import { isWrongCode } from './device.ts';
import { POLL_INTERVAL_SECONDS, type PollPace } from './poll-pace.ts';
import { type SignOutContext, showSignOut } from './sign-out.ts';

export interface AnswerPorts {
  readonly snapshot: IssuerSnapshot;
  readonly pace: PollPace;
}

export interface AnswerContext extends Omit<SignOutContext, 'oidc'> {
  readonly req: SignOutContext['req'] & object;
  status: number;
  readonly oidc?: SignOutContext['oidc'] & { readonly route?: string };
}

type Body = Record<string, unknown>;

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
      break;
    case 'end_session':
      if (status === 200) await showSignOut(ctx as SignOutContext, ports.snapshot);
      break;
    case 'token':
      return slowDown(ctx, ports.pace);
    case 'code_verification':
      return isWrongCode(ctx.req) ? 'user_code_wrong' : null;
    default:
  }
  return null;
}

/** What clients are told that they may do is what they may do. */
function describe(body: Body): void {
  body['response_modes_supported'] = RESPONSE_MODES;
  body['backchannel_user_code_parameter_supported'] = false;
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
