import { isIP } from 'node:net';
import { parseJsonText } from '@poorter/openapi/json';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type {
  ErasureMark,
  FoundValues,
  PersonalValues,
  SoughtPerson,
} from '../../state/personal-values/index.ts';
import type { Subject } from '../../state/subject-keys/index.ts';
import { type KeyRow, type KeyTables, ownerIndex } from './key-row.ts';

/** What stands where something was erased. */
const ERASED = 'erased';
const ROWS_AT_ONCE = 500;

interface Found extends FoundValues {
  readonly marks: ErasureMark[];
  readonly ends: string[];
  readonly subjects: Subject[];
  readonly texts: string[];
}

/** What API keys tell of persons: who holds one, from where, and why it was revoked. */
export class PersonalValuesOfKeys implements PersonalValues {
  readonly domain = 'key';
  readonly tables = ['api_key'];
  readonly kinds = ['key-holder', 'key-name', 'key-networks', 'key-reason'] as const;
  readonly #database: Database<KeyTables>;
  readonly #ring: KeyRing;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(database: Database<KeyTables>, ring: KeyRing, world: Pick<StateWorld, 'now'>) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  async find(person: SoughtPerson): Promise<FoundValues> {
    const found: Found = { marks: [], ends: [], subjects: [], texts: [] };
    for await (const row of this.#rows()) this.#look(row, person, found);
    // Of those that were revoked before, that they are stays as it was.
    const revoked = found.ends.map((id) => ({ kind: 'key' as const, id }));
    return { ...found, marks: [...revoked, ...found.marks] };
  }

  async erase(marks: readonly ErasureMark[]): Promise<number> {
    let changed = 0;
    for (let at = 0; at < marks.length; at += ROWS_AT_ONCE) {
      const portion = marks.slice(at, at + ROWS_AT_ONCE);
      changed += await this.#database.write(async (session) => {
        let count = 0;
        for (const mark of portion) if (await this.#eraseOne(session, mark)) count += 1;
        return count;
      }, CHANGE_LOCK);
    }
    return changed;
  }

  #look(row: KeyRow, person: SoughtPerson, found: Found): void {
    const { kind, value } = person.subject;
    const { id, client } = row;
    const name = this.#open(id, 'name', row.name_sealed);
    const isHolder =
      (kind === 'subject' && row.owner_index === ownerIndex(this.#ring, value)) ||
      (kind === 'client' && (client === value || id === value));
    if (isHolder) {
      const owner = row.owner_sealed && this.#open(id, 'owner', row.owner_sealed);
      endWith(row, found);
      found.marks.push({ kind: 'key-holder', id });
      for (const text of [id, name, owner]) if (text) found.texts.push(text);
      return;
    }
    if (kind === 'subject' && name === value) {
      found.marks.push({ kind: 'key-name', id });
      found.texts.push(id);
    }
    const networks = this.#open(id, 'networks', row.networks_sealed);
    if (kind === 'address' && isOneOf(value, parseJsonText(networks) as string[])) {
      // Without the address it could be used from everywhere.
      endWith(row, found);
      found.marks.push({ kind: 'key-networks', id });
      found.texts.push(id);
    }
    const reason = row.revoked_reason_sealed;
    if (reason !== null && person.isNamedIn(this.#open(id, 'revoked_reason', reason))) {
      found.marks.push({ kind: 'key-reason', id });
    }
  }

  async #eraseOne(session: Transaction<KeyTables>, { kind, id }: ErasureMark): Promise<boolean> {
    const row = await session
      .selectFrom('api_key')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return false;
    const at = this.#world.now();
    const isReadable = (column: string, sealed: string | null, gone: string) =>
      sealed !== null && this.#open(id, column, sealed) !== gone;
    const hasReason = isReadable('revoked_reason', row.revoked_reason_sealed, ERASED);
    const revoked = {
      revoked_at: row.revoked_at ?? at,
      revoked_reason_sealed: this.#seal(id, 'revoked_reason', ERASED),
    };
    const hasName = isReadable('name', row.name_sealed, ERASED);
    const change: Partial<KeyRow> = {};
    if (kind === 'key-reason') {
      if (!hasReason) return false;
      change.revoked_reason_sealed = revoked.revoked_reason_sealed;
    } else if (kind === 'key-name') {
      if (!hasName) return false;
      change.name_sealed = this.#seal(id, 'name', ERASED);
    } else {
      const hasNetworks = isReadable('networks', row.networks_sealed, '[]');
      const isNamed = kind === 'key-holder' && (row.owner_sealed !== null || hasName);
      if (!hasNetworks && !isNamed && row.revoked_at !== null && !hasReason) return false;
      Object.assign(change, revoked, { networks_sealed: this.#seal(id, 'networks', '[]') });
      if (kind === 'key-holder') {
        change.name_sealed = this.#seal(id, 'name', ERASED);
        change.owner_sealed = null;
        change.owner_index = null;
      }
    }
    await session
      .updateTable('api_key')
      .set({ ...change, version: row.version + 1 })
      .where('id', '=', id)
      .execute();
    await recordChange(session, 'key', id, at);
    return true;
  }

  async *#rows(): AsyncGenerator<KeyRow> {
    let after = '';
    for (;;) {
      const rows = await this.#database.kysely
        .selectFrom('api_key')
        .selectAll()
        .where('id', '>', after)
        .orderBy('id')
        .limit(ROWS_AT_ONCE)
        .execute();
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  #open(row: string, column: string, sealed: string): string {
    return this.#ring.open({ table: 'api_key', column, row }, sealed);
  }

  #seal(row: string, column: string, text: string): string {
    return this.#ring.seal({ table: 'api_key', column, row }, text);
  }
}

/** Log records of the key are sealed under it and its client. */
function endWith({ id, client, revoked_at }: KeyRow, found: Found): void {
  if (revoked_at === null) found.ends.push(id);
  found.subjects.push({ kind: 'credential', value: id }, { kind: 'client', value: client });
}

/** As one host, however long it is written. */
function isOneOf(address: string, networks: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const host = family === 4 ? '/32' : '/128';
  return networks.some((network) => {
    const [written = '', length] = network.split('/');
    const isHost = length === undefined || `/${length}` === host;
    return isHost && isIP(written) === family && canonical(written) === canonical(address);
  });
}

function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
