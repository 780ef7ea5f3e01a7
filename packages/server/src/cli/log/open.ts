import { type OpenIntent, openIntents } from '../../security-log/index.ts';
import { isoTime, noPositionals, type OperatorWorld, parsed } from '../options.ts';
import { LOG_OPTIONS, openNamedLog } from './places.ts';
import { limitOf, named, plain, whoOf } from './read.ts';

const LIMIT_MAX = 100_000;

/** Which durable calls may have happened without anybody having been told. */
export async function openVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...LOG_OPTIONS,
    from: { type: 'string' },
    to: { type: 'string' },
    limit: { type: 'string' },
  });
  noPositionals(positionals);
  const query = { from: isoTime(values.from, '--from'), to: isoTime(values.to, '--to') };
  let left = limitOf(values.limit ?? '1000', LIMIT_MAX);
  const log = await openNamedLog(values, world);
  try {
    const keys = values.names ? await log.keys() : null;
    for await (const intent of openIntents(log.reader, log.node, keys, query)) {
      if (left-- === 0) {
        if (!values.json) world.stderr.write('there may be more: --limit, --to\n');
        break;
      }
      const known = { ...intent, ...named(intent, keys?.names ?? null) };
      world.stdout.write(values.json ? `${JSON.stringify(known)}\n` : shown(known));
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
