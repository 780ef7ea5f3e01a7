import type { Repeated } from '../../state/backup/index.ts';
import { openState, type StateSettings } from './open-stores.ts';

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
    await state.changes.startAnew();
    return { ...state.replayed, outdatedKeys, lostBlocks };
  } finally {
    await state.close();
  }
}
