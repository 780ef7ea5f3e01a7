import type { Key, NewKey } from '../../../messages/admin-contract.generated.ts';
import { type AdminClient, AdminRefusal } from '../../admin-client.ts';
import type { CommandWorld } from '../../definition/world.ts';

export const KEY_ARGUMENT = {
  key: { value: 'ID|NAME', says: 'an id, or a name that only one key has' },
} as const;

export function tellNew(made: NewKey, isJson: boolean, world: CommandWorld): number {
  const { key, record, warnings = [] } = made;
  warn(warnings, world);
  if (isJson) {
    const told = warnings.length === 0 ? {} : { warnings };
    world.stdout.write(`${JSON.stringify({ key, ...record, ...told })}\n`);
  } else {
    // The key alone on standard output, so that it can be piped into a secret store.
    world.stdout.write(`${key}\n`);
    world.stderr.write(`${record.id} (${record.name}). The key is shown this once.\n`);
  }
  return 0;
}

export function warn(warnings: readonly string[], world: CommandWorld): void {
  for (const warning of warnings) world.stderr.write(`warning: ${warning}\n`);
}

export function lineOf({
  id,
  name,
  state,
  scopes,
  roles,
  expires,
  lastUsed,
  rotation,
}: Key): string {
  const grants = [...scopes, ...roles.map((role) => `role:${role}`)].join(',') || '-';
  const due = rotation === 'due' || rotation === 'overdue' ? `  rotation ${rotation}` : '';
  const end = expires === null ? 'no expiry' : `expires ${expires}`;
  return `${id}  ${state}  ${name}  ${grants}  ${end}  ${lastUsed === null ? 'never used' : `used ${lastUsed}`}${due}`;
}

/** Of an id, or of a name that only one key has. An id wins: no key hides behind another's. */
export async function idOf(given: string, client: AdminClient): Promise<string> {
  const known = await client.call('showKey', { path: { id: given } }).catch((error: unknown) => {
    if (error instanceof AdminRefusal && [400, 404].includes(error.status)) return null;
    throw error;
  });
  if (known !== null) return given;
  const named: Key[] = [];
  for await (const key of client.list('listKeys')) if (key.name === given) named.push(key);
  const alive = named.filter(({ state }) => state === 'active');
  const [only, ...others] = alive.length > 0 ? alive : named;
  if (only === undefined) throw new Error(`there is no key with the id or name ${given}`);
  if (others.length === 0) return only.id;
  const ids = [only, ...others].map(({ id }) => id).join(', ');
  throw new Error(`several keys are called ${given}: say which by its id (${ids})`);
}
