import { parseJsonText } from '@poorter/openapi/json';
import {
  type AskedByBrowser,
  GATE_SESSION_PATH,
  type GateSessionsSnapshot,
} from '../../messages/gate-sessions.ts';
import { certificateFault, SYSTEM_AUTHORITIES } from '../../platform/certificates/index.ts';
import { readBounded } from '../../platform/http/index.ts';
import type { World } from '../../platform/world/index.ts';
import { isBroken } from '../introspection/ask-issuer.ts';

/** The person waits, and looks at a page that does not change. */
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;

/** It cannot be reached, is overloaded, or does not let this gate ask. */
export class NotAnswered extends Error {
  override readonly name = 'NotAnswered';
}

/** One question of a browser, put to the authorization server by this gate. Throws NotAnswered. */
export async function askAuthorizationServer<Answer>(
  act: 'begin' | 'finish' | 'show' | 'end',
  question: AskedByBrowser,
  { issuer, asking }: GateSessionsSnapshot,
  world: Pick<World, 'fetch' | 'after'>,
): Promise<Answer> {
  const { clientId, proof } = asking;
  const secret = proof.kind === 'secret' ? proof.secret : '';
  const credentials = Buffer.from(`${clientId}:${secret}`).toString('base64');
  const controller = new AbortController();
  const timer = world.after(TIMEOUT_MS, () => controller.abort());
  const { signal } = controller;
  const ask = () =>
    world.fetch(`${issuer}${GATE_SESSION_PATH}/${act}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Basic ${credentials}` },
      body: JSON.stringify(question),
      // The secret goes nowhere else.
      ...{ redirect: 'manual', signal },
    });
  try {
    // What was done by the first is not done again by the second: a state is good once, and ended is ended.
    const response = await ask().catch((error: unknown) => {
      if (signal.aborted || !isBroken(error)) throw error;
      return ask();
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new NotAnswered(`it answers ${response.status}`);
    }
    const bytes = await readBounded(response, ANSWER_BYTES_MAX);
    return parseJsonText(Buffer.from(bytes).toString('utf8')) as Answer;
  } catch (error) {
    if (error instanceof NotAnswered) throw error;
    const why = certificateFault(error, SYSTEM_AUTHORITIES) ?? 'it cannot be reached';
    throw new NotAnswered(why, { cause: error });
  } finally {
    timer.cancel();
  }
}
