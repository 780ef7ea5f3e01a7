import type { World } from '../platform/world/index.ts';
import type { DenialStore } from '../state/denials/index.ts';
import type { EndedSignIn } from './account/browser-sessions.ts';
import { NotEverywhereYet } from './not-everywhere-yet.ts';
import type { IssuerStores } from './open-stores.ts';

export interface TakingBackPorts {
  readonly world: Pick<World, 'now' | 'after'>;
  /** Asks control for a word as soon as every gate decides by what is stored now. */
  readonly ask: (request: number) => void;
}

/** Of which authorization server, and how long its tokens may still be shown. */
export interface TakingBackTerms {
  readonly origin: string;
  readonly tokens: { readonly lifeSeconds: number };
}

/** As it is kept. */
export const GATE_SESSION = 'GateSession';

interface EndedSession {
  readonly id: string;
  readonly name: string;
}

/** What was signed lives for so long beyond its end where clocks differ. */
export const CLOCK_SKEW_MS = 300_000;
/** When the last token that was given until now can be shown no more. */
export function shownUntil({ lifeSeconds }: TakingBackTerms['tokens'], nowMs: number): number {
  return nowMs + lifeSeconds * 1000 + CLOCK_SKEW_MS;
}

/** Control waits eight seconds for the gates. */
const REACH_MAX_MS = 15_000;

/**
 * Ends what was given: nothing new comes of it, and whoever asked for it is answered when no gate lets it pass.
 */
export class TakingBack {
  readonly #ports: TakingBackPorts;
  /** Grants that end at this moment. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Those who wait until every gate decides by what was taken back. */
  readonly #reaching = new Map<number, (missing: readonly string[]) => void>();
  #lastRequest = 0;

  constructor(ports: TakingBackPorts) {
    this.#ports = ports;
  }

  /** Control's word on an earlier request, with the names of those who may still decide by the old. */
  reached(request: number, missing: readonly string[]): void {
    this.#reaching.get(request)?.(missing);
  }

  /**
   * Ends a grant, or only the tokens given under it so far. Of a hundred at once, one is stored and all wait for it.
   */
  async endGrant(
    grant: string,
    isWhole: boolean,
    stores: IssuerStores,
    terms: TakingBackTerms,
  ): Promise<void> {
    const key = JSON.stringify([isWhole, grant]);
    const running = this.#ending.get(key) ?? this.#endNow(grant, isWhole, stores, terms);
    this.#ending.set(key, running);
    return running.finally(() => this.#ending.delete(key));
  }

  async endToken(
    { jti, exp }: { readonly jti: string; readonly exp: number },
    denials: DenialStore,
    { origin }: TakingBackTerms,
  ): Promise<void> {
    const until = exp * 1000 + CLOCK_SKEW_MS;
    await denials.deny([{ kind: 'token', issuer: origin, value: jti, until }]);
    await this.whenEnforced('a token');
  }

  /** Sessions of browsers at gates: each by its name, whatever a gate was told of it before. */
  async endGateSessions(
    sessions: readonly EndedSession[],
    { artefacts, denials }: Pick<IssuerStores, 'artefacts' | 'denials'>,
    { origin, tokens }: TakingBackTerms,
  ): Promise<void> {
    const until = shownUntil(tokens, this.#ports.world.now());
    const whose = { kind: 'token', issuer: origin, until } as const;
    if (sessions.length > 0) {
      await denials.deny(sessions.map(({ name }) => ({ ...whose, value: name })));
    }
    for (const { id } of sessions) await artefacts.remove(GATE_SESSION, id);
    await this.whenEnforced('a session');
  }

  /** Those that came of one sign-in at our pages. */
  async endGateSessionsOf(
    { uid, account }: EndedSignIn,
    stores: Pick<IssuerStores, 'artefacts' | 'denials'>,
    terms: TakingBackTerms,
  ): Promise<void> {
    const kept = await stores.artefacts.listOfAccount(GATE_SESSION, account);
    const ended = kept.filter(({ signedIn }) => signedIn === uid);
    if (ended.length === 0) return;
    await this.endGateSessions(ended as unknown as EndedSession[], stores, terms);
  }

  /** A client that ended itself, or served nobody: what it was given, and what people allowed it, ends. */
  async endClient(
    id: string,
    { artefacts, clients, denials, grants, registrations }: IssuerStores,
    terms: TakingBackTerms,
  ): Promise<void> {
    await denials.deny([this.#denialOfClient(id, terms)]);
    await clients.remove(id);
    await registrations.end(id);
    for (;;) {
      const ended = await grants.takeOfClient(id);
      if (ended.length === 0) break;
      for (const grant of ended) {
        await artefacts.removeGrant(grant);
        await artefacts.remove('Grant', grant);
      }
    }
    await this.whenEnforced('a client');
  }

  /** What a client was given until now. */
  async endTokensOf(id: string, { denials }: IssuerStores, terms: TakingBackTerms): Promise<void> {
    const givenBefore = Math.floor(this.#ports.world.now() / 1000) + 1;
    await denials.deny([{ ...this.#denialOfClient(id, terms), givenBefore }]);
    await this.whenEnforced('tokens of a client');
  }

  #denialOfClient(value: string, { origin, tokens }: TakingBackTerms) {
    const until = shownUntil(tokens, this.#ports.world.now());
    return { kind: 'client', issuer: origin, value, until } as const;
  }

  /** Throws NotEverywhereYet while somebody may decide without what is stored now: nobody is told that it is done. */
  async whenEnforced(what: string): Promise<void> {
    const missing = await this.#untilEnforced();
    if (missing.length > 0) throw new NotEverywhereYet(what, missing);
  }

  /** What came from it is gone, and gates refuse what is still under way. */
  async #endNow(
    grant: string,
    isWhole: boolean,
    { denials, artefacts, grants }: IssuerStores,
    { origin, tokens }: TakingBackTerms,
  ): Promise<void> {
    const now = this.#ports.world.now();
    const wish = {
      ...({ kind: 'grant', issuer: origin, value: grant } as const),
      until: shownUntil(tokens, now),
    };
    const givenBefore = Math.floor(now / 1000) + 1;
    await denials.deny([isWhole ? wish : { ...wish, givenBefore }]);
    await artefacts.removeGrant(grant);
    if (isWhole) {
      await artefacts.remove('Grant', grant);
      await grants.remove(grant);
    }
    await this.whenEnforced('a grant');
  }

  /** Names of those who may still decide without what was just stored. */
  #untilEnforced(): Promise<readonly string[]> {
    const { world, ask } = this.#ports;
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve) => {
      const settle = (missing: readonly string[]) => {
        timer.cancel();
        this.#reaching.delete(request);
        resolve(missing);
      };
      const timer = world.after(REACH_MAX_MS, () => settle(['control']));
      this.#reaching.set(request, settle);
      ask(request);
    });
  }
}
