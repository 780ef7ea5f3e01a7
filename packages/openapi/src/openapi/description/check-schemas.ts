import { mendSchema, setMember } from '../../json-schema/index.ts';
import {
  escapeSegment,
  type Fields,
  isFields,
  ownMember,
  pointerSegments,
} from '../document/pointer.ts';
import { child, type Place, placeKey } from '../document/remarks.ts';
import { isOurExtension, nameOf, refuseExtension } from './object-fields.ts';
import type { Reading } from './reading.ts';

const ONE = [
  'additionalProperties',
  'additionalItems',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
];
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];
/** Anything but true and false would silently lift the prohibition. */
const FLAGS = ['readOnly', 'writeOnly', 'nullable'];

/**
 * Walks every schema that a place reaches: opens the files they name, and remarks on references
 * that lead nowhere. Usual slips are mended first, so that all who read the schema later see what
 * was meant. Whether a keyword makes sense is the schema compiler's to say.
 */
export function checkSchemas(start: Place, reading: Reading, checked: Set<string>): void {
  const waiting = [start];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const key = placeKey(place);
    if (checked.has(key)) continue;
    checked.add(key);
    if (typeof place.value === 'boolean') continue;
    if (!isFields(place.value)) {
      reading.remarks.error('wrong-type', place, `expected a schema, found ${nameOf(place.value)}`);
      continue;
    }
    for (const name of Object.keys(place.value)) {
      if (isOurExtension(name)) refuseExtension(child(place, name), name, reading.remarks);
    }
    const target = referenceTarget(place, reading);
    if (target !== undefined) waiting.push(target);
    if (!isHidden(place.value, reading)) reading.wholes.bringIn(place, place.value);
    mend(place, place.value, reading);
    if (isHidden(place.value, reading)) continue;
    waiting.push(...subschemas(place, reading), ...mappedSchemas(place, reading));
    if (isFields(ownMember(place.value, 'discriminator'))) waiting.push(...descendants(place));
  }
}

function isHidden(schema: Fields, { hidesBesideReference }: Reading): boolean {
  return hidesBesideReference && typeof ownMember(schema, '$ref') === 'string';
}

function mend(place: Place, schema: Fields, { remarks, hidesBesideReference }: Reading): void {
  if (hidesBesideReference && Object.hasOwn(schema, '$ref')) return;
  mendSchema(schema, ({ steps, message, suggestion }) => {
    const at = steps.reduce<Place>((above, step) => child(above, step), place);
    remarks.warn('read-as-meant', at, message, suggestion);
  });
  for (const name of FLAGS) {
    const value = ownMember(schema, name);
    if (value === undefined || typeof value === 'boolean') continue;
    const message = `'${name}' must be a boolean, found ${nameOf(value)}`;
    remarks.error('wrong-type', child(place, name), message);
  }
}

/** Components that extend this one: a discriminator reaches them, though no reference does. */
function descendants({ document, pointer }: Place): Place[] {
  const root: Place = { document, pointer: '', value: document.value };
  const schemas = child(child(root, 'components'), 'schemas');
  const [, parent] = /^\/components\/schemas\/([^/]+)$/.exec(pointer) ?? [];
  if (parent === undefined || !isFields(schemas.value)) return [];
  const extending = extensionsOf(schemas.value);
  const found = new Set<string>();
  const waiting = [parent];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of extending.get(next) ?? []) {
      if (found.has(name)) continue;
      found.add(name);
      waiting.push(escapeSegment(name));
    }
  }
  return [...found].map((name) => child(schemas, name));
}

const extensions = new WeakMap<Fields, ReadonlyMap<string, readonly string[]>>();

/** The names of the components that extend each: found once, however many discriminators ask. */
function extensionsOf(schemas: Fields): ReadonlyMap<string, readonly string[]> {
  const known = extensions.get(schemas);
  if (known !== undefined) return known;
  const found = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(schemas)) {
    for (const parent of parentsOf(schema)) {
      const names = found.get(parent);
      if (names === undefined) found.set(parent, [name]);
      else names.push(name);
    }
  }
  extensions.set(schemas, found);
  return found;
}

/** Names, as pointers escape them, of the components that a schema extends. */
function parentsOf(schema: unknown): string[] {
  const all = ownMember(schema, 'allOf');
  return [all].flat().flatMap((part) => {
    const reference = ownMember(part, '$ref');
    return typeof reference === 'string' ? [reference.slice(reference.lastIndexOf('/') + 1)] : [];
  });
}

