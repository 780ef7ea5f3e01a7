import { LOCAL_OPERATOR } from '../../access/operators/index.ts';
import type { Repeated } from '../../state/backup/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import { openState, type State, type StateSettings } from './open-stores.ts';

/**
 * What was erased and revoked since the backup is so again: opening the state repeats it, and shows
 * that this master key opens what was restored.
 */
export async function repeatSinceBackup(settings: StateSettings): Promise<Repeated> {
  const state = await openState(settings);
  try {
    await state.singleUse.voidAll();
    await state.signingKeys.revokeAll();
    await state.accounts.voidLinks();
    await state.operators.voidSignedIn();
    await state.recoveryCodes.voidAll();
    const outdatedKeys = await state.keys.revokeOutdated();
    const lostBlocks = await state.blocks.lostSinceBackup();
    // Its secret lies in the directory that was lost.
    await state.operators.revokeNamed(LOCAL_OPERATOR);
    await leapVersions(state);
    await state.changes.startAnew();
    return { ...state.replayed, outdatedKeys, lostBlocks };
  } finally {
    await state.close();
  }
}

/** More changes than a row sees between a backup and its restore. */
const VERSION_LEAP = 100_000;

/**
 * What happened to a row after the backup had these versions, too, and other backups may hold it so. Of two lives of a
 * row, tombstones of the later one speak of versions that the former never had.
 */
async function leapVersions({ database }: State): Promise<void> {
  await database.write(async (session) => {
    for (const table of VERSIONED) {
      await session
        .updateTable(table)
        .set(({ eb }) => ({ version: eb('version', '+', VERSION_LEAP) }))
        .execute();
    }
  }, CHANGE_LOCK);
}

const VERSIONED = [
  ...(['api_key', 'block', 'operator', 'oauth_client', 'account', 'directory_group'] as const),
];
