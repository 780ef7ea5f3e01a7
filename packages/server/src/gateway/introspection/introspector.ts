import type { Introspection } from '@poorter/engine';
import { type NoticeCode, notice } from '../../messages/notices.ts';
import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import { certificateFault, SYSTEM_AUTHORITIES } from '../../platform/certificates/index.ts';
import type { Notify } from '../../platform/notices/index.ts';
import type { World } from '../../platform/world/index.ts';
import { AnswerCache, tokenHasher } from './answer-cache.ts';
import { askIssuer, EndpointFault } from './ask-issuer.ts';
import { EndpointRest } from './endpoint-rest.ts';
import type { IntrospectionAnswer } from './introspection-table.ts';
import { NewTokenBudget } from './new-token-budget.ts';

export interface IntrospectorPorts {
  readonly world: Pick<World, 'fetch' | 'now' | 'bootMs' | 'after' | 'random'>;
  readonly notify: Notify;
  /** What came of asking. */
  readonly count: (issuer: string, outcome: string) => void;
}

/** Issuers there may be, as they are and as they were before a reload. */
const ENDPOINTS_MAX = 64;
/** Of one issuer, for all threads. */
const GOOD = { entries: 20_000, bytes: 33_554_432 };
const REFUSED = { entries: 10_000, bytes: 2_097_152 };
/** Short: a token may be shown before its issuer has spread it. */
const REFUSED_MS = 2_000;
/** Whoever shows the same token in a loop makes no question of each call, while there is no answer. */
const UNANSWERED_MS = 1_000;
const UNDER_WAY_MAX = 64;
const WAITING_MAX = 1_000;
/** About as much as an entry takes that says nothing. */
const ENTRY_BYTES = 200;
const TOLD_EVERY_MS = 60_000;

/** Asks the issuers of tokens that only they can read, for all threads of this gateway. */
export class Introspector {
  readonly #ports: IntrospectorPorts;
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(ports: IntrospectorPorts) {
    this.#ports = ports;
  }

  /** As a thread decides, so it asks: a snapshot that was not put in force asks nobody. */
  async ask(
    endpoint: IntrospectionSnapshot,
    token: string,
    isAnew = false,
  ): Promise<IntrospectionAnswer> {
    const answer = await this.#of(endpoint).ask(token, isAnew);
    const { said } = answer;
    const outcome = said.kind === 'unavailable' ? said.reason : said.kind;
    this.#ports.count(endpoint.issuer, outcome);
    return answer;
  }

  #of(endpoint: IntrospectionSnapshot): Endpoint {
    const name = JSON.stringify(endpoint);
    const known = this.#endpoints.get(name) ?? new Endpoint(endpoint, this.#ports);
    this.#endpoints.delete(name);
    this.#endpoints.set(name, known);
    if (this.#endpoints.size > ENDPOINTS_MAX) {
      const [oldest] = this.#endpoints.keys();
      if (oldest !== undefined) this.#endpoints.delete(oldest);
    }
    return known;
  }
}

class Endpoint {
  readonly #endpoint: IntrospectionSnapshot;
  readonly #ports: IntrospectorPorts;
  readonly #digestOf: ReturnType<typeof tokenHasher>;
  /** What was good stays known when its time is over: asking again takes from no budget. */
  readonly #good = new AnswerCache<IntrospectionAnswer>(GOOD);
  readonly #refused = new AnswerCache<IntrospectionAnswer>(REFUSED);
  readonly #asking = new Map<string, Promise<IntrospectionAnswer>>();
  readonly #rest = new EndpointRest();
  readonly #budget: NewTokenBudget;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  readonly #toldAtMs = new Map<NoticeCode, number>();

  constructor(endpoint: IntrospectionSnapshot, ports: IntrospectorPorts) {
    this.#endpoint = endpoint;
    this.#ports = ports;
    this.#digestOf = tokenHasher(ports.world);
    this.#budget = new NewTokenBudget(endpoint.newTokensPerSecond, ports.world.bootMs());
  }

