import { type PatchPath, parsePatchPath } from './attribute-path.ts';
import { compileValueFilter, type Resource, termsOf } from './filter.ts';
import { isObject, memberOf, named } from './resource-values.ts';
import { refuse } from './scim-error.ts';
import { type Attribute, attributeOf, type ResourceSchema, withoutSchema } from './scim-schema.ts';

/** As it is worked on: by the names of its schema. */
type Draft = Record<string, unknown>;

type Operation = 'add' | 'replace' | 'remove';
const OPERATIONS: ReadonlySet<unknown> = new Set<Operation>(['add', 'replace', 'remove']);
/** In one request; a directory sends a few. */
const OPERATIONS_MAX = 1_000;
/** Values that are held against a term of a path, in one request: about a tenth of a second. */
const COMPARISONS_MAX = 1_000_000;

/** What one request may cost, however it is written. */
class Budget {
  #left = COMPARISONS_MAX;

  spend(comparisons: number): void {
    this.#left -= comparisons;
    if (this.#left < 0) throw refuse('tooMany', 'the paths look through more than one request may');
  }
}

/**
 * RFC 7644 §3.5.2, and what directories send in its place: names of operations in capitals, values under names with
 * dots, the members to remove as a value. What is not kept here is passed over. Throws ScimError; then nothing is changed.
 */
export function patched(resource: Resource, message: Resource, schema: ResourceSchema): Resource {
  const operations = memberOf(message, 'Operations');
  if (!Array.isArray(operations) || operations.length > OPERATIONS_MAX) {
    throw refuse('invalidSyntax', `Operations: a list of up to ${OPERATIONS_MAX} was expected`);
  }
  const draft = structuredClone(resource) as Draft;
  const budget = new Budget();
  for (const operation of operations) apply(draft, operation, schema, budget);
  return draft;
}

function apply(draft: Draft, operation: unknown, schema: ResourceSchema, budget: Budget): void {
  if (!isObject(operation)) throw refuse('invalidSyntax', 'Operations: objects were expected');
  const op = String(memberOf(operation, 'op')).toLowerCase();
  if (!OPERATIONS.has(op)) throw refuse('invalidSyntax', 'op: add, replace or remove was expected');
  const path = memberOf(operation, 'path');
  const value = memberOf(operation, 'value');
  if (path !== undefined && path !== null) {
    if (typeof path !== 'string') throw refuse('invalidPath', 'path: a text was expected');
    const aimed = { op: op as Operation, schema, budget, isAimed: true };
    return change(draft, parsePatchPath(path), value, aimed);
  }
  if (op === 'remove') throw refuse('noTarget', 'remove: a path was expected');
  if (!isObject(value)) throw refuse('invalidValue', 'value: an object was expected, or a path');
  for (const [name, part] of Object.entries(value)) {
    if (!isNamed(name, schema)) continue;
    const aimed = { op: op as Operation, schema, budget, isAimed: false };
    change(draft, parsePatchPath(name), part, aimed);
  }
}

/** What belongs to a schema that is not kept here is not looked at. */
function isNamed(name: string, schema: ResourceSchema): boolean {
  return !/^urn:/i.test(name) || withoutSchema(schema, name) !== name;
}

interface Change {
  readonly op: Operation;
  readonly schema: ResourceSchema;
  readonly budget: Budget;
  /** Its path names what it is about; otherwise that came along with more. */
  readonly isAimed: boolean;
}

function change(
  draft: Draft,
  { path, filter }: PatchPath,
  value: unknown,
  { op, schema, budget, isAimed }: Change,
): void {
  const attribute = attributeOf(schema.attributes, withoutSchema(schema, path.attribute));
  if (attribute === undefined) return;
  if (attribute.mutability === 'readOnly') {
    // As a whole it comes along with what is changed.
    if (!isAimed) return;
    throw refuse('mutability', `${attribute.name} is not for directories to change`);
  }
  const sub = path.sub === null ? null : attributeOf(attribute.subAttributes ?? [], path.sub);
  if (sub === undefined) return;
  if (attribute.multiValued !== true) {
    if (filter !== null) throw refuse('invalidPath', `${attribute.name} has one value`);
    return changeOne(draft, op, attribute, sub, value);
  }
  if (filter === null && sub === null) return changeAll(draft, op, attribute, value);
  const terms = filter === null ? 1 : termsOf(filter);
  budget.spend(terms * listOf(draft[attribute.name]).length);
  changeSome(draft, op, { attribute, sub, filter }, value, schema);
}

function changeOne(
  draft: Draft,
  op: Operation,
  attribute: Attribute,
  sub: Attribute | null,
  value: unknown,
): void {
  const { name, type } = attribute;
  if (sub !== null) {
    const parts = { ...(draft[name] as Draft | undefined) };
    if (op === 'remove') delete parts[sub.name];
    else parts[sub.name] = value;
    draft[name] = parts;
  } else if (op === 'remove') delete draft[name];
  else if (type === 'complex' && isObject(value)) {
    draft[name] = { ...(draft[name] as Draft | undefined), ...named(value, attribute) };
  } else draft[name] = value;
}

function changeAll(draft: Draft, op: Operation, attribute: Attribute, value: unknown): void {
  const { name } = attribute;
  const had = listOf(draft[name]);
  if (op === 'remove' && (value === undefined || value === null)) {
    delete draft[name];
    return;
  }
  const given = valuesGiven(attribute, value);
  if (op === 'replace') draft[name] = given;
  else if (op === 'remove') {
    // RFC 7644 has them in the path; Entra has them here, and means these and no others.
    const gone = new Set(given.map((one) => one['value']));
    draft[name] = had.filter((one) => !gone.has(one['value']));
  } else draft[name] = joined(had, given);
}

interface Aim {
  readonly attribute: Attribute;
  readonly sub: Attribute | null;
  readonly filter: PatchPath['filter'];
}

function changeSome(
  draft: Draft,
  op: Operation,
  { attribute, sub, filter }: Aim,
  value: unknown,
  schema: ResourceSchema,
): void {
  const { name } = attribute;
  const had = listOf(draft[name]);
  const isMeant = filter === null ? () => true : compileValueFilter(filter, attribute, schema);
  const part = sub === null ? null : sub.name;
  if (op === 'remove') {
    draft[name] =
      part === null
        ? had.filter((one) => !isMeant(one))
        : had.map((one) => (isMeant(one) ? { ...one, [part]: undefined } : one));
    return;
  }
  const given = part === null ? onlyOf(attribute, value) : { [part]: value };
  if (had.some(isMeant)) {
    draft[name] = had.map((one) => (isMeant(one) ? { ...one, ...given } : one));
    return;
  }
  // Directories say so of what they have never set: it is made as the path describes it.
  const described = describedBy(filter, attribute);
  if (described === null) throw refuse('noTarget', `${name}: no value is as the path says`);
  draft[name] = [...had, { ...described, ...given }];
}

/** What a value is that the filter describes by one part; null: it says less, or more. */
function describedBy(filter: PatchPath['filter'], attribute: Attribute): Draft | null {
  if (filter === null) return {};
  if (filter.kind !== 'compare' || filter.by !== 'eq') return null;
  const part = attributeOf(attribute.subAttributes ?? [], filter.path.attribute);
  return part === undefined || filter.path.sub !== null ? null : { [part.name]: filter.to };
}

function valuesGiven(attribute: Attribute, value: unknown): Draft[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((one) => onlyOf(attribute, one));
}

function onlyOf(attribute: Attribute, value: unknown): Draft {
  // A list of one, or the value itself: both are sent.
  const [only, ...others] = Array.isArray(value) ? value : [value];
  if (typeof only === 'string' && others.length === 0) return { value: only };
  if (!isObject(only) || others.length > 0) {
    throw refuse('invalidValue', `${attribute.name}: an object was expected`);
  }
  return named(only, attribute);
}

/** What is given once more takes the place of what was there. */
function joined(had: readonly Draft[], given: readonly Draft[]): Draft[] {
  const byValue = Map.groupBy(given, (one) => one['value']);
  const isAgain = (one: Draft) =>
    byValue.get(one['value'])?.some((other) => isSame(one, other)) === true;
  return [...had.filter((one) => !isAgain(one)), ...given];
}

function isSame(one: Draft, other: Draft): boolean {
  return one['value'] === other['value'] && (other['type'] ?? one['type']) === one['type'];
}

function listOf(value: unknown): Draft[] {
  return Array.isArray(value) ? (value as Draft[]) : [];
}
