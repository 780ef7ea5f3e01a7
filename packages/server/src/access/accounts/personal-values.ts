import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type {
  ErasureMark,
  FoundValues,
  PersonalValues,
  SoughtPerson,
} from '../../state/personal-values/index.ts';
import type { Subject } from '../../state/subject-keys/index.ts';
import {
  type AccountTables,
  accountOfRow,
  emptyAccount,
  loginIndex,
  TABLES_OF_ACCOUNTS,
} from './account-row.ts';

const ROWS_AT_ONCE = 500;

/** What accounts tell of persons: everything. With the person goes the account. */
export class PersonalValuesOfAccounts implements PersonalValues {
  readonly domain = 'account';
  readonly tables = ['account', ...TABLES_OF_ACCOUNTS];
  readonly kinds = ['account-person'] as const;
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(database: Database<AccountTables>, ring: KeyRing, world: Pick<StateWorld, 'now'>) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  async find({ subject }: SoughtPerson): Promise<FoundValues> {
    const none: FoundValues = { marks: [], ends: [], subjects: [], texts: [] };
    if (subject.kind !== 'subject') return none;
    const row = await this.#database.kysely
      .selectFrom('account')
      .selectAll()
      .where(({ eb, or }) =>
        or([
          eb('id', '=', subject.value),
          eb('login_index', '=', loginIndex(this.#ring, subject.value)),
        ]),
      )
      .executeTakeFirst();
    if (row === undefined || row.login_index === null) return none;
    const { id, login, name, email } = accountOfRow(this.#ring, row);
    const subjects: Subject[] = [id, login].map((value) => ({ kind: 'subject', value }));
    return {
      marks: [{ kind: 'account-person', id }],
      ends: row.disabled_at === null ? [id] : [],
      subjects,
      texts: [id, login, name, ...(email === null ? [] : [email])],
    };
  }

  async erase(marks: readonly ErasureMark[]): Promise<number> {
    let changed = 0;
    for (let at = 0; at < marks.length; at += ROWS_AT_ONCE) {
      const portion = marks.slice(at, at + ROWS_AT_ONCE);
      changed += await this.#database.write(async (session) => {
        let count = 0;
        for (const { id } of portion) if (await this.#eraseOne(session, id)) count += 1;
        return count;
      }, CHANGE_LOCK);
    }
    return changed;
  }

  async #eraseOne(session: Transaction<AccountTables>, id: string): Promise<boolean> {
    const row = await session
      .selectFrom('account')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined || row.login_index === null) return false;
    await emptyAccount(session, this.#ring, row, this.#world.now());
    return true;
  }
}