function subschemas(place: Place, reading: Reading): Place[] {
  const found: Place[] = [];
  const { value } = place;
  for (const keyword of ONE)
    if (ownMember(value, keyword) !== undefined) found.push(child(place, keyword));
  for (const keyword of MANY) found.push(...reading.list(place, keyword));
  for (const keyword of NAMED) {
    for (const [, schema] of reading.members(child(place, keyword), keyword)) found.push(schema);
  }
  for (const [, rule] of reading.members(child(place, 'dependencies'), 'dependencies')) {
    if (!Array.isArray(rule.value)) found.push(rule);
  }
  const items = child(place, 'items');
  if (Array.isArray(items.value)) found.push(...reading.list(place, 'items'));
  else if (items.value !== undefined) found.push(items);
  return found;
}

/** A discriminator maps to names of schemas, or to references. */
function mappedSchemas(place: Place, reading: Reading): Place[] {
  const discriminator = child(place, 'discriminator');
  if (!isFields(discriminator.value)) return [];
  return reading.members(child(discriminator, 'mapping'), 'mapping').flatMap(([, at]) => {
    const { value } = at;
    const isReference = typeof value === 'string' && /[#/]|\.(?:ya?ml|json)$/i.test(value);
    if (!isReference) return [];
    const target =
      reading.documents.attemptTarget(place, value) ??
      namedAlternative(place, at, value, reading) ??
      reading.documents.target(place, value, at);
    return target === undefined ? [] : [target];
  });
}

/**
 * Tools that bundle files rewrite references and leave mappings behind: what leads nowhere now is the
 * alternative of the same name, if there is one.
 */
function namedAlternative(
  place: Place,
  at: Place,
  mapped: string,
  reading: Reading,
): Place | undefined {
  const references = ['oneOf', 'anyOf']
    .flatMap((keyword) => ownMember(place.value, keyword) ?? [])
    .map((branch) => ownMember(branch, '$ref'))
    .filter((reference) => typeof reference === 'string');
  const [meant, another] = references.filter((name) => schemaName(name) === schemaName(mapped));
  if (meant === undefined || another !== undefined || reading.manner === 'strict') return undefined;
  reading.readAs(at, `'${meant}'`);
  const mapping = ownMember(ownMember(place.value, 'discriminator'), 'mapping') as object;
  setMember(mapping, pointerSegments(at.pointer).at(-1) as string, meant);
  return reading.documents.target(place, meant, at);
}

/** The last name of a reference, by which bundles call the component: of its pointer, or its file. */
function schemaName(reference: string): string {
  const [file = '', pointer = ''] = reference.split('#');
  const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  return last(pointer) || last(file).replace(/\.(?:ya?ml|json)$/i, '');
}

/** A parameter, a map of schemas or the document itself: read as a schema, they allow everything. */
function isNoSchema({ document, pointer }: Place): boolean {
  if (ownMember(document.value, 'openapi') === undefined) return false;
  const [section, kind, name, ...rest] = pointerSegments(pointer);
  if (section === undefined || rest.length > 0) return section === undefined;
  if (section !== 'components') return kind === undefined && !section.startsWith('x-');
  return name === undefined || (COMPONENTS.includes(kind as string) && kind !== 'schemas');
}

const COMPONENTS = `schemas parameters responses requestBodies headers examples links callbacks
  securitySchemes pathItems`.split(/\s+/);

function referenceTarget(place: Place, reading: Reading): Place | undefined {
  const keyword = ['$ref', '$recursiveRef'].find((name) =>
    Object.hasOwn(place.value as object, name),
  );
  if (keyword === undefined) return undefined;
  reading.documents.respell(place, 'schemas');
  const reference = ownMember(place.value, keyword);
  if (typeof reference !== 'string') {
    // A property may be called $ref; a schema's own $ref is a string.
    reading.remarks.error('wrong-type', child(place, keyword), `${keyword} must be a string`);
    return undefined;
  }
  // Names set by $anchor are the schema compiler's to resolve.
  if (reading.version === '3.1' && /#[^/]/.test(reference)) {
    return reading.documents.anchored(place, reference);
  }
  const target = reading.documents.target(place, reference);
  if (target === undefined || !isNoSchema(target)) return target;
  reading.remarks.error(
    'unresolvable-reference',
    child(place, keyword),
    `the reference '${reference}' leads to something that is no schema`,
    "name a schema: '#/components/schemas/…'",
  );
  return undefined;
}
