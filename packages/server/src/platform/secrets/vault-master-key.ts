import { setTimeout as pause } from 'node:timers/promises';
import { parseJsonText } from '@poorter/openapi/json';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { certificateFault } from '../certificates/index.ts';
import {
  type MasterKeyProvider,
  MasterKeyUnavailableError,
  WrongMasterKeyError,
} from './master-key-provider.ts';

export interface VaultKey {
  /** `https://host:8200`; plain HTTP to this machine only. */
  readonly origin: string;
  /** The mount of the transit engine, such as `transit`. */
  readonly mount: string;
  readonly name: string;
  /** Read for every request: tokens are renewed by others. */
  readonly token: () => string;
  /** PEM, instead of the system store. */
  readonly authorities?: string;
  readonly namespace?: string;
  /** The key was made with `derived=true`: the context goes into its derivation. */
  readonly isDerived?: boolean;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 100;
const ANSWER_BYTES_MAX = 65_536;
/** Busy, sealed, standby or restarting: all pass. */
const PASSING = new Set([412, 429, 472, 473, 500, 502, 503, 504]);
const ciphertextAnswer = z.object({
  data: z.object({ ciphertext: z.string().startsWith('vault:v') }),
});
const plaintextAnswer = z.object({ data: z.object({ plaintext: z.base64() }) });

/**
 * The transit engine of HashiCorp Vault or OpenBao. The master key never leaves it; its versions are
 * rotated there. Not used is its `rewrap`, which takes no associated data: to move to the newest
 * version is to unwrap and to wrap again.
 */
export function vaultMasterKey(key: VaultKey): MasterKeyProvider {
  const id = `vault:${key.origin}/${key.mount}/keys/${key.name}`;
  let dispatcher: Promise<Dispatcher> | null = null;
  const ask = async (verb: 'encrypt' | 'decrypt', context: string, members: object) => {
    const bound = Buffer.from(context).toString('base64');
    const body = {
      ...members,
      associated_data: bound,
      ...(key.isDerived && { context: bound }),
    };
    dispatcher ??= connectorTo(key);
    return askVault(key, id, await dispatcher, verb, body);
  };
  return {
    ...{ id, isElsewhere: true },
    inspect: () => void key.token(),
    wrap: async (plain, context) => {
      const answer = await ask('encrypt', context, {
        plaintext: Buffer.from(plain).toString('base64'),
      });
      return Buffer.from(ciphertextAnswer.parse(answer).data.ciphertext);
    },
    unwrap: async (wrapped, context) => {
      const ciphertext = Buffer.from(wrapped).toString('latin1');
      // Wrapped by something else: no reason to send it anywhere.
      if (!ciphertext.startsWith('vault:v')) {
        throw new WrongMasterKeyError(`the master key ${id} did not wrap this`);
      }
      const answer = await ask('decrypt', context, { ciphertext });
      return Buffer.from(plaintextAnswer.parse(answer).data.plaintext, 'base64');
    },
  };
}

/** Loaded for whoever has a vault. */
async function connectorTo({ timeoutMs, authorities }: VaultKey): Promise<Dispatcher> {
  const { Agent } = await import('../http-client/index.ts');
  return new Agent({
    connect: { timeout: timeoutMs ?? TIMEOUT_MS, ...(authorities && { ca: authorities }) },
    maxResponseSize: ANSWER_BYTES_MAX,
    connections: 2,
    // The process that asks once at its start shall end without waiting for an idle connection.
    keepAliveTimeout: 1_000,
  });
}

async function askVault(
  key: VaultKey,
  id: string,
  dispatcher: Dispatcher,
  verb: string,
  body: object,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await tryOnce(key, dispatcher, verb, body);
    if (answer.status === 200) return answer.body;
    const said = `${id} answered ${answer.status === 0 ? 'nothing' : answer.status} to ${verb}: ${answer.said}`;
    if (answer.status === 400 && verb === 'decrypt') throw new WrongMasterKeyError(said);
    const isPassing = answer.status === 0 || PASSING.has(answer.status);
    if (!isPassing || attempt >= ATTEMPTS_MAX) throw new MasterKeyUnavailableError(said);
    await pause(PAUSE_MS * 2 ** attempt);
  }
}

/** Status 0: no answer. */
async function tryOnce(
  key: VaultKey,
  dispatcher: Dispatcher,
  verb: string,
  body: object,
): Promise<{ status: number; body: unknown; said: string }> {
  const token = key.token();
  const { request } = await import('../http-client/index.ts');
  try {
    const url = `${key.origin}/v1/${key.mount}/${verb}/${encodeURIComponent(key.name)}`;
    const { statusCode, body: stream } = await request(url, {
      method: 'POST',
      dispatcher,
      headers: {
        'content-type': 'application/json',
        'x-vault-token': token,
        'x-vault-request': 'true',
        ...(key.namespace !== undefined && { 'x-vault-namespace': key.namespace }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(key.timeoutMs ?? TIMEOUT_MS),
    });
    const parsed = jsonOrNull(await stream.text());
    return { status: statusCode, body: parsed, said: errorsIn(parsed) };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    const distrust = certificateFault(error, 'the PEM file of ca in masterKey');
    // Node's codes are names; a timeout has a number.
    const said = distrust ?? (typeof code === 'string' ? code : message.slice(0, 200));
    return { status: 0, body: null, said };
  }
}

/** What stands before a vault answers in HTML. */
function jsonOrNull(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}

function errorsIn(answer: unknown): string {
  const { errors } = (answer ?? {}) as { errors?: unknown };
  const lines = Array.isArray(errors) ? errors.filter((line) => typeof line === 'string') : [];
  return lines.join('; ').slice(0, 300);
}
