import { hash } from 'node:crypto';
import {
  PUBLISHED_BEFORE_MS,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeyStore,
  type SigningPlan,
  signingPlan,
} from '../access/signing-keys/index.ts';
import { providerTerms } from '../configuration/provider-terms.ts';
import type { Configuration, IssuerConfiguration } from '../configuration/schema.ts';
import type { World } from '../platform/world/index.ts';
import type { ChangeFeed } from '../state/changes/index.ts';
import type { PublishedKeys } from './issuer-follower.ts';

export interface OwnIssuerPorts {
  readonly store: Pick<SigningKeyStore, 'list' | 'make'>;
  readonly changes: Pick<ChangeFeed, 'latest'>;
  readonly world: Pick<World, 'now'>;
  /** What is believed is something else from now on. */
  readonly onChange: (origin: string) => void;
}

const DAY_MS = 86_400_000;
/** Clocks of whoever verifies may be so far behind. */
const CLOCK_SKEW_MS = 300_000;
/** In 48 bits, which every number holds exactly. */
const GENERATION_DIGITS = 12;
const ORIGINS_MAX = 4;

/** The keys of our own authorization server: made, rotated and told of here, so that nobody has to ask for them. */
export class OwnIssuer {
  readonly #ports: OwnIssuerPorts;
  /** Its names, the latest last: what is compiled now, and what is in force meanwhile. */
  #origins: readonly string[] = [];
  #issuer: IssuerConfiguration | null = null;
  #keys: readonly SigningKey[] = [];
  #sequence = -1;
  #published: PublishedKeys | null = null;
  #looking: Promise<void> = Promise.resolve();
  #isMaking = false;

  constructor(ports: OwnIssuerPorts) {
    this.#ports = ports;
  }

  /** Null where `issuer` is somebody else. */
  keysOf(issuer: string): PublishedKeys | null {
    return this.#origins.includes(issuer) ? this.#published : null;
  }

  /** Who gives tokens, and for how long they can be shown; null: nobody does. */
  get tokens(): { readonly origin: string; readonly tokenLifeMs: number } | null {
    const issuer = this.#issuer;
    return issuer && { origin: issuer.origin, tokenLifeMs: lifeOf(issuer) };
  }

  /** By what people sign in; null: it is somebody else. */
  get signIn(): { readonly passwords: boolean; readonly providers: readonly string[] } | null {
    const issuer = this.#issuer;
    if (issuer === null) return null;
    const providers = issuer.federation.flatMap((written) => providerTerms(written).issuer ?? []);
    return { passwords: issuer.passwords, providers };
  }

  /** Where applications find it; null: it is somebody else. */
  get addresses(): { readonly origin: string; readonly certificates: string | null } | null {
    const issuer = this.#issuer;
    return issuer && { origin: issuer.origin, certificates: issuer.mtls?.origin ?? null };
  }

  /** Whoever puts this configuration in force finds its keys. Those of the one before stay where they are. */
  async prepare({ issuer }: Configuration): Promise<void> {
    if (issuer === undefined) return;
    const others = this.#origins.filter((origin) => origin !== issuer.origin);
    this.#origins = [...others, issuer.origin].slice(-ORIGINS_MAX);
    this.#issuer = issuer;
    await this.look();
  }

  /** Follows what changed in the store, and makes the key that comes next when it is time. */
  look(): Promise<void> {
    const next = this.#looking.then(() => this.#look());
    // One that failed must not hold up the ones that follow.
    this.#looking = next.catch(() => undefined);
    return next;
  }

  async #look(): Promise<void> {
    const issuer = this.#issuer;
    if (issuer === null) return;
    const { store, changes, world } = this.#ports;
    const sequence = await changes.latest();
    if (sequence !== this.#sequence) this.#keys = await store.list();
    this.#sequence = sequence;
    for (const algorithm of neededBy(issuer)) {
      const due = dueAt(this.#keys, algorithm, issuer, world.now());
      if (due === null) continue;
      await store.make(algorithm, due);
      this.#keys = await store.list();
    }
    this.#publish(issuer);
    this.#makeSlowly(issuer);
  }

  /**
   * The RSA key. Nobody waits for it: until it is there, the authorization server does not say that it has one, also
   * where an older version left none. What fails is tried again at the next look.
   */
  #makeSlowly(issuer: IssuerConfiguration): void {
    const { store, world } = this.#ports;
    const due = dueAt(this.#keys, 'RS256', issuer, world.now());
    if (due === null || this.#isMaking) return;
    this.#isMaking = true;
    const done = () => {
      this.#isMaking = false;
    };
    store.make('RS256', due).then(() => {
      done();
      return this.look();
    }, done);
  }

  #publish(issuer: IssuerConfiguration): void {
    const { published } = this.#plan(issuer);
    const names = published.map(({ id }) => id).toSorted();
    // Gates believe access tokens alone, and none of these is signed with RSA.
    const keys = published.flatMap(({ algorithm, publicJwk }) =>
      algorithm === 'RS256' ? [] : [publicJwk],
    );
    const generation = Number.parseInt(
      hash('sha256', JSON.stringify(names), 'hex').slice(0, GENERATION_DIGITS),
      16,
    );
    if (this.#published?.generation === generation) return;
    this.#published = { jwks: { keys }, generation };
    for (const origin of this.#origins) this.#ports.onChange(origin);
  }

  #plan(issuer: IssuerConfiguration): SigningPlan {
    return signingPlan(this.#keys, { tokenLifeMs: lifeOf(issuer) }, this.#ports.world.now());
  }
}

function lifeOf({ tokens }: IssuerConfiguration): number {
  return tokens.lifeSeconds * 1000 + CLOCK_SKEW_MS;
}

/** Access tokens are signed as configured; ID tokens and answers with ES256 unless a client asks otherwise. */
function neededBy({ tokens }: IssuerConfiguration): ReadonlySet<SigningAlgorithm> {
  return new Set<SigningAlgorithm>([tokens.algorithm, 'ES256']);
}

/** When the key signs that is to be made now; null: there is one for as long as can be foreseen. */
function dueAt(
  keys: readonly SigningKey[],
  algorithm: SigningAlgorithm,
  { keys: { rotateAfterDays } }: IssuerConfiguration,
  now: number,
): number | null {
  const last = lastOf(keys, algorithm);
  if (last === null) return now;
  const nextAt = last.activeAt + rotateAfterDays * DAY_MS;
  if (now < nextAt - PUBLISHED_BEFORE_MS) return null;
  // After a long sleep as well: it is published before it signs.
  return Math.max(nextAt, now + PUBLISHED_BEFORE_MS);
}

function lastOf(keys: readonly SigningKey[], algorithm: SigningAlgorithm): SigningKey | null {
  const own = keys.filter((key) => key.algorithm === algorithm && key.revokedAt === null);
  return own.reduce<SigningKey | null>(
    (last, key) => (last === null || key.activeAt > last.activeAt ? key : last),
    null,
  );
}
