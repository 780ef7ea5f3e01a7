import type { Key } from '../../../messages/admin-contract.generated.ts';
import { type AdminClient, AdminRefusal } from '../../admin-client.ts';

/**
 * Of an id, or of a name: a key and those that it was rotated to are one, and the newest is meant. An id wins: no
 * key hides behind another's.
 */
export async function idOf(given: string, client: AdminClient): Promise<string> {
  if (await isId(given, client)) return given;
  const [newest] = await lineOfRotations(given, client);
  return newest.id;
}

/** The same for what ends a key: all of a name that are still good, the newest first. */
export async function idsToEnd(given: string, client: AdminClient): Promise<readonly string[]> {
  if (await isId(given, client)) return [given];
  const [newest, ...before] = await lineOfRotations(given, client);
  return [newest, ...before.filter(isGood)].map(({ id }) => id);
}

async function isId(given: string, client: AdminClient): Promise<boolean> {
  try {
    await client.call('showKey', { path: { id: given } });
    return true;
  } catch (error) {
    if (error instanceof AdminRefusal && [400, 404].includes(error.status)) return false;
    throw error;
  }
}

/** Keys of a name that are still good, or else all of them: one after the other, the newest first. */
async function lineOfRotations(name: string, client: AdminClient): Promise<[Key, ...Key[]]> {
  const named: Key[] = [];
  for await (const key of client.list('listKeys')) if (key.name === name) named.unshift(key);
  const good = named.filter(isGood);
  const [newest, ...before] = good.length > 0 ? good : named;
  if (newest === undefined) throw new Error(`there is no key with the id or name ${name}`);
  // All of a line call as one client.
  if (before.every((one) => one.client === newest.client)) return [newest, ...before];
  const ids = [newest, ...before].map(({ id, created }) => `${id} of ${created}`).join(', ');
  throw new Error(`several keys are called ${name}: say which by its id (${ids})`);
}

function isGood({ state }: Key): boolean {
  return state === 'active';
}
