import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { AccountTables } from './account-row.ts';

/** Of one set. */
const RECOVERY_CODES = 10;
/** Crockford's: nothing that is read as something else. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 80 bits, which nobody guesses: a keyed hash is enough, as it is for other random secrets. */
const CHARACTERS = 16;
const GROUP = 4;
const ID_BYTES = 12;

/** Codes for when everything else is lost. Each lets its holder do one thing, once: make a new passkey. */
export class RecoveryCodeStore {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #world: StateWorld;

  constructor(database: Database<AccountTables>, ring: KeyRing, world: StateWorld) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  /** A new set, in the place of the one before. The codes stand nowhere else. */
  async make(accountId: string): Promise<readonly string[]> {
    const codes = Array.from({ length: RECOVERY_CODES }, () => this.#draw());
    const id = `credential_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
    const at = this.#world.now();
    await this.#database.write(async (session) => {
      for (const table of ['account_recovery_code', 'account_credential'] as const) {
        const deleting = session.deleteFrom(table).where('account_id', '=', accountId);
        await (table === 'account_credential'
          ? deleting.where('kind', '=', 'recovery')
          : deleting
        ).execute();
      }
      await session
        .insertInto('account_credential')
        .values({
          ...{ id, account_id: accountId, kind: 'recovery', uses: 0 },
          lookup_index: this.#ring.blindIndex('account credential recovery', accountId),
          data_sealed: this.#ring.seal(place(id, 'data'), '{}'),
          label_sealed: this.#ring.seal(place(id, 'label'), ''),
          ...{ created_at: at, last_used_at: null },
        })
        .execute();
      await session
        .insertInto('account_recovery_code')
        .values(
          codes.map((code) => ({
            ...{ code_index: this.#indexOf(code), account_id: accountId },
            ...{ credential_id: id, used_at: null },
          })),
        )
        .execute();
      await recordChange(session, 'account', accountId, at);
    }, CHANGE_LOCK);
    return codes.map(grouped);
  }

  /** How many can still be used. */
  async left(accountId: string): Promise<number> {
    const { count } = await this.#database.kysely
      .selectFrom('account_recovery_code')
      .select((all) => all.fn.countAll<number>().as('count'))
      .where('account_id', '=', accountId)
      .where('used_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Whose it is, for one caller: it was made, is of the last set, and was not used. However it is typed. */
  async use(typed: string): Promise<string | undefined> {
    const now = this.#world.now();
    const used = await this.#database.kysely
      .updateTable('account_recovery_code')
      .set({ used_at: now })
      .where('code_index', '=', this.#indexOf(asMeant(typed)))
      .where('used_at', 'is', null)
      .returning(['account_id', 'credential_id'])
      .executeTakeFirst();
    if (used === undefined) return undefined;
    await this.#database.kysely
      .updateTable('account_credential')
      .set((row) => ({ uses: row('uses', '+', 1), last_used_at: now }))
      .where('id', '=', used.credential_id)
      .execute();
    return used.account_id;
  }

  /** After a restore: what was used since the backup would open again, so nothing does. */
  async voidAll(): Promise<void> {
    await this.#database.kysely.deleteFrom('account_recovery_code').execute();
    await this.#database.kysely
      .deleteFrom('account_credential')
      .where('kind', '=', 'recovery')
      .execute();
  }

  #draw(): string {
    const bytes = this.#world.random(CHARACTERS);
    // 256 is a multiple of 32: none is drawn more often than another.
    return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('');
  }

  #indexOf(code: string): string {
    return this.#ring.blindIndex('account recovery code', code);
  }
}

function grouped(code: string): string {
  return (code.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/** What people type who read O for 0, and I or L for 1. */
function asMeant(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
}

function place(row: string, column: string) {
  return { table: 'account_credential', column, row };
}
