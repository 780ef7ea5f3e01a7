import { setTimeout as sleep } from 'node:timers/promises';
import {
  callIdOf,
  decisionOf,
  type FoundRecord,
  findCall,
  type LogQuery,
  missingText,
  searchLog,
  shapeOf,
  showRecord,
  statusOf,
} from '../../security-log/index.ts';
import { noPositionals, type OperatorWorld, parsed, required, UsageError } from '../options.ts';
import { LOG_OPTIONS, type OpenLog, openNamedLog } from './places.ts';

const LIMIT_MAX = 10_000;
const LOOK_EVERY_MS = 500;
const PAGE = 500;

const QUERY_OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  client: { type: 'string' },
  subject: { type: 'string' },
  address: { type: 'string' },
  credential: { type: 'string' },
  operation: { type: 'string' },
  decision: { type: 'string' },
  code: { type: 'string' },
  type: { type: 'string' },
  object: { type: 'string' },
  before: { type: 'string' },
  limit: { type: 'string' },
} as const;

export async function searchVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...LOG_OPTIONS, ...QUERY_OPTIONS });
  noPositionals(positionals);
  const { client, subject, address, credential, operation, decision, code, type } = values;
  const query: LogQuery = {
    ...{ client, subject, address, credential, operation, decision, code, type },
    ...objectOf(values.object),
    from: isoTime(values.from, '--from'),
    to: isoTime(values.to, '--to'),
    limit: whole(values.limit ?? '100', '--limit', LIMIT_MAX),
    before: values.before === undefined ? undefined : whole(values.before, '--before'),
  };
  const isPersonal = [client, subject, address, credential, query.object].some(Boolean);
  const log = await openNamedLog(values, world);
  try {
    const keys = isPersonal || values.names ? await log.keys() : null;
    let { before } = query;
    let left = query.limit;
    for (;;) {
      const page = { ...query, before, limit: Math.min(left, PAGE) };
      const found = await searchLog(log.reader, log.node, keys, page, world.now());
      for (const record of found.records) world.stdout.write(shown(record, values));
      left -= found.records.length;
      if (found.next === null) return 0;
      before = found.next;
      if (left > 0) continue;
      if (!values.json) world.stderr.write(`there may be more: --before ${found.next}\n`);
      return 0;
    }
  } finally {
    await log.close();
  }
}

export async function showVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, LOG_OPTIONS);
  const [given, ...more] = positionals;
  noPositionals(more);
  const id = callIdOf(required(given, 'INDEX or INSTANCE'));
  const index = id === null ? indexOf(given as string) : 0;
  const log = await openNamedLog(values, world);
  try {
    const keys = values.names ? await log.keys() : null;
    const print = (record: FoundRecord) =>
      world.stdout.write(`${JSON.stringify(record, null, values.json ? 0 : 2)}\n`);
    if (id !== null) {
      const found = await findCall(log.reader, log.node, keys, id);
      for (const record of found) print(record);
      if (found.length > 0) return 0;
      world.stderr.write(
        `poorter log: no record of call ${id} in the log of ${log.node}: it is of another node (--node), not written yet (wait a second), or dropped by retention\n`,
      );
      return 1;
    }
    const record = await showRecord(log.reader, log.node, keys, index);
    if (record === null) {
      const state = await log.reader.state();
      const why = index < (state?.dropped ?? 0) ? 'was dropped by retention' : 'is not there';
      world.stderr.write(`poorter log: record ${index} ${why}\n`);
      return 1;
    }
    print(record);
    return 0;
  } finally {
    await log.close();
  }
}

export async function tailVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...LOG_OPTIONS,
    count: { type: 'string' },
    follow: { type: 'boolean' },
  });
  noPositionals(positionals);
  const count = whole(values.count ?? '20', '--count', LIMIT_MAX);
  const log = await openNamedLog(values, world);
  try {
    const keys = values.names ? await log.keys() : null;
    let next = Math.max(0, ((await log.reader.state())?.size ?? 0) - count);
    do {
      next = await printFrom(log, keys, next, (record) =>
        world.stdout.write(shown(record, values)),
      );
      if (values.follow) await sleep(LOOK_EVERY_MS);
    } while (values.follow);
    return 0;
  } finally {
    await log.close();
  }
}

async function printFrom(
  { reader, node }: OpenLog,
  keys: Awaited<ReturnType<OpenLog['keys']>> | null,
  from: number,
  print: (record: FoundRecord) => void,
): Promise<number> {
  const { size = 0, dropped = 0 } = (await reader.state()) ?? {};
  for (let index = Math.max(from, dropped); index < size; index++) {
    const record = await showRecord(reader, node, keys, index);
    if (record !== null) print(record);
  }
  return size;
}

function shown(record: FoundRecord, { json }: { readonly json?: boolean | undefined }): string {
  if (json) return `${JSON.stringify(record)}\n`;
  const { index, leaf, caller } = record;
  const what =
    leaf.type === 'gap'
      ? `${leaf.count} records are missing (${leaf.cause})`
      : leaf.type === 'retention'
        ? `records before ${leaf.before} were dropped`
        : [
            ...[decisionOf(leaf), leaf.code, statusOf(leaf), leaf.method],
            ...[leaf.path ?? shapeOf(leaf), leaf.operation, missingText(leaf)],
          ]
            .filter((part) => part !== null && part !== undefined)
            .join(' ');
  const type = leaf.type === 'call' ? '' : `${leaf.type}: `;
  const id = leaf.id === undefined ? '' : `  call ${leaf.id}`;
  return `${leaf.time}  ${index}  ${type}${plain(what)}  ${plain(whoOf(leaf.who, caller))}${plain(id)}\n`;
}

export function whoOf(who: FoundRecord['leaf']['who'], caller: FoundRecord['caller']): string {
  if (who === undefined) return '';
  if (caller === 'erased') return '(erased)';
  if (typeof caller === 'object' && caller !== null) {
    return [caller.client, caller.subject, caller.address]
      .filter((part) => part !== null)
      .join(' ');
  }
  return [who.client, who.subject, who.address].filter((part) => part !== null).join(' ');
}

/** What a caller chose must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

function indexOf(given: string): number {
  if (/^urn:poorter:call:(-|unrecorded)$/.test(given)) {
    throw new UsageError('this problem has no record: there was no place for one');
  }
  if (/^\d+$/.test(given)) return whole(given, 'INDEX');
  throw new UsageError(
    'INDEX is a whole number; INSTANCE is urn:poorter:call:… of a problem document, or its id',
  );
}

export function whole(text: string, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value <= max) return value;
  throw new UsageError(`${name} is a whole number up to ${max}`);
}

export function isoTime(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError(`${name} is an ISO date or time`);
  return new Date(ms).toISOString();
}

function objectOf(text: string | undefined): Partial<LogQuery> {
  if (text === undefined) return {};
  const at = text.indexOf('=');
  if (at < 1) return { objectPseudonym: text };
  return { object: { parameter: text.slice(0, at), value: text.slice(at + 1) } };
}
