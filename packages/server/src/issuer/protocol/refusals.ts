import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import { certificateFault } from '../../platform/certificates/index.ts';
import type { Provider } from './library.ts';
import { OUTGOING_AUTHORITIES } from './outgoing.ts';

/** Why the protocol refused a call, as its developer is told. */
export interface Refusal {
  readonly error: IssuerCodeName;
  readonly reason?: string;
}

const REASON_CHARS_MAX = 300;

/** Where the library says that it refused something. */
const ROUTES = [
  ...['authorization', 'pushed_authorization_request', 'device_authorization', 'device_resume'],
  ...['code_verification', 'backchannel_authentication', 'grant', 'introspection', 'revocation'],
  ...['userinfo', 'end_session', 'end_session_confirm', 'end_session_success', 'interaction'],
  ...['registration_create', 'registration_read', 'registration_update', 'registration_delete'],
] as const;

/** What was refused, by its request: a redirect and a page do not show it to whoever keeps the record. */
export class Refusals {
  readonly #known = new WeakMap<object, Refusal>();

  constructor(provider: Provider) {
    const keep = ({ req }: { readonly req: object }, error: Error) => {
      this.#known.set(req, refusalOf(error));
    };
    for (const route of ROUTES) provider.on(`${route}.error` as 'grant.error', keep);
  }

  of(request: object): Refusal | undefined {
    return this.#known.get(request);
  }
}

/** The words of the library are about names of members, never about what stands in them. */
function refusalOf(thrown: Error): Refusal {
  const {
    message,
    expose,
    error_description: said,
  } = thrown as Error & {
    readonly expose?: boolean;
    readonly error_description?: string;
  };
  if (expose !== true) return { error: 'server_error' };
  // A test looks through all that the library can say.
  const error = message as IssuerCodeName;
  // Keys of a client stand at an address of its own, which may not be believed.
  const why = certificateFault(thrown, OUTGOING_AUTHORITIES);
  const reason = [said, why].filter((part) => part !== undefined && part !== null).join(': ');
  return { error, ...(reason !== '' && { reason: reason.slice(0, REASON_CHARS_MAX) }) };
}
