import type { Kysely, Transaction } from 'kysely';
import type { KeyTables } from './key-row.ts';

/** When a key called an operation. */
export interface KeyUse {
  readonly id: string;
  readonly at: number;
  readonly operation: string;
}

/** All uses in leaves before this one, of this node's log. */
export interface UsesReached {
  readonly node: string;
  readonly leaf: number;
}

export async function keepUses(
  session: Transaction<KeyTables>,
  uses: readonly KeyUse[],
  reached: UsesReached | null,
): Promise<void> {
  if (reached !== null) {
    await session
      .insertInto('key_use_cursor')
      .values({ ...reached })
      .onConflict((conflict) => conflict.column('node').doUpdateSet({ leaf: reached.leaf }))
      .execute();
  }
  for (const { id, at, operation } of uses) {
    await session
      .updateTable('api_key')
      .set({ last_used_at: at, last_used_operation: operation })
      .where('id', '=', id)
      .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
      .execute();
    await session
      .insertInto('api_key_use')
      .columns(['key_id', 'operation', 'last_at'])
      .expression((from) =>
        from
          .selectFrom('api_key')
          .select(({ val }) => ['id', val(operation).as('operation'), val(at).as('last_at')])
          .where('id', '=', id),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['key_id', 'operation'])
          .doUpdateSet({ last_at: at })
          .where('api_key_use.last_at', '<', at),
      )
      .execute();
  }
}

export async function usesReached(
  session: Kysely<KeyTables>,
  node: string,
): Promise<number | null> {
  const row = await session
    .selectFrom('key_use_cursor')
    .select('leaf')
    .where('node', '=', node)
    .executeTakeFirst();
  return row?.leaf ?? null;
}

export async function operationsSince(
  session: Kysely<KeyTables>,
  id: string,
  since: number,
): Promise<string[]> {
  const rows = await session
    .selectFrom('api_key_use')
    .select('operation')
    .where('key_id', '=', id)
    .where('last_at', '>=', since)
    .orderBy('operation')
    .execute();
  return rows.map(({ operation }) => operation);
}
