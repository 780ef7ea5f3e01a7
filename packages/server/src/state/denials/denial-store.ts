import type { DenialKind, LiveDenial } from '@poorter/engine';
import { type Database, portionsOf } from '../../platform/database/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChanges } from '../changes/index.ts';
import type { StateWorld } from '../world.ts';

export interface DenialTables extends ChangeTables {
  denial: {
    id: string;
    kind: string;
    issuer: string;
    value: string;
    given_before: number | null;
    until: number;
  };
}

export interface DenialWish {
  readonly kind: DenialKind;
  readonly issuer: string;
  /** Random, and tells of nobody: id of a grant, `jti` of a token, id of a client. */
  readonly value: string;
  /** Only what was given before this second since the epoch. Default: everything. */
  readonly givenBefore?: number;
  /** From then on nothing can be shown any more that it is about. Milliseconds since the epoch. */
  readonly until: number;
}

const ID_BYTES = 12;
const PRUNED_AT_ONCE = 1_000;

/**
 * What our own authorization server took back before its end. Gates decide by it until then. A backup need not
 * know: after a restore nothing is believed that was signed before it.
 */
export class DenialStore {
  readonly #database: Database<DenialTables>;
  readonly #world: StateWorld;

  constructor(database: Database<DenialTables>, world: StateWorld) {
    this.#database = database;
    this.#world = world;
  }

  /** Gates hear of it when the live feed looks next: whoever must know that they have, waits for it. */
  async deny(wishes: readonly DenialWish[]): Promise<void> {
    const now = this.#world.now();
    const rows = wishes
      .filter(({ until }) => until > now)
      .map(({ givenBefore, ...wish }) => ({
        ...{ id: this.#newId(), given_before: givenBefore ?? null },
        ...wish,
      }));
    if (rows.length === 0) return;
    await this.#database.write(async (session) => {
      for (const portion of portionsOf(rows)) {
        await session.insertInto('denial').values(portion).execute();
      }
      const ids = rows.map(({ id }) => id);
      await recordChanges(session, 'denial', ids, now);
    }, CHANGE_LOCK);
  }

  /** Whether any of these is denied, of what was given at this second since the epoch. */
  async isDenied(
    issuer: string,
    given: readonly { readonly kind: DenialKind; readonly value: string }[],
    givenAt: number,
  ): Promise<boolean> {
    const rows = await this.#database.kysely
      .selectFrom('denial')
      .select('given_before')
      .where('issuer', '=', issuer)
      .where('until', '>', this.#world.now())
      .where(({ eb, and, or }) =>
        or(given.map(({ kind, value }) => and([eb('kind', '=', kind), eb('value', '=', value)]))),
      )
      .execute();
    return rows.some(({ given_before: before }) => before === null || !(givenAt >= before));
  }

  /** From which second since the epoch on what is given for all of these counts; 0: nothing was denied up to a moment. */
  async countsFrom(
    issuer: string,
    given: readonly { readonly kind: DenialKind; readonly value: string }[],
  ): Promise<number> {
    const { latest } = await this.#database.kysely
      .selectFrom('denial')
      .select((all) => all.fn.max('given_before').as('latest'))
      .where('issuer', '=', issuer)
      .where(({ eb, and, or }) =>
        or(given.map(({ kind, value }) => and([eb('kind', '=', kind), eb('value', '=', value)]))),
      )
      .executeTakeFirstOrThrow();
    return Number(latest ?? 0);
  }

  /** In the order of their ids. */
  async page(after: string, limit: number): Promise<LiveDenial[]> {
    const rows = await this.#database.kysely
      .selectFrom('denial')
      .selectAll()
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(liveOf);
  }

  /** Those of these ids that are there. */
  async some(ids: readonly string[]): Promise<LiveDenial[]> {
    const found: LiveDenial[] = [];
    for (const portion of portionsOf(ids)) {
      const rows = await this.#database.kysely
        .selectFrom('denial')
        .selectAll()
        .where('id', 'in', portion)
        .execute();
      found.push(...rows.map(liveOf));
    }
    return found;
  }

  /** Forgets what can no longer be shown, a bounded number at once. Returns how many. */
  async expire(): Promise<number> {
    const now = this.#world.now();
    return this.#database.write(async (session) => {
      const over = await session
        .selectFrom('denial')
        .select('id')
        .where('until', '<=', now)
        .orderBy('until')
        .limit(PRUNED_AT_ONCE)
        .execute();
      if (over.length === 0) return 0;
      const ids = over.map(({ id }) => id);
      for (const portion of portionsOf(ids)) {
        await session.deleteFrom('denial').where('id', 'in', portion).execute();
      }
      await recordChanges(session, 'denial', ids, now);
      return ids.length;
    }, CHANGE_LOCK);
  }

  #newId(): string {
    return `denial_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
  }
}

function liveOf(row: DenialTables['denial']): LiveDenial {
  const { id, kind, issuer, value, given_before: givenBefore } = row;
  return {
    ...{ id, kind: kind as DenialKind, issuer, value },
    ...(givenBefore !== null && { givenBefore }),
  };
}
