import { Valkey } from 'iovalkey';
import { certificateFault } from '../certificates/index.ts';
import { DRAW_SCRIPT, GREET_SCRIPT, MERGE_SCRIPT } from './draw-script.ts';

/** Whom a TLS connection trusts and what it shows, PEM. */
export interface CountersTls {
  readonly authorities: readonly string[];
  readonly certificate: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

type Arguments = readonly (string | number)[];

export type ValkeyConnection = Valkey & {
  poorterDraw(keys: number, ...argv: Arguments): Promise<number[]>;
  poorterGreet(keys: number, ...argv: Arguments): Promise<[string, number]>;
  poorterMerge(keys: number, ...argv: Arguments): Promise<number>;
};

const CONNECT_TIMEOUT_MS = 2_000;
/** The kernel then asks the other end itself, and closes what nobody answers for. */
const KEEP_ALIVE_AFTER_MS = 5_000;

/**
 * A connection that is used until something is wrong with it and never opened again: the next one
 * resolves the name anew, which is how a failover is found.
 */
export function openConnection(url: string, tls: CountersTls | null): ValkeyConnection {
  const isTls = /^(?:valkeys|rediss):/.test(url);
  const connection = new Valkey(url.replace(/^valkey/, 'redis'), {
    lazyConnect: true,
    // Nothing waits in a queue for a server that is away: calls are counted here meanwhile.
    enableOfflineQueue: false,
    // The greeting asks for more than that the server answers.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_AFTER_MS,
    retryStrategy: () => null,
    ...(isTls && { tls: tlsOptions(url, tls) }),
  });
  connection.defineCommand('poorterDraw', { lua: DRAW_SCRIPT });
  connection.defineCommand('poorterGreet', { lua: GREET_SCRIPT });
  connection.defineCommand('poorterMerge', { lua: MERGE_SCRIPT });
  return connection as ValkeyConnection;
}

function tlsOptions(url: string, tls: CountersTls | null) {
  const { hostname } = new URL(url.replace(/^[a-z]+:/, 'http:'));
  const host = hostname.replace(/^\[|\]$/g, '');
  const isName = !/^[\d.]+$|:/.test(host);
  const serverName = tls?.serverName ?? (isName ? host : null);
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    ...(serverName !== null && { servername: serverName }),
    ...(tls !== null && tls.authorities.length > 0 && { ca: [...tls.authorities] }),
    ...(tls !== null &&
      tls.certificate !== null &&
      tls.key !== null && { cert: tls.certificate, key: tls.key }),
  };
}

/** Answers that say what is to be done, for whoever reads the log. Never with a password in it. */
const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid (?:username-)?password/i, 'the server refuses the user name or password'],
  [/^NOAUTH/, 'the server asks for a password, and counters.url has none'],
  [/^NOPERM/, 'the user may not run the commands or use the keys (poorter*) that counting needs'],
  [/^READONLY/, 'the server is a replica'],
  [/^OOM/, 'the memory of the server is full'],
  [/^LOADING/, 'the server is still reading its data'],
  [/^MISCONF/, 'the server cannot save its data and accepts no writes'],
  [/^MASTERDOWN|^CLUSTERDOWN/, 'the server has lost its primary or its cluster'],
  [/^MOVED|^ASK|^CROSSSLOT/, 'the server is part of a cluster; counters need one primary'],
  [/without any password|no password is set/, 'counters.url has a password, and the server none'],
];

/** Why it is away, in a sentence that holds no secret. */
export function explain(error: unknown, url: string): string {
  const distrust = certificateFault(error, 'counters.tls.authorities');
  if (distrust !== null) return distrust;
  const message = (error as Error).message.split('\n')[0] ?? '';
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(message));
  const text = known === undefined ? message : `${known[1]} (${message.split(' ')[0]})`;
  return withoutSecrets(text, url);
}

/** Nobody is known to put it there; an answer is a stranger's text all the same. */
function withoutSecrets(text: string, url: string): string {
  const password = /^[^:]+:\/\/[^:@/]*:(.+)@/.exec(url)?.[1];
  if (password === undefined) return text;
  let plain = password;
  try {
    plain = decodeURIComponent(password);
  } catch {
    // It is then used as it stands.
  }
  return text.replaceAll(password, '***').replaceAll(plain, '***');
}

/** Rejects after so long; whatever comes then is dropped. */
export async function within<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** The words of a server, not of a network: capitals first. */
export function isAnswer(why: string): boolean {
  return /\([A-Z]{3,}\)$/.test(why);
}
