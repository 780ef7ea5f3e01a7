import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { OperationPlan, ParameterPlan, SegmentPlan } from '../plan.ts';
import type { CompiledOperation } from '../types.ts';
import { isOurExtension, nameOf, refuseExtension } from './object-fields.ts';
import { readAnswers, readBody } from './read-content.ts';
import { anyPathParameter, readParameters } from './read-parameters.ts';
import type { SecurityReader } from './read-security.ts';
import { readBasePaths } from './read-servers.ts';
import type { Reading } from './reading.ts';
import { readTemplate } from './template.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];
const METHOD_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The largest descriptions in use have some 10,000 paths; each costs memory in every process. */
const PATHS_MAX = 30_000;
const OPERATIONS_MAX = 40_000;
const SPLIT = 'split it into several descriptions, each an API of its own';

/** Line and column are found at the end, for all operations at once. */
export interface ReadOperation {
  /** Its path is told apart from others by a fragment. */
  readonly isVariant: boolean;
  readonly place: Place;
  readonly operation: Omit<CompiledOperation, 'file' | 'line' | 'column'> & {
    readonly plan: OperationPlan;
  };
}

export function readOperations(
  root: Place,
  security: SecurityReader,
  reading: Reading,
): ReadOperation[] {
  const ids = new UniqueIds(reading);
  const shared = {
    basePaths: readBasePaths(root, reading) ?? [''],
    security: security.requirements(root),
    settings: readExtension(root, reading, { isRoot: true }),
  };
  const operations: ReadOperation[] = [];
  const paths = reading.map(root, 'paths');
  const limit = `at most ${PATHS_MAX} paths and ${OPERATIONS_MAX} operations are read`;
  if (paths.length > PATHS_MAX) {
    const message = `the description has ${paths.length} paths: ${limit}`;
    reading.remarks.error('too-large', child(root, 'paths'), message, SPLIT);
    return operations;
  }
  for (const [written, at] of paths) {
    if (operations.length > OPERATIONS_MAX) {
      const message = `more operations than one description may have: ${limit}`;
      reading.remarks.error('too-large', at, message, SPLIT);
      return operations;
    }
    if (written.toLowerCase().startsWith('x-')) {
      if (isOurExtension(written)) refuseExtension(at, written, reading.remarks);
      continue;
    }
    const path = rooted(written, at, reading);
    const isVariant = path.replace(/^\//, '') !== written.replace(/^\//, '');
    const template = readTemplate(path);
    if (!template.ok) {
      reading.remarks.error('unreadable-path', at, template.message, template.suggestion);
      continue;
    }
    const pathItem = readPathItem(at, reading);
    if (pathItem === undefined) continue;
    const settings = { ...shared.settings, ...readExtension(pathItem, reading) };
    const pathBases = readBasePaths(pathItem, reading);
    for (const [method, at] of methodsOf(pathItem, reading)) {
      const place = reading.object(at, 'operation', { extensible: true });
      if (place === undefined) continue;
      const read = {
        method,
        summary: summaryOf(place),
        deprecated: reading.flag(place, 'deprecated') ?? false,
        security: security.requirements(place) ?? shared.security,
        settings: { ...settings, ...readExtension(place, reading) },
      };
      const allowedQuery = allowedQueryOf(read.settings, reading);
      const parameters = readParameters(pathItem, place, template.names, reading, {
        isOpen: read.security?.length === 0,
      });
      const body = readBody(place, method, reading);
      const answers = readAnswers(place, reading);
      const bases = readBasePaths(place, reading) ?? pathBases ?? shared.basePaths;
      for (const [index, base] of bases.entries()) {
        const prefix = readPrefix(base, template.names);
        operations.push({
          isVariant,
          place,
          operation: {
            id: ids.take(place, method, prefix.path + path, index),
            path: prefix.path + path,
            ...read,
            plan: {
              template: [...prefix.segments, ...template.segments],
              strictProperties: reading.options.strictProperties,
              dialect: reading.version === '3.0' ? 'openapi-3.0' : 'openapi-3.1',
              ...(allowedQuery.length > 0 ? { allowedQuery } : {}),
              ...(read.settings['semicolons'] === 'allow' ? { allowsSemicolons: true } : {}),
              parameters: [...parameters, ...prefix.parameters],
              body,
              answers,
            },
          },
        });
      }
    }
  }
  return operations;
}

function allowedQueryOf(
  settings: Readonly<Record<string, unknown>>,
  reading: Reading,
): readonly string[] {
  const named = settings['allowUndocumentedQuery'] ?? reading.options.allowUndocumentedQuery ?? [];
  return Array.isArray(named) ? named.filter((name) => typeof name === 'string') : [];
}

/** A path begins with a slash; an address with a host is no path. */
function rooted(written: string, at: Place, reading: Reading): string {
  const path = withoutFragment(written, at, reading);
  if (path.startsWith('/') || !/^[\w{.~-]\S*$/.test(path) || path.includes('://')) return path;
  reading.readAs(at, `'/${path}'`);
  return `/${path}`;
}

/** Authors tell operations on one path apart by a fragment, which no caller sends. */
function withoutFragment(path: string, at: Place, reading: Reading): string {
  const hash = path.indexOf('#');
  if (hash < 1 || path.includes('?') || path.slice(0, hash).includes('{#')) return path;
  reading.readAs(at, `'${path.slice(0, hash)}'`, 'leave out the fragment: callers do not send it');
  return path.slice(0, hash);
}

/** Told to people, enforced by nobody. */
function summaryOf(place: Place): string {
  const summary = ownMember(place.value, 'summary');
  return typeof summary === 'string' ? summary : '';
}

/** The base path of a server; a variable without default is a path parameter of any text. */
function readPrefix(
  base: string,
  taken: readonly string[],
): { path: string; segments: readonly SegmentPlan[]; parameters: readonly ParameterPlan[] } {
  const literals = base.split('/').slice(1);
  if (!base.includes('{')) {
    return { path: base, segments: literals.map((literal) => ({ literal })), parameters: [] };
  }
  const path = base.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    let unique = name;
    while (taken.includes(unique)) unique = `${unique}_`;
    return `{${unique}}`;
  });
  const template = readTemplate(path);
  const names = template.ok ? template.names : [];
  return {
    path,
    segments: template.ok ? template.segments : literals.map((literal) => ({ literal })),
    parameters: names.map(anyPathParameter),
  };
}

