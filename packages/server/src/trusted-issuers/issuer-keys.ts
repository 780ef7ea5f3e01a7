import { hash } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import type { JSONWebKeySet } from 'jose';
import { fileIn } from '../platform/files/index.ts';
import { checkedUrl, type Fetch, type FetchedKeys, fetchIssuerKeys } from './fetch-issuer.ts';
import { KeyRequests } from './key-requests.ts';
import { readKeySet } from './key-set.ts';

export interface IssuerSource {
  readonly issuer: string;
  /** URL of the key set in place of discovery, or `file:./jwks.json`. */
  readonly jwks?: string;
}

export interface IssuerKeysWorld {
  readonly fetch: Fetch;
  /** For a whole document, redirects included. Default: 5 s. */
  readonly fetchTimeoutMs?: number;
  /** For `file:` key sets. */
  readonly readFile: (path: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly setTimer: (work: () => void, delayMs: number) => { readonly cancel: () => void };
}

export interface IssuerKeysEvents {
  /**
   * The keys to verify with from now on; null: none that are still to be trusted. The generation
   * says whether two key sets are the same one, not which is newer.
   */
  onChange(issuer: string, jwks: JSONWebKeySet | null, generation: number): void;
  /** The issuer was asked for these key ids; null: for keys of tokens that name none. */
  onAnswered(issuer: string, keyIds: readonly (string | null)[]): void;
  onWarning(issuer: string, message: string): void;
}

const REFRESH_MS = 600_000;
const REFRESH_MIN_MS = 60_000;
const REFRESH_MAX_MS = 3_600_000;
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** Longer than an issuer's bad night, shorter than anyone should believe a silent one. */
const KEPT_WITHOUT_NEWS_MS = 86_400_000;

interface Followed {
  readonly source: IssuerSource;
  jwks: JSONWebKeySet | null;
  text: string;
  generation: number;
  fetchedAt: number;
  readonly requests: KeyRequests;
  /** Runs while the budget for unknown key ids is used up. */
  requestTimer: { readonly cancel: () => void } | null;
  failures: number;
  timer: { readonly cancel: () => void } | null;
  fetching: Promise<void> | null;
}

/**
 * Follows the signing keys of every trusted issuer. A failing issuer keeps its last keys for a
 * day; a key that leaves the set is forgotten with the first fetch that no longer shows it.
 */
export class IssuerKeys {
  readonly #world: IssuerKeysWorld;
  readonly #events: IssuerKeysEvents;
  readonly #followed = new Map<string, Followed>();
  #isClosed = false;

