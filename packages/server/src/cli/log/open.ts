import { type OpenIntent, openIntents } from '../../security-log/index.ts';
import type { OpenGiven } from '../commands/log-options.ts';
import type { CommandWorld } from '../definition/world.ts';
import { openNamedLog } from './places.ts';
import { hint, named, plain, whoOf } from './read.ts';

/** Which durable calls may have happened without anybody having been told. */
export async function open(given: OpenGiven, world: CommandWorld): Promise<number> {
  const { from, to } = given;
  let left = given.limit;
  const log = await openNamedLog(given, world);
  try {
    const keys = given.names ? await log.keys() : null;
    for await (const intent of openIntents(log.reader, log.node, keys, { from, to })) {
      if (left-- === 0) {
        if (!given.json) await hint(world, 'there may be more: --limit, --to');
        break;
      }
      const known = { ...intent, ...named(intent, keys?.names ?? null) };
      world.stdout.write(given.json ? `${JSON.stringify(known)}\n` : shown(known));
    }
    return 0;
  } finally {
    await log.close();
  }
}

function shown({ index, leaf, caller, ending, upstream }: OpenIntent): string {
  const what = [leaf.method, leaf.path, leaf.operation].filter(Boolean).join(' ');
  const became =
    ending === 'unknown'
      ? 'may have happened: no outcome'
      : `was forwarded: ${upstream ?? 'no answer'}; the caller was told record_unavailable`;
  return `${leaf.time}  ${index}  ${plain(what)}  ${plain(whoOf(leaf.who, caller))}  ${plain(became)}  call ${leaf.id}\n`;
}
