import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { OperationPlan, SegmentPlan } from '../plan.ts';
import type { CompiledOperation } from '../types.ts';
import { isOurExtension, nameOf, refuseExtension } from './object-fields.ts';
import { readAnswers, readBody } from './read-content.ts';
import { readParameters } from './read-parameters.ts';
import type { SecurityReader } from './read-security.ts';
import { readBasePaths } from './read-servers.ts';
import type { Reading } from './reading.ts';
import { readTemplate } from './template.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];
const METHOD_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Line and column are found at the end, for all operations at once. */
export interface ReadOperation {
  readonly place: Place;
  readonly operation: Omit<CompiledOperation, 'line' | 'column'> & { readonly plan: OperationPlan };
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
    extension: readExtension(root, reading),
  };
  const operations: ReadOperation[] = [];
  for (const [written, at] of reading.map(root, 'paths')) {
    if (written.toLowerCase().startsWith('x-')) {
      if (isOurExtension(written)) refuseExtension(at, written, reading.remarks);
      continue;
    }
    const path = rooted(written, at, reading);
    const template = readTemplate(path);
    if (!template.ok) {
      reading.remarks.error('unreadable-path', at, template.message, template.suggestion);
      continue;
    }
    const pathItem = readPathItem(at, reading);
    if (pathItem === undefined) continue;
    const extension = { ...shared.extension, ...readExtension(pathItem, reading) };
    const pathBases = readBasePaths(pathItem, reading);
    for (const [method, at] of methodsOf(pathItem, reading)) {
      const place = reading.object(at, 'operation', { extensible: true });
      if (place === undefined) continue;
      const read = {
        method,
        summary: summaryOf(place),
        deprecated: reading.flag(place, 'deprecated') ?? false,
        security: security.requirements(place) ?? shared.security,
        extension: { ...extension, ...readExtension(place, reading) },
      };
      const parameters = readParameters(pathItem, place, template.names, reading);
      const body = readBody(place, method, reading);
      const answers = readAnswers(place, reading);
      const bases = readBasePaths(place, reading) ?? pathBases ?? shared.basePaths;
      for (const [index, base] of bases.entries()) {
        operations.push({
          place,
          operation: {
            id: ids.take(place, method, base + path, index),
            path: base + path,
            ...read,
            plan: {
              template: [...literalSegments(base), ...template.segments],
              strictProperties: reading.options.strictProperties,
              dialect: reading.version === '3.0' ? 'openapi-3.0' : 'openapi-3.1',
              parameters,
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

/** A path begins with a slash; an address with a host is no path. */
function rooted(path: string, at: Place, reading: Reading): string {
  if (path.startsWith('/') || !/^[\w{.~-]\S*$/.test(path) || path.includes('://')) return path;
  reading.readAs(at, `'/${path}'`);
  return `/${path}`;
}

/** Told to people, enforced by nobody. */
function summaryOf(place: Place): string {
  const summary = ownMember(place.value, 'summary');
  return typeof summary === 'string' ? summary : '';
}

function literalSegments(base: string): SegmentPlan[] {
  return base
    .split('/')
    .slice(1)
    .map((literal) => ({ literal }));
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
  return found;
}

function readExtension(holder: Place, reading: Reading): Readonly<Record<string, unknown>> {
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
  for (const problem of reading.options.checkExtension(at.value)) {
    const place = { ...at, pointer: at.pointer + problem.pointer };
    reading.remarks.error('extension', place, problem.message, problem.suggestion);
  }
  return at.value;
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
