import { AdminClient, type AdminReply } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { readInput } from '../../definition/input.ts';
import { UsageError } from '../../definition/usage-error.ts';
import { isoTime } from '../../definition/value-readers.ts';
import type { CommandWorld } from '../../definition/world.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';
import { fileOption } from './file-option.ts';
import { KEY_ARGUMENT } from './key-record.ts';
import { idsToEnd } from './named-keys.ts';

export const revoke = defineVerb({
  purpose: 'ends a key; returns when every gateway thread refuses it',
  forms: ['ID|NAME [options]', 'ID|NAME --file keys.yaml [--json]'],
  about:
    'By its name, a key ends with those that it was rotated from, as far as they are still accepted; by its id, it alone.',
  arguments: KEY_ARGUMENT,
  options: {
    reason: { value: 'TEXT', says: 'why; it stands with the key and in the log' },
    ...fileOption('reason'),
    ...SERVER_OPTIONS,
  },
  async run({ key, reason, file, ...given }, world) {
    if (file !== undefined) {
      const { revokeInFile } = await import('./key-file.ts');
      return revokeInFile({ file, key, json: given.json }, world);
    }
    const client = AdminClient.find(given, world.environment);
    const wish = reason === undefined ? {} : { reason };
    let status = 0;
    const ids = await idsToEnd(key, client);
    for (const id of ids) {
      try {
        const { body } = await client.call('revokeKey', { path: { id }, body: wish });
        if (given.json) world.stdout.write(`${JSON.stringify(body)}\n`);
        else world.stdout.write(`revoked ${body.id} (${body.name}); every gateway refuses it\n`);
      } catch (error) {
        if (ids.length === 1) throw error;
        // The others are to end all the same.
        world.stderr.write(`${id}: ${(error as Error).message}\n`);
        status = 1;
      }
    }
    return status;
  },
});

/** Standard input may hold one key among other text, such as a line of a scanner's report. */
const INPUT_CHARS_MAX = 1_048_576;

export const leaked = defineVerb({
  purpose: 'replaces and revokes a key that others may have seen, and says where it was used',
  forms: ['KEY [options]', '--stdin [options]'],
  about: `Standard input may hold other text, too, such as a line of a scanner's report. The replacement stands alone on standard output.`,
  arguments: {
    key: { value: 'KEY', isOptional: true, takesKey: true, says: 'the key itself' },
  },
  options: {
    stdin: { says: 'find keys in standard input', excludes: ['key'] },
    since: { value: 'TIME', read: isoTime, says: 'when it leaked, such as 2026-11-01T00:00:00Z' },
    noReplace: { says: 'make no successor' },
    ...SERVER_OPTIONS,
  },
  async run({ key: named, stdin, since, noReplace, ...given }, world) {
    const text = stdin ? await readInput(world, INPUT_CHARS_MAX) : named;
    const keys = [...new Set((text ?? '').match(/poorter_[0-9A-Za-z]{49}/g) ?? [])];
    if (keys.length === 0) throw new UsageError('no key of the form poorter_… was given');
    const client = AdminClient.find(given, world.environment);
    let status = 0;
    for (const key of keys) {
      const wish = { key, replace: !noReplace, ...(since !== undefined && { leakedAt: since }) };
      try {
        const { body } = await client.call('reportLeakedKey', { body: wish });
        tellLeak(body, given.json, world);
        if (body.unconfirmed.length > 0) status = 1;
      } catch (error) {
        // Never the key itself: what is wrong with it is told by where it starts.
        world.stderr.write(`${key.slice(0, 12)}…: ${(error as Error).message}\n`);
        status = 1;
      }
    }
    return status;
  },
});

type Leak = AdminReply<'reportLeakedKey'>['body'];

function tellLeak(leak: Leak, isJson: boolean, world: CommandWorld): void {
  if (isJson) {
    world.stdout.write(`${JSON.stringify(leak)}\n`);
    return;
  }
  const { revoked, replacement, uses, unconfirmed } = leak;
  const say = (text: string) => world.stderr.write(`${text}\n`);
  say(
    unconfirmed.length === 0
      ? `revoked ${revoked.id} (${revoked.name}); every gateway refuses it`
      : `revoked ${revoked.id} (${revoked.name}); NOT CONFIRMED by ${unconfirmed.join(', ')}`,
  );
  if (replacement !== null) {
    world.stdout.write(`${replacement.key}\n`);
    say(`its replacement ${replacement.record.id} is on standard output, this once`);
  }
  if (uses === null) say('the log could not be read: where it was used is not known');
  else say(uses.length === 0 ? 'it was not used since' : 'it was used since:');
  for (const { operation, address, calls, first, last } of uses ?? []) {
    say(
      `  ${calls} × ${operation ?? '?'} from ${address ?? 'an erased address'}, ${first} to ${last}`,
    );
  }
}