function readPathItem(at: Place, reading: Reading): Place | undefined {
  if (at.value === null || at.value === undefined) return undefined;
  return reading.object(at, 'pathItem', { extensible: true });
}

function methodsOf(pathItem: Place, reading: Reading): [method: string, place: Place][] {
  const found: [string, Place][] = [];
  for (const key of Object.keys(pathItem.value as object)) {
    const method = key.toLowerCase();
    if (!METHODS.includes(method)) continue;
    const place = child(pathItem, key);
    if (place.value === null) {
      reading.remarks.warn('empty-field', place, `'${key}' is empty: the method is not served`);
      continue;
    }
    if (method !== key) {
      const suggestion = `write '${method}'`;
      reading.remarks.warn('upper-case-method', place, 'methods are in lower case', suggestion);
      if (Object.hasOwn(pathItem.value as object, method)) {
        reading.remarks.error('duplicate-method', place, `'${method}' is described twice`);
        continue;
      }
    }
    found.push([method.toUpperCase(), place]);
  }
  for (const [method, place] of reading.map(pathItem, 'additionalOperations')) {
    if (METHOD_TOKEN.test(method)) found.push([method.toUpperCase(), place]);
    else reading.remarks.error('unknown-method', place, `'${method}' is not a method`);
  }
  return found.filter(([method, place]) => isServed(method, place, reading));
}

/** TRACE echoes credentials (RFC 9110 §9.3.8), and CONNECT asks for a tunnel: no call of them passes. */
function isServed(method: string, place: Place, reading: Reading): boolean {
  if (method !== 'TRACE' && method !== 'CONNECT') return true;
  const message = `${method} is never served: every call of it is answered with 405`;
  reading.remarks.warn('method-not-served', place, message, 'leave it out');
  return false;
}

/** They decide how schemas are compiled, which all operations share. */
const ROOT_ONLY = ['reading', 'readOnlyMembers', 'formats'];

function readExtension(
  holder: Place,
  reading: Reading,
  { isRoot = false } = {},
): Readonly<Record<string, unknown>> {
  const at = child(holder, 'x-poorter');
  if (at.value === undefined) return {};
  if (!isFields(at.value)) {
    reading.remarks.error(
      'wrong-type',
      at,
      `'x-poorter' must be an object, found ${nameOf(at.value)}`,
    );
    return {};
  }
  const read = reading.options.readExtension(at.value);
  for (const problem of 'problems' in read ? read.problems : []) {
    const place = { ...at, pointer: at.pointer + problem.pointer };
    reading.remarks.error('extension', place, problem.message, problem.suggestion);
  }
  for (const key of isRoot ? [] : ROOT_ONLY) {
    if (!Object.hasOwn(at.value, key)) continue;
    const message = `'${key}' holds for the whole description`;
    reading.remarks.error(
      'extension',
      child(at, key),
      message,
      "put it into 'x-poorter' at the root",
    );
  }
  return 'value' in read ? read.value : {};
}

/** Ids name operations in logs and policies: one operation each, whatever the document repeats. */
class UniqueIds {
  readonly #reading: Reading;
  readonly #taken = new Set<string>();
  readonly #written = new Map<string, string>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  take(place: Place, method: string, path: string, baseIndex: number): string {
    const written = ownMember(place.value, 'operationId');
    const text = written === null ? undefined : this.#reading.text(place, 'operationId');
    const id = text === '' ? undefined : text;
    if (id !== undefined && baseIndex === 0) {
      const first = this.#written.get(id);
      if (first !== undefined) {
        this.#reading.remarks.warn(
          'duplicate-operation-id',
          child(place, 'operationId'),
          `'${id}' also names ${first}; here it becomes '${id} (${method} ${path})'`,
        );
      } else this.#written.set(id, `${method} ${path}`);
    }
    const wanted = id ?? `${method} ${path}`;
    let unique = wanted;
    if (this.#taken.has(unique)) unique = `${wanted} (${method} ${path})`;
    for (let count = 2; this.#taken.has(unique); count++) unique = `${wanted} (${count})`;
    this.#taken.add(unique);
    return unique;
  }
}
