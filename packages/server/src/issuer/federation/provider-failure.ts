import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { certificateFault } from '../../platform/certificates/index.ts';
import type { NotSignedIn } from '../pages/provider-words.ts';
import { NotCalledError, OUTGOING_AUTHORITIES } from '../protocol/outgoing.ts';

const REASON_LENGTH_MAX = 200;
/** Fetch standard: all that it says of the network, as `undici` words it. */
const FETCH_FAILED = new Set(['fetch failed', 'terminated']);
/** What the library says of a provider that is not to be reached, or does not answer as one. */
const AWAY = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM']);

/** Nobody signs in by it now: why, for the record. Holds nothing that was sent or received but names of errors. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly code: NotSignedIn;

  constructor(code: NotSignedIn, reason: string) {
    super(reason.slice(0, REASON_LENGTH_MAX));
    this.code = code;
  }
}

/** By what the library threw while somebody waited. */
export function failureOf(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  // What the provider said itself is a name of RFC 6749 or it is not repeated.
  if (error instanceof AuthorizationResponseError) {
    return new ProviderFailure('provider_refused', named(error.error));
  }
  if (error instanceof ResponseBodyError) {
    return new ProviderFailure('provider_answer_wrong', `its answer was ${named(error.error)}`);
  }
  const code = isTransport(error) ? 'provider_unavailable' : 'provider_answer_wrong';
  return new ProviderFailure(
    code,
    certificateFault(error, OUTGOING_AUTHORITIES) ?? innermost(error),
  );
}

function named(error: string): string {
  return /^[a-z_]{1,60}$/.test(error) ? error : 'an error of its own';
}

/** The connection failed, was not made, or was cut off because the answer was too large or too slow. */
function isTransport(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ClientError && AWAY.has(error.code ?? '')) return true;
  if (error instanceof NotCalledError || error instanceof DOMException) return true;
  return FETCH_FAILED.has(error.message) || isTransport(error.cause);
}

/** The sentences of the libraries are fixed; what they were about hangs beside them, and stays there. */
function innermost(error: unknown): string {
  let at = error instanceof Error ? error : new Error('it cannot be reached');
  while (at.cause instanceof Error) at = at.cause;
  return at.message;
}
