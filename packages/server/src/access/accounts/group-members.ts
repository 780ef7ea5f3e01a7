import { type Database, portionsOf } from '../../platform/database/index.ts';
import type { AccountTables } from './account-row.ts';

/** A group is read and answered whole. */
export const MEMBERS_MAX = 10_000;

/** Ids of accounts. */
export async function membersOf(
  { kysely }: Database<AccountTables>,
  id: string,
): Promise<string[]> {
  const rows = await kysely
    .selectFrom('directory_member')
    .select('account_id')
    .where('group_id', '=', id)
    .orderBy('account_id')
    .limit(MEMBERS_MAX)
    .execute();
  return rows.map(({ account_id }) => account_id);
}

export async function dropMembers(
  { kysely }: Database<AccountTables>,
  id: string,
  left: readonly string[],
): Promise<void> {
  for (const portion of portionsOf(left)) {
    await kysely
      .deleteFrom('directory_member')
      .where('group_id', '=', id)
      .where('account_id', 'in', portion)
      .execute();
  }
}
