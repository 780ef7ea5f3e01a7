import type { Key, NewKey } from '../../../messages/admin-contract.generated.ts';
import type { CommandWorld } from '../../definition/world.ts';

export const KEY_ARGUMENT = {
  key: {
    value: 'ID|NAME',
    says: 'an id, or a name: of a rotated key the newest, and none that other keys have, too',
  },
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
