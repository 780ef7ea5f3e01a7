import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { TrialFacts } from '../messages/between-processes.ts';
import type { World } from '../platform/world/index.ts';
import type { RightsOfOperations } from './compile/packed-rights.ts';
import { mayTry, TRIAL_TOKEN_PATH, TrialIssuer } from './trial-issuer.ts';

/** Whether the gate issues tokens itself, so that a document can be tried, and what people are told of it. */
export class TrialDesk {
  readonly #seat: { readonly runsGateway: boolean; readonly source: ConfigurationSource };
  readonly #world: Pick<World, 'now'>;
  #issuer: TrialIssuer | null = null;
  #isOffered = false;

  constructor(
    seat: { readonly runsGateway: boolean; readonly source: ConfigurationSource },
    world: Pick<World, 'now'>,
  ) {
    this.#seat = seat;
    this.#world = world;
  }

  /** Hands out tokens; null where the gate issues none. */
  get offered(): TrialIssuer | null {
    return this.#isOffered ? this.#issuer : null;
  }

  /** Made once, where a trial may be; whether the description needs it is for the compiler to say. */
  async keysFor(configuration: Configuration): Promise<TrialIssuer['keys'] | null> {
    const { runsGateway, source } = this.#seat;
    if (!runsGateway || !mayTry(configuration, source.file)) this.#issuer = null;
    else this.#issuer ??= await TrialIssuer.open(this.#world);
    return this.#issuer?.keys ?? null;
  }

  /** What people are told; null where the gate issues no tokens. */
  async offer(
    isTrial: boolean,
    rights: () => RightsOfOperations,
    reachedAt: { readonly url: string },
  ): Promise<TrialFacts | null> {
    this.#isOffered = isTrial;
    const issuer = this.offered;
    if (issuer === null) return null;
    issuer.offer(rights().values());
    return {
      token: await issuer.token(),
      scopes: issuer.grants.scopes,
      url: `${reachedAt.url}${TRIAL_TOKEN_PATH}`,
    };
  }
}
