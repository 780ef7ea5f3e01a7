import { setTimeout as sleep } from 'node:timers/promises';
import {
  callIdOf,
  decisionOf,
  type FoundRecord,
  findCall,
  gapText,
  isPseudonym,
  type LogQuery,
  missingText,
  reportedText,
  searchLog,
  shapeOf,
  showRecord,
  statusOf,
} from '../../security-log/index.ts';
import {
  isoTime,
  noPositionals,
  type OperatorWorld,
  parsed,
  required,
  UsageError,
} from '../options.ts';
import type { KeyNames } from './key-names.ts';
import { refuseImpossible, unknownName } from './known-values.ts';
import { type CallerKeys, LOG_OPTIONS, type OpenLog, openNamedLog } from './places.ts';

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
  api: { type: 'string' },
  operation: { type: 'string' },
  decision: { type: 'string' },
  code: { type: 'string' },
  type: { type: 'string' },
  object: { type: 'string' },
  reported: { type: 'boolean' },
  before: { type: 'string' },
  limit: { type: 'string' },
} as const;

export async function searchVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...LOG_OPTIONS, ...QUERY_OPTIONS });
  noPositionals(positionals);
  const { client, subject, address, credential, api, operation, decision, code, type } = values;
  refuseImpossible(values);
  const query: LogQuery = {
    ...{ subject, address, api, operation, decision, code, type },
    ...objectOf(values.object),
    reported: values.reported,
    from: isoTime(values.from, '--from'),
    to: isoTime(values.to, '--to'),
    limit: limitOf(values.limit ?? '100', LIMIT_MAX),
    before: values.before === undefined ? undefined : whole(values.before, '--before'),
  };
  const log = await openNamedLog(values, world);
  try {
    const personal = [client, subject, address, credential].filter((one) => one !== undefined);
    const keys = await keysFor(log, personal, values.names === true || query.object !== undefined);
    const names = keys?.names ?? null;
    const full: LogQuery = {
      ...query,
      client: client && (names?.clientsOf(client) ?? client),
      credential: credential && (names?.idsOf(credential) ?? credential),
    };
    let isEmpty = true;
    let { before } = query;
    let left = query.limit;
    for (;;) {
      const page = { ...full, before, limit: Math.min(left, PAGE) };
      const found = await searchLog(log.reader, log.node, keys, page, world.now());
      for (const record of found.records) {
        // Whoever looks for a name has not asked to see all the others.
        const told = values.names ? named(record, names) : unopened(record);
        world.stdout.write(shown(told, values));
      }
      if (found.records.length > 0) isEmpty = false;
      left -= found.records.length;
      if (found.next === null) {
        if (!isEmpty || query.before !== undefined) return 0;
        const asked = { client, credential };
        const why = await unknownName(log, full, asked, keys, names, world.now(), values.config);
        if (why === null) return 0;
        world.stderr.write(`poorter log: ${plain(why)}\n`);
        return 1;
      }
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
      world.stdout.write(
        `${JSON.stringify(inWords(named(record, keys?.names ?? null)), null, values.json ? 0 : 2)}\n`,
      );
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
        world.stdout.write(shown(named(record, keys?.names ?? null), values)),
      );
      if (values.follow) await sleep(LOOK_EVERY_MS);
    } while (values.follow);
    return 0;
  } finally {
    await log.close();
  }
}

/** Pseudonyms are found without keys, too. */
async function keysFor(
  log: OpenLog,
  personal: readonly string[],
  isNeeded: boolean,
): Promise<CallerKeys | null> {
  if (personal.length === 0 && !isNeeded) return null;
  if (isNeeded || !personal.every(isPseudonym)) return log.keys();
  // An id of a key looks like a pseudonym: whoever has the keys finds both.
  return log.keys().catch(() => null);
}

/** As a reader without keys has it. */
function unopened(record: FoundRecord): FoundRecord {
  return typeof record.caller === 'object' && record.caller !== null
    ? { ...record, caller: 'sealed' }
    : record;
}

/** With the name of its key, which the record itself does not hold. */
export function named(record: FoundRecord, names: KeyNames | null): FoundRecord {
  const { caller } = record;
  if (names === null || typeof caller !== 'object' || caller === null) return record;
  const name = names.nameOf(caller);
  return name === null ? record : { ...record, caller: { ...caller, name } };
}

async function printFrom(
  { reader, node }: OpenLog,
  keys: CallerKeys | null,
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
  if (json) return `${JSON.stringify(inWords(record))}\n`;
  const { index, leaf, caller } = record;
  const what =
    leaf.type === 'gap'
      ? gapText(leaf)
      : leaf.type === 'retention'
        ? `records before ${leaf.before} were dropped`
        : [
            ...[decisionOf(leaf), leaf.code, statusOf(leaf), leaf.method],
            ...[leaf.path ?? shapeOf(leaf), leaf.operation, missingText(leaf), reportedText(leaf)],
          ]
            .filter((part) => part !== null && part !== undefined)
            .join(' ');
  const type = leaf.type === 'call' ? '' : `${leaf.type}: `;
  const id = leaf.id === undefined ? '' : `  call ${leaf.id}`;
  return `${leaf.time}  ${index}  ${type}${plain(what)}  ${plain(whoOf(leaf.who, caller))}${plain(id)}\n`;
}

/** With what was reported as people are told of it; the leaf has it in full. */
function inWords(record: FoundRecord): object {
  const reported = reportedText(record.leaf);
  return reported === null ? record : { ...record, reported };
}

export function whoOf(who: FoundRecord['leaf']['who'], caller: FoundRecord['caller']): string {
  if (who === undefined) return '';
  if (caller === 'erased') return '(erased)';
  if (typeof caller === 'object' && caller !== null) {
    const { name, client, subject, address, kind, credentialId } = caller;
    const key = kind === 'key' && credentialId !== client ? credentialId : null;
    return wordsOf([name, client, subject, address], key);
  }
  return wordsOf([who.client, who.subject, who.address], who.credential);
}

/** The key last: of a rotated one, old and new belong to the same client. */
function wordsOf(parts: readonly (string | null | undefined)[], key?: string | null): string {
  const words = parts.filter((part) => part !== null && part !== undefined);
  return [...words, ...(key ? [`key ${key}`] : [])].join(' ');
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

/** Nothing is no page: a limit that is never reached would print the whole log. */
export function limitOf(text: string, max: number): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`--limit is a whole number from 1 to ${max}`);
}

function objectOf(text: string | undefined): Partial<LogQuery> {
  if (text === undefined) return {};
  const at = text.indexOf('=');
  if (at < 1) return { objectPseudonym: text };
  return { object: { parameter: text.slice(0, at), value: text.slice(at + 1) } };
}
