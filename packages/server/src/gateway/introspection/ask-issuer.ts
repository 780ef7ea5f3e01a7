import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import { readBounded } from '../../platform/http/index.ts';
import type { World } from '../../platform/world/index.ts';
import { readAnswer, type SaidOfToken } from './read-answer.ts';

/** Ten times what an issuer has to say of a token. */
const ANSWER_BYTES_MAX = 65_536;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** The other end closed a connection that was idle in the same moment: nothing is known of the question. */
const BROKEN = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** It says nothing of this token: it cannot be reached, is overloaded, or does not let the gate ask. */
export class EndpointFault extends Error {
  override readonly name = 'EndpointFault';
}

/** Statuses that are of the endpoint and not of what was asked. */
const OF_ENDPOINT = new Set([401, 403, 404, 405, 429, 502, 503, 504]);

export interface Told {
  readonly said: SaidOfToken;
  readonly bytes: number;
}

/** One question (RFC 7662 §2.1). Throws with why there is no answer, and never with the token. */
export async function askIssuer(
  token: string,
  endpoint: IntrospectionSnapshot,
  world: Pick<World, 'fetch' | 'now' | 'random'>,
  signal: AbortSignal,
): Promise<Told> {
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(await showClient(endpoint, form, world)),
  };
  const question = { method: 'POST', headers, body: form.toString(), signal };
  const ask = () => world.fetch(endpoint.url, { ...question, redirect: 'manual' });
  const response = await ask()
    .catch((error: unknown) => {
      if (signal.aborted || !isBroken(error)) throw error;
      return ask();
    })
    .catch((cause: unknown) => {
      throw new EndpointFault('it cannot be reached', { cause: causeOf(cause) });
    });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw statusFault(response.status);
  }
  const bytes = await readBounded(response, ANSWER_BYTES_MAX);
  return { said: readAnswer(bytes), bytes: bytes.length };
}

/** RFC 6749 §2.3.1: both are encoded before they are joined; or RFC 7523. */
async function showClient(
  endpoint: IntrospectionSnapshot,
  form: URLSearchParams,
  world: Pick<World, 'now' | 'random'>,
): Promise<Record<string, string>> {
  const { clientId, proof } = endpoint;
  if (proof.kind === 'secret') {
    const pair = `${formEncoded(clientId)}:${formEncoded(proof.secret)}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
  const { clientAssertion } = await import('./client-assertion.ts');
  form.set('client_id', clientId);
  form.set('client_assertion_type', ASSERTION_TYPE);
  form.set('client_assertion', await clientAssertion(endpoint, proof, world));
  return {};
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** Nothing is known of what was sent: whoever may ask twice does. */
export function isBroken(error: unknown): boolean {
  return BROKEN.has(String((causeOf(error) as { code?: unknown }).code));
}

/** Of what `fetch` throws, which itself says nothing. */
function causeOf(error: unknown): object {
  const { cause } = error as { cause?: unknown };
  return typeof cause === 'object' && cause !== null ? cause : (error as object);
}

function statusFault(status: number): Error {
  // The secret, and the tokens of callers, go nowhere else.
  if (status >= 300 && status < 400)
    return new EndpointFault(`it redirects (${status}), which is not followed`);
  const more =
    status === 401 || status === 403 ? ': it does not take the credentials of the gate' : '';
  const fault = `it answers ${status}${more}`;
  return OF_ENDPOINT.has(status) ? new EndpointFault(fault) : new Error(fault);
}
