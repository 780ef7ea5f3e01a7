import { problems } from '@poorter/engine';
import type { ReadWorld } from '../../control/compile/index.ts';
import { adminProblems } from '../../messages/admin-problems.ts';
import { issuerCodes } from '../../messages/issuer-codes.ts';
import {
  impossibleTerm,
  isObjectTerm,
  type LogQuery,
  type ReadableKeys,
  searchLog,
} from '../../security-log/index.ts';
import type { SearchGiven } from '../commands/log-options.ts';
import { refuseOther } from '../definition/read-arguments.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { KeyNames } from './key-names.ts';
import type { OpenLog } from './places.ts';

const CODES = [
  ...new Set([problems, adminProblems, issuerCodes].flatMap((codes) => Object.keys(codes))),
];
/** Records looked through for names that could have been meant. */
const SAMPLE = 5_000;
const NAMES_SHOWN = 20;

/** What can be known before the log is opened. An empty list would read as "it did not happen". */
export function refuseImpossible(given: SearchGiven): void {
  const { type, code, object, from, to, reported } = given;
  if (code !== undefined) refuseOther(code, CODES, '--code');
  const terms = Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  const fault = impossibleTerm(terms);
  if (fault !== null) throw new UsageError(`--${fault.replace(': ', ' ')}`);
  if (object !== undefined && !isObjectTerm(object)) {
    throw new UsageError('--object is PARAMETER=VALUE, or a pseudonym');
  }
  if (reported && (type ?? 'call') !== 'call') {
    throw new UsageError(`--reported finds calls, and --type ${type} none of them`);
  }
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to)) {
    throw new UsageError('--to lies before --from');
  }
}

/**
 * Why nothing was found, where a name stands nowhere: null when it stands somewhere, and there is
 * truly nothing else.
 */
export async function unknownName(
  log: OpenLog,
  query: LogQuery,
  asked: { readonly client?: string | undefined; readonly credential?: string | undefined },
  keys: ReadableKeys | null,
  names: KeyNames | null,
  world: ReadWorld,
  configurationFile: string | undefined,
): Promise<string | null> {
  const now = world.now();
  const isThere = (part: Partial<LogQuery>) => anyRecord(log, keys, part, now);
  const { api, operation } = query;
  if (api !== undefined && !(await isThere({ api }))) {
    const described = await describedIn(configurationFile, world);
    if (!described.apis.includes(api)) {
      const known = await recorded(log, now, ({ api }) => api);
      return `no record is of the API ${api}; ${known}${listedToo(described.apis)}`;
    }
  }
  if (operation !== undefined && !(await isThere({ operation }))) {
    const { operations } = await describedIn(configurationFile, world);
    if (!operations.includes(operation.slice(operation.indexOf(' ') + 1))) {
      const known = await recorded(log, now, ({ operation }) => operation);
      return `no record is of the operation ${operation}; ${known}${listedToo(operations)}`;
    }
  }
  const parts = [
    ['client', asked.client, query.client],
    ['credential', asked.credential, query.credential],
  ] as const;
  for (const [field, text, value] of parts) {
    if (text === undefined || names?.knows(text) || (await isThere({ [field]: value }))) continue;
    const known = listOf(names?.names ?? []);
    return `no key and no record has the ${field} ${text}; keys are named: ${known}`;
  }
  const { subject, object, objectPseudonym } = query;
  if (subject !== undefined && !(await isThere({ subject }))) {
    return `no record has the subject ${subject}`;
  }
  const sought = { ...(object && { object }), ...(objectPseudonym && { objectPseudonym }) };
  if (Object.keys(sought).length > 0 && !(await isThere(sought))) {
    const text = object === undefined ? objectPseudonym : `${object.parameter}=${object.value}`;
    return `no record has the object ${text}`;
  }
  return null;
}

interface Described {
  readonly apis: readonly string[];
  readonly operations: readonly string[];
}

/** What exists without having been called yet, where the configuration is named and whole. */
async function describedIn(file: string | undefined, world: ReadWorld): Promise<Described> {
  if (file === undefined) return { apis: [], operations: [] };
  // Only here: compiling descriptions is more to load than all the rest.
  const { compileOnce } = await import('../compile-once.ts');
  const compiled = await compileOnce({ file, values: {} }, world).catch(() => null);
  return {
    apis: compiled?.snapshot.gate.apis.map(({ name }) => name) ?? [],
    operations: [...(compiled?.rights.keys() ?? [])],
  };
}

function listedToo(names: readonly string[]): string {
  return names.length === 0 ? '' : `; described are: ${listOf(names)}`;
}

async function anyRecord(
  { reader, node }: OpenLog,
  keys: ReadableKeys | null,
  part: Partial<LogQuery>,
  now: number,
): Promise<boolean> {
  for (let before: number | undefined; ; ) {
    const page = await searchLog(reader, node, keys, { ...part, before, limit: 1 }, now);
    if (page.records.length > 0) return true;
    if (page.next === null) return false;
    before = page.next;
  }
}

async function recorded(
  { reader, node }: OpenLog,
  now: number,
  nameOf: (leaf: { api?: string | null; operation?: string | null }) => string | null | undefined,
): Promise<string> {
  const { records } = await searchLog(reader, node, null, { type: 'call', limit: SAMPLE }, now);
  const names = records.map(({ leaf }) => nameOf(leaf)).filter((name) => typeof name === 'string');
  return `recorded are: ${listOf([...new Set(names)].sort())}`;
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > NAMES_SHOWN ? ', …' : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
