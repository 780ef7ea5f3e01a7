import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
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
import type { SearchGiven, ShowGiven, TailGiven } from '../commands/log-options.ts';
import { UsageError } from '../definition/usage-error.ts';
import { wholeNumber } from '../definition/value-readers.ts';
import type { CommandWorld } from '../definition/world.ts';
import type { KeyNames } from './key-names.ts';
import { refuseImpossible, unknownName } from './known-values.ts';
import { type CallerKeys, type OpenLog, openNamedLog } from './places.ts';

const LOOK_EVERY_MS = 500;
const PAGE = 500;

export async function search(given: SearchGiven, world: CommandWorld): Promise<number> {
  refuseImpossible(given);
  const { client, subject, address, credential, api, operation, decision, code, type } = given;
  const { from, to, limit, reported } = given;
  const query: LogQuery = {
    ...{ subject, address, api, operation, decision, code, type },
    ...{ reported, from, to, limit, before: given.before },
    ...objectOf(given.object),
  };
  const log = await openNamedLog(given, world);
  try {
    const personal = [client, subject, address, credential].filter((one) => one !== undefined);
    const keys = await keysFor(log, personal, given.names || query.object !== undefined);
    const names = keys?.names ?? null;
    const full: LogQuery = {
      ...query,
      client: client && (names?.clientsOf(client) ?? client),
      credential: credential && (names?.idsOf(credential) ?? credential),
    };
    let isEmpty = true;
    let { before } = query;
    let left = limit;
    for (;;) {
      const page = { ...full, before, limit: Math.min(left, PAGE) };
      const found = await searchLog(log.reader, log.node, keys, page, world.now());
      for (const record of found.records) {
        // Whoever looks for a name has not asked to see all the others.
        const told = given.names ? named(record, names) : unopened(record);
        world.stdout.write(shown(told, given));
      }
      if (found.records.length > 0) isEmpty = false;
      left -= found.records.length;
      if (found.next === null) {
        if (!isEmpty || query.before !== undefined) return 0;
        const asked = { client, credential };
        const why = await unknownName(log, full, asked, keys, names, world, given.config);
        if (why === null) return 0;
        throw new Error(plain(why));
      }
      before = found.next;
      if (left > 0) continue;
      if (!given.json) await hint(world, `there may be more: --before ${found.next}`);
      return 0;
    }
  } finally {
    await log.close();
  }
}

/** Beside what was printed, if anybody reads it: where nobody does, the program ends before it is said. */
export async function hint({ stderr }: CommandWorld, text: string): Promise<void> {
  await nextTurn();
  stderr.write(`${text}\n`);
}

export async function show(given: ShowGiven, world: CommandWorld): Promise<number> {
  const id = callIdOf(given.record);
  const index = id === null ? indexOf(given.record) : 0;
  const log = await openNamedLog(given, world);
  try {
    const keys = given.names ? await log.keys() : null;
    const print = (record: FoundRecord) =>
      world.stdout.write(
        `${JSON.stringify(inWords(named(record, keys?.names ?? null)), null, given.json ? 0 : 2)}\n`,
      );
    if (id !== null) {
      const found = await findCall(log.reader, log.node, keys, id);
      for (const record of found) print(record);
      if (found.length > 0) return 0;
      throw new Error(
        `no record of call ${id} in the log of ${log.node}: it is of another node (--node), not written yet (wait a second), or dropped by retention`,
      );
    }
    const record = await showRecord(log.reader, log.node, keys, index);
    if (record === null) {
      const state = await log.reader.state();
      const why = index < (state?.dropped ?? 0) ? 'was dropped by retention' : 'is not there';
      throw new Error(`record ${index} ${why}`);
    }
    print(record);
    return 0;
  } finally {
    await log.close();
  }
}

export async function tail(given: TailGiven, world: CommandWorld): Promise<number> {
  const log = await openNamedLog(given, world);
  try {
    const keys = given.names ? await log.keys() : null;
    let next = Math.max(0, ((await log.reader.state())?.size ?? 0) - given.count);
    do {
      next = await printFrom(log, keys, next, (record) =>
        world.stdout.write(shown(named(record, keys?.names ?? null), given)),
      );
      if (given.follow) await sleep(LOOK_EVERY_MS);
    } while (given.follow);
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
  if (/^\d+$/.test(given)) return wholeNumber(0)(given, { name: 'INDEX', now: 0 });
  throw new UsageError(
    'INDEX is a whole number; INSTANCE is urn:poorter:call:… of a problem document, or its id',
  );
}

function objectOf(text: string | undefined): Partial<LogQuery> {
  if (text === undefined) return {};
  const at = text.indexOf('=');
  if (at < 1) return { objectPseudonym: text };
  return { object: { parameter: text.slice(0, at), value: text.slice(at + 1) } };
}