  constructor(sources: readonly IssuerSource[], world: IssuerKeysWorld, events: IssuerKeysEvents) {
    this.#world = world;
    this.#events = events;
    for (const source of sources) {
      checkSource(source);
      this.#followed.set(source.issuer, {
        source,
        jwks: null,
        text: '',
        generation: 0,
        fetchedAt: Number.NEGATIVE_INFINITY,
        requests: new KeyRequests(world.now),
        requestTimer: null,
        failures: 0,
        timer: null,
        fetching: null,
      });
    }
  }

  /** Fetches every issuer once; those that fail are tried again in the background. */
  async start(): Promise<void> {
    await Promise.all([...this.#followed.values()].map((followed) => this.#fetch(followed)));
  }

  /** Reads `file:` key sets again, and asks every issuer anew. */
  async reload(): Promise<void> {
    await this.start();
  }

  /**
   * For a token that no key fits: fetches soon, within the bounds of `KeyRequests`. What is asked
   * is answered, by `onAnswered`, also where nothing was fetched.
   */
  refetch(issuer: string, keyId: string | null): void {
    const followed = this.#followed.get(issuer);
    if (this.#isClosed) return;
    // The gate's own issuer, or one that has just left the configuration: there is nobody to ask.
    if (followed === undefined) return this.#events.onAnswered(issuer, [keyId]);
    const isKnown = keyId !== null && keyIdsOf(followed).has(keyId);
    if (!followed.requests.want(keyId, isKnown)) {
      return this.#events.onAnswered(issuer, [keyId]);
    }
    this.#serveRequests(followed);
  }

  #serveRequests(followed: Followed): void {
    const { requests } = followed;
    if (this.#isClosed || !requests.areWaiting) return;
    // A fetch under way may have begun before the key was published: it is followed by another.
    if (followed.fetching !== null || followed.requestTimer !== null) return;
    const pauseMs = requests.takeFetch();
    if (pauseMs > 0) {
      followed.requestTimer = this.#world.setTimer(() => {
        followed.requestTimer = null;
        this.#serveRequests(followed);
      }, pauseMs);
      return;
    }
    const asked = requests.take();
    void this.#fetch(followed, asked);
  }

  keysOf(issuer: string): { jwks: JSONWebKeySet; generation: number } | null {
    const followed = this.#followed.get(issuer);
    if (followed === undefined || followed.jwks === null) return null;
    return { jwks: followed.jwks, generation: followed.generation };
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer, requestTimer } of this.#followed.values()) {
      timer?.cancel();
      requestTimer?.cancel();
    }
  }

  #fetch(followed: Followed, asked: readonly (string | null)[] = []): Promise<void> {
    followed.fetching ??= this.#fetchNow(followed).finally(() => {
      followed.fetching = null;
      if (this.#isClosed) return;
      const answered = followed.requests.settle(keyIdsOf(followed), asked);
      if (answered.length > 0) this.#events.onAnswered(followed.source.issuer, answered);
      this.#serveRequests(followed);
    });
    return followed.fetching;
  }

  async #fetchNow(followed: Followed): Promise<void> {
    const { issuer } = followed.source;
    followed.timer?.cancel();
    let pauseMs: number;
    try {
      const fetched = await this.#obtain(followed.source);
      if (this.#isClosed) return;
      for (const warning of fetched.warnings) this.#events.onWarning(issuer, warning);
      if (fetched.jwks.keys.length === 0) throw new Error('the key set has no usable key');
      followed.failures = 0;
      followed.fetchedAt = this.#world.now();
      this.#adopt(followed, fetched.jwks);
      pauseMs = refreshPause(fetched.maxAgeSeconds);
    } catch (error) {
      if (this.#isClosed) return;
      followed.failures += 1;
      this.#events.onWarning(issuer, (error as Error).message);
      this.#forgetOld(followed);
      pauseMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(followed.failures - 1, 10));
    }
    followed.timer = this.#world.setTimer(() => void this.#fetch(followed), pauseMs);
  }

  #obtain({ issuer, jwks }: IssuerSource): Promise<FetchedKeys> {
    const file = fileOf(jwks);
    if (file !== null) return this.#readFile(file);
    const { fetch, fetchTimeoutMs } = this.#world;
    return fetchIssuerKeys(issuer, jwks, fetch, fetchTimeoutMs);
  }

  async #readFile(path: string): Promise<FetchedKeys> {
    try {
      const value: unknown = parseJsonText(await this.#world.readFile(path));
      return { ...readKeySet(value), maxAgeSeconds: null };
    } catch (cause) {
      throw new Error(`reading the key set ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  /** The same keys keep their generation, so that verified tokens stay verified. */
  #adopt(followed: Followed, jwks: JSONWebKeySet): void {
    const text = JSON.stringify(jwks);
    if (text === followed.text) return;
    followed.text = text;
    followed.jwks = jwks;
    this.#announce(followed);
  }

  #forgetOld(followed: Followed): void {
    const age = this.#world.now() - followed.fetchedAt;
    if (followed.jwks === null || age <= KEPT_WITHOUT_NEWS_MS) return;
    followed.jwks = null;
    followed.text = '';
    this.#announce(followed);
  }

  #announce(followed: Followed): void {
    followed.generation = generationOf(followed.text);
    this.#events.onChange(followed.source.issuer, followed.jwks, followed.generation);
  }
}

function keyIdsOf({ jwks }: Followed): ReadonlySet<string> {
  return new Set(jwks?.keys.flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : [])));
}

/**
 * Taken from the keys themselves rather than counted: after a restart, a count would give other
 * keys an old number, and a gate that remembers tokens by that number would go on believing them.
 */
function generationOf(keySetText: string): number {
  return keySetText === ''
    ? 0
    : Number.parseInt(hash('sha256', keySetText, 'hex').slice(0, 12), 16);
}

function refreshPause(maxAgeSeconds: number | null): number {
  if (maxAgeSeconds === null) return REFRESH_MS;
  return Math.min(REFRESH_MAX_MS, Math.max(REFRESH_MIN_MS, maxAgeSeconds * 1000));
}

/** Null: the key set is fetched. */
function fileOf(jwks: string | undefined): string | null {
  return jwks === undefined ? null : fileIn(jwks);
}

/** A configuration that can never work fails at the start, not at the first token. */
export function checkSource({ issuer, jwks }: IssuerSource): void {
  if (fileOf(jwks) !== null) return;
  try {
    checkedUrl(jwks ?? issuer);
  } catch (cause) {
    const isPath = jwks !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(jwks);
    const hint = isPath ? `; a file is written file:${jwks}` : '';
    const { message } = cause as Error;
    throw new Error(`trusting the issuer ${issuer}: ${message}${hint}`, { cause });
  }
}
