import type { Client, NewClient } from '../../../messages/admin-contract.generated.ts';
import { APPLICATION_PATH } from '../../../messages/gate-sessions.ts';
import type { CommandWorld } from '../../definition/world.ts';

export function tellIssued(
  { client, secret, warnings = [] }: NewClient,
  json: boolean,
  { stdout, stderr }: Pick<CommandWorld, 'stdout' | 'stderr'>,
): void {
  for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
  if (json) {
    stdout.write(`${JSON.stringify({ ...client, secret })}\n`);
    return;
  }
  stdout.write(`${client.id}\n`);
  if (client.flows.includes('session')) {
    stderr.write(
      `${client.name}: people sign in at ${APPLICATION_PATH}/${client.id}/sign-in of the gate.\n`,
    );
  }
  if (secret === null) return;
  stdout.write(`${secret}\n`);
  stderr.write(`${client.name}: the secret is shown this once.\n`);
}

export function clientLine({ id, state, name, profile, scopes, accepts }: Client): string {
  const may = scopes.length === 0 ? 'no scopes' : scopes.join(',');
  const weaker = accepts.length === 0 ? '' : `  weaker: ${accepts.join(',')}`;
  return `${id}  ${state}  ${profile}  ${name}  ${may}${weaker}`;
}
