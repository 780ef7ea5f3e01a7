import type { Pool } from 'undici';
import type { UpstreamSnapshot } from '../../messages/between-processes.ts';
import { LeanPool } from './lean/lean-pool.ts';
import { canParse } from './lean/response-parser.ts';

/** Of a service's answer. */
const HEAD_BYTES_MAX = 65_536;

/** undici is a third of what a thread would load, and where services are asked over clear text nobody needs it. */
const loadUndici = () => import('./undici-pool.ts');

/** Connections of undici, from the first call on that needs them. */
export class LazyPool {
  readonly #url: URL;
  readonly #snapshot: UpstreamSnapshot;
  #opening: Promise<Pool> | null = null;

  constructor(url: URL, snapshot: UpstreamSnapshot) {
    this.#url = url;
    this.#snapshot = snapshot;
  }

  get(): Promise<Pool> {
    this.#opening ??= loadUndici().then(({ openPool }) =>
      openPool(this.#url, this.#snapshot, HEAD_BYTES_MAX),
    );
    return this.#opening;
  }

  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }
}

/** One address of a service, with its connections and its health. */
export interface Target {
  readonly origin: string;
  /** Path of the target URL, without a trailing slash: prefixed to every call. */
  readonly basePath: string;
  readonly host: string;
  /** For calls over TLS and those that become tunnels. */
  readonly pool: LazyPool;
  /** For calls over clear text that do not become tunnels; null where the runtime lacks what it needs. */
  readonly lean: LeanPool | null;
  failures: number;
  restsUntilMs: number;
}

/** A service behind the gate: its targets, and which of them is asked next. */
export class Upstream {
  readonly snapshot: UpstreamSnapshot;
  readonly #targets: readonly Target[];
  #next = 0;

  constructor(snapshot: UpstreamSnapshot) {
    this.snapshot = snapshot;
    this.#targets = snapshot.targets.map((url) => openTarget(url, snapshot));
  }

  get size(): number {
    return this.#targets.length;
  }

  /**
   * The next target in turn that is not resting; when all rest, the one whose rest ends first:
   * trying is better than refusing for certain.
   */
  pick(nowMs: number, tried: readonly Target[]): Target | null {
    let fallback: Target | null = null;
    for (let offset = 0; offset < this.#targets.length; offset++) {
      const index = (this.#next + offset) % this.#targets.length;
      const target = this.#targets[index] as Target;
      if (tried.includes(target)) continue;
      if (target.restsUntilMs <= nowMs) {
        this.#next = (index + 1) % this.#targets.length;
        return target;
      }
      if (fallback === null || target.restsUntilMs < fallback.restsUntilMs) fallback = target;
    }
    return fallback;
  }

  succeeded(target: Target): void {
    target.failures = 0;
    target.restsUntilMs = 0;
  }

  /** Passive health: enough failures in a row, and the target rests. */
  failed(target: Target, nowMs: number): void {
    target.failures++;
    if (target.failures >= this.snapshot.failuresBeforeRest) {
      target.restsUntilMs = nowMs + this.snapshot.restMs;
    }
  }

  async close(): Promise<void> {
    const pools = this.#targets.flatMap(({ pool, lean }) =>
      lean === null ? [pool] : [pool, lean],
    );
    await Promise.all(pools.map((pool) => pool.close().catch(() => undefined)));
  }
}

function openLean({ hostname, port }: URL, snapshot: UpstreamSnapshot): LeanPool {
  return new LeanPool(
    {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 80 : Number(port),
      connectMs: snapshot.connectTimeoutMs,
      headMs: snapshot.headTimeoutMs,
      idleMs: snapshot.idleTimeoutMs,
      headBytesMax: HEAD_BYTES_MAX,
      // Of this thread, like the connections; the clock of the machine costs a large number each time.
      now: () => performance.now(),
    },
    snapshot.connectionsMax,
  );
}

const isLean = ({ protocol }: URL): boolean => protocol === 'http:' && canParse();

function openTarget(url: string, snapshot: UpstreamSnapshot): Target {
  const parsed = new URL(url);
  const { origin, pathname, host } = parsed;
  return {
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    host,
    pool: new LazyPool(parsed, snapshot),
    lean: isLean(parsed) ? openLean(parsed, snapshot) : null,
    failures: 0,
    restsUntilMs: 0,
  };
}

/** The services of the snapshot in force. Unchanged ones keep their connections over a reload. */
export class Upstreams {
  #byApi = new Map<string, { key: string; upstream: Upstream }>();

  /** What the first call would otherwise wait for. */
  async prepare(snapshots: Readonly<Record<string, UpstreamSnapshot>>): Promise<void> {
    const urls = Object.values(snapshots).flatMap(({ targets }) => targets);
    if (!urls.every((url) => isLean(new URL(url)))) await loadUndici();
  }

  apply(snapshots: Readonly<Record<string, UpstreamSnapshot>>): void {
    const next = new Map<string, { key: string; upstream: Upstream }>();
    for (const [api, snapshot] of Object.entries(snapshots)) {
      const key = JSON.stringify(snapshot);
      const known = this.#byApi.get(api);
      next.set(api, known?.key === key ? known : { key, upstream: new Upstream(snapshot) });
    }
    const gone = [...this.#byApi].filter(([api, known]) => next.get(api) !== known);
    this.#byApi = next;
    // close() lets calls under way finish.
    for (const [, { upstream }] of gone) void upstream.close();
  }

  of(api: string): Upstream {
    const known = this.#byApi.get(api);
    if (known === undefined) throw new Error(`no upstream for API ${api}`);
    return known.upstream;
  }
}