  /** `isAnew`: what is known to be good was taken back. */
  async ask(token: string, isAnew: boolean): Promise<IntrospectionAnswer> {
    const digest = this.#digestOf('', token);
    const now = this.#ports.world.bootMs();
    const good = isAnew ? undefined : this.#good.get(digest, now);
    const known = good ?? this.#refused.get(digest, now);
    if (known !== undefined) return known;
    const asking = this.#asking.get(digest);
    if (asking !== undefined) return asking;
    if (this.#rest.isResting(now)) return unavailable('endpoint-rests');
    if (this.#asking.size >= WAITING_MAX) return unavailable('too-many-wait');
    if (!this.#good.has(digest) && !this.#budget.take(now)) return this.#flooded();
    const answer = this.#askInTime(token, digest).finally(() => this.#asking.delete(digest));
    this.#asking.set(digest, answer);
    return answer;
  }

  /** The whole of it, a place among those under way included, takes no longer than the configuration allows. */
  async #askInTime(token: string, digest: string): Promise<IntrospectionAnswer> {
    const { world } = this.#ports;
    const controller = new AbortController();
    const timer = world.after(this.#endpoint.timeoutMs, () => controller.abort());
    try {
      if (!(await this.#place(controller.signal))) return unavailable('no-place-in-time');
      try {
        return await this.#askNow(token, digest, controller.signal);
      } finally {
        this.#underWay -= 1;
        this.#waiting.shift()?.();
      }
    } finally {
      timer.cancel();
    }
  }

  async #askNow(token: string, digest: string, signal: AbortSignal): Promise<IntrospectionAnswer> {
    const { world } = this.#ports;
    const { timeoutMs } = this.#endpoint;
    const sentAtMs = world.bootMs();
    if (!this.#rest.mayAsk(sentAtMs)) return unavailable('endpoint-rests');
    try {
      const { said, bytes } = await askIssuer(token, this.#endpoint, world, signal);
      this.#recovered();
      this.#rest.answered(world.bootMs());
      const told: Introspection = said.isActive
        ? { kind: 'active', claims: said.claims }
        : { kind: 'inactive' };
      this.#good.forget(digest);
      return this.#keep(digest, told, sentAtMs + this.#countsForMs(told), bytes);
    } catch (error) {
      const isLate = signal.aborted;
      // What it answers to one token may be of that token alone, which a stranger may have chosen.
      if (isLate || error instanceof EndpointFault) this.#rest.failed(sentAtMs, world.bootMs());
      else this.#rest.answered(world.bootMs());
      this.#failed(isLate ? `no whole answer within ${timeoutMs} ms` : whyOf(error));
      const told = { kind: 'unavailable', reason: 'not-answered' } as const;
      return this.#keep(digest, told, world.bootMs() + UNANSWERED_MS, 0);
    }
  }

  #keep(digest: string, said: Introspection, untilMs: number, bytes: number): IntrospectionAnswer {
    const answer = { said, untilMs, bytes: bytes + ENTRY_BYTES };
    const cache = said.kind === 'active' ? this.#good : this.#refused;
    cache.put(digest, answer, untilMs, answer.bytes);
    return answer;
  }

  /** Never beyond the end that it names. */
  #countsForMs(told: Introspection): number {
    const { cacheMs } = this.#endpoint;
    if (told.kind !== 'active') return Math.min(REFUSED_MS, cacheMs);
    const { exp } = told.claims as { readonly exp?: unknown };
    if (typeof exp !== 'number') return cacheMs;
    return Math.min(cacheMs, exp * 1_000 - this.#ports.world.now());
  }

  /** False: the time was up first. */
  async #place(signal: AbortSignal): Promise<boolean> {
    while (this.#underWay >= UNDER_WAY_MAX) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      if (!signal.aborted) continue;
      const place = this.#waiting.indexOf(resolve);
      // Whoever was called and comes too late calls the next.
      if (place === -1) this.#waiting.shift()?.();
      else this.#waiting.splice(place, 1);
      return false;
    }
    this.#underWay += 1;
    return true;
  }

  #recovered(): void {
    if (this.#rest.isFailing) {
      const { issuer } = this.#endpoint;
      this.#toldAtMs.delete('introspection_failing');
      const text = `${issuer} answers again what is asked about its tokens`;
      this.#ports.notify(notice('introspection_recovered', text, { issuer }));
    }
  }

  #failed(why: string): void {
    const { issuer, url } = this.#endpoint;
    const text = `asking ${url} about a token of ${issuer}: ${why}; without an answer it is refused`;
    this.#tell('introspection_failing', text);
  }

  #flooded(): IntrospectionAnswer {
    const { issuer, newTokensPerSecond: most } = this.#endpoint;
    const text = `more than ${most} tokens a second of which ${issuer} never said that they are good: those beyond are refused`;
    this.#tell('introspection_flooded', text);
    return unavailable('too-many-new-tokens');
  }

  #tell(code: NoticeCode, text: string): void {
    const now = this.#ports.world.bootMs();
    const toldAtMs = this.#toldAtMs.get(code) ?? Number.NEGATIVE_INFINITY;
    if (now - toldAtMs < TOLD_EVERY_MS) return;
    this.#toldAtMs.set(code, now);
    this.#ports.notify(notice(code, text, { issuer: this.#endpoint.issuer }));
  }
}

function unavailable(reason: string): IntrospectionAnswer {
  return { said: { kind: 'unavailable', reason }, untilMs: 0, bytes: 0 };
}

function whyOf(error: unknown): string {
  const { message, cause } = error as Error;
  const distrust = certificateFault(cause, SYSTEM_AUTHORITIES);
  if (distrust !== null) return distrust;
  const deeper = (cause as Error | undefined)?.message;
  return deeper === undefined || deeper === '' ? message : `${message}: ${deeper}`;
}
