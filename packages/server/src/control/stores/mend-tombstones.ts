import type { Database } from '../../platform/database/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import {
  keepMark,
  readMark,
  type Tombstone,
  type Tombstones,
} from '../../state/tombstones/index.ts';
import type { StateTables } from './tables.ts';

/**
 * The state knows most of what has ended, so what the file lacks is written again: else a restore would bring it back.
 * Returns what is to be told where the file has lost lines.
 */
export async function mendTombstones(
  database: Database<StateTables>,
  tombstones: Tombstones,
  now: number,
): Promise<string | undefined> {
  const mark = await readMark(database.as());
  const isLost = mark !== null && !tombstones.holds(mark);
  const ended = [
    ...(await endedRows(database)),
    ...(isLost ? await changedRows(database, now) : []),
  ];
  const known = new Set(tombstones.read().map(nameOf));
  // Of those who were suspended, came back and were suspended again, the file may have the first two.
  const isKnown = (one: Tombstone) => one.kind !== 'account-suspended' && known.has(nameOf(one));
  const missing = ended.filter((tombstone) => !isKnown(tombstone));
  await database.write(async (session) => {
    tombstones.append(missing);
    await keepMark(session, tombstones.lastMac());
  }, CHANGE_LOCK);
  if (!isLost) return undefined;
  return (
    `${tombstones.path} has lost lines, or is another file: ${missing.length} were written again by what the state knows. Which ` +
    'passkeys and passwords were replaced, who left a group and which consents ended is not known any more'
  );
}

function nameOf({ kind, id, version }: Tombstone): string {
  return `${kind} ${id} ${version ?? ''}`;
}

async function endedRows({ kysely }: Database<StateTables>): Promise<Tombstone[]> {
  const found: Tombstone[] = [];
  const add = (kind: Tombstone['kind'], rows: readonly { id: string; at: number | null }[]) => {
    for (const { id, at } of rows) if (at !== null) found.push({ kind, id, at });
  };
  for (const [kind, table] of [
    ['key', 'api_key'],
    ['operator', 'operator'],
    ['signing-key', 'signing_key'],
  ] as const) {
    const rows = kysely.selectFrom(table).select(['id', 'revoked_at as at']);
    add(kind, await rows.where('revoked_at', 'is not', null).execute());
  }
  const clients = kysely.selectFrom('oauth_client').select(['id', 'disabled_at as at']);
  add('client', await clients.where('disabled_at', 'is not', null).execute());
  const accounts = kysely.selectFrom('account').select(['id', 'disabled_at as at']);
  add('account', await accounts.where('disabled_at', 'is not', null).execute());
  const invitations = kysely.selectFrom('client_invitation').select(['id', 'ended_at as at']);
  add('client-invitation', await invitations.where('ended_at', 'is not', null).execute());
  const subjects = kysely.selectFrom('subject_key').select(['id', 'erased_at as at']);
  add('subject-key', await subjects.where('erased_at', 'is not', null).execute());
  return found;
}

/** Nobody knows any more how they changed: a backup of before may have them as they must not be. */
async function changedRows({ kysely }: Database<StateTables>, at: number): Promise<Tombstone[]> {
  const found: Tombstone[] = [];
  for (const [kind, table] of [
    ['key-terms', 'api_key'],
    ['block-terms', 'block'],
    ['client-terms', 'oauth_client'],
    ['group-name', 'directory_group'],
  ] as const) {
    const rows = await kysely
      .selectFrom(table)
      .select(['id', 'version'])
      .where('version', '>', 1)
      .execute();
    for (const { id, version } of rows) found.push({ kind, id, at, version });
  }
  const suspended = await kysely
    .selectFrom('account')
    .select('id')
    .where('suspended_at', 'is not', null)
    .execute();
  for (const { id } of suspended) found.push({ kind: 'account-suspended', id, at });
  return found;
}
