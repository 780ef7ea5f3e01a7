import type { AttributePath, Comparand, Comparison, Filter } from './attribute-path.ts';
import { refuse } from './scim-error.ts';
import { type Attribute, attributeOf, type ResourceSchema, withoutSchema } from './scim-schema.ts';

/** A resource, by the names of its schema. */
export type Resource = Readonly<Record<string, unknown>>;

type Test = (resource: Resource) => boolean;

/** A name that is looked up, and not looked for. */
export interface Lookup {
  /** In small letters. */
  readonly attribute: string;
  readonly value: string;
}

/** RFC 7644 §3.4.2.2. Throws ScimError where it asks about what no resource here has. */
export function compileFilter(filter: Filter, schema: ResourceSchema): Test {
  return compile(filter, schema.attributes, schema);
}

/** Names of which whatever passes has one; none: anything may pass. */
export function lookupsOf(filter: Filter, schema: ResourceSchema): Lookup[] {
  if (filter.kind === 'and') return filter.parts.flatMap((part) => lookupsOf(part, schema));
  if (filter.kind !== 'compare' || filter.by !== 'eq' || typeof filter.to !== 'string') return [];
  const { attribute, sub } = filter.path;
  if (sub !== null) return [];
  return [{ attribute: withoutSchema(schema, attribute).toLowerCase(), value: filter.to }];
}

/** How much is compared for one value. */
export function termsOf(filter: Filter): number {
  if ('parts' in filter) return filter.parts.reduce((sum, part) => sum + termsOf(part), 0);
  return 'filter' in filter ? 1 + termsOf(filter.filter) : 1;
}

/** Whether it asks about this attribute, anywhere. */
export function asksAbout(filter: Filter, name: string): boolean {
  if ('parts' in filter) return filter.parts.some((part) => asksAbout(part, name));
  if (filter.kind === 'not') return asksAbout(filter.filter, name);
  return filter.path.attribute.toLowerCase().split(':').at(-1) === name.toLowerCase();
}

/** Of one of several values: whether the filter of a path holds for it. */
export function compileValueFilter(
  filter: Filter,
  attribute: Attribute,
  schema: ResourceSchema,
): Test {
  return compile(filter, attribute.subAttributes ?? [], schema);
}

function compile(filter: Filter, attributes: readonly Attribute[], schema: ResourceSchema): Test {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.parts.map((part) => compile(part, attributes, schema));
      return (resource) => parts.every((part) => part(resource));
    }
    case 'or': {
      const parts = filter.parts.map((part) => compile(part, attributes, schema));
      return (resource) => parts.some((part) => part(resource));
    }
    case 'not': {
      const inner = compile(filter.filter, attributes, schema);
      return (resource) => !inner(resource);
    }
    case 'value': {
      const { attribute } = known(filter.path, attributes, schema);
      if (filter.path.sub !== null || attribute.subAttributes === undefined) throw unknown();
      const inner = compile(filter.filter, attribute.subAttributes, schema);
      return (resource) => valuesOf(resource, attribute).some((value) => inner(value as Resource));
    }
    case 'present': {
      const found = known(filter.path, attributes, schema);
      return (resource) => read(resource, found).length > 0;
    }
    case 'compare': {
      const found = known(filter.path, attributes, schema);
      const { by, to } = filter;
      const compare = comparing(found.sub ?? found.attribute, by, to);
      // RFC 7643 §2.5: what is null is not there.
      if (to === null) return (resource) => (read(resource, found).length === 0) === (by === 'eq');
      if (by === 'ne') return (resource) => !read(resource, found).some(compare);
      return (resource) => read(resource, found).some(compare);
    }
    default:
      return filter satisfies never;
  }
}

interface Found {
  readonly attribute: Attribute;
  readonly sub: Attribute | null;
}

function known(
  path: AttributePath,
  attributes: readonly Attribute[],
  schema: ResourceSchema,
): Found {
  const attribute = attributeOf(attributes, withoutSchema(schema, path.attribute));
  if (attribute === undefined) throw unknown();
  const parts = attribute.subAttributes ?? [];
  // RFC 7644 §3.4.2.2: of several values, `value` is meant where nothing is named.
  const name = path.sub ?? (attribute.type === 'complex' ? 'value' : null);
  if (name === null) return { attribute, sub: null };
  const sub = attributeOf(parts, name);
  if (sub === undefined && path.sub !== null) throw unknown();
  return { attribute, sub: sub ?? null };
}

function unknown() {
  return refuse('invalidFilter', 'the filter asks about an attribute that is not kept here');
}

function valuesOf(resource: Resource, { name }: Attribute): unknown[] {
  return [resource[name]].flat().filter((value) => value !== undefined && value !== null);
}

function read(resource: Resource, { attribute, sub }: Found): unknown[] {
  const values = valuesOf(resource, attribute);
  return sub === null ? values : values.flatMap((value) => valuesOf(value as Resource, sub));
}

function comparing(
  { type, caseExact }: Attribute,
  by: Comparison,
  to: Comparand,
): (value: unknown) => boolean {
  if (type === 'dateTime') return comparingTimes(by, to);
  const folded = (text: string) => (caseExact === true ? text : text.toLowerCase());
  if (typeof to !== 'string') {
    if (!['eq', 'ne'].includes(by)) throw refuse('invalidFilter', `${by} compares texts`);
    return (value) => value === to;
  }
  // Directories that know no booleans write them so.
  if (type === 'boolean') return (value) => String(value) === to.toLowerCase();
  const wanted = folded(to);
  const tests: Readonly<Record<Comparison, (text: string) => boolean>> = {
    eq: (text) => text === wanted,
    ne: (text) => text === wanted,
    co: (text) => text.includes(wanted),
    sw: (text) => text.startsWith(wanted),
    ew: (text) => text.endsWith(wanted),
    gt: (text) => text > wanted,
    ge: (text) => text >= wanted,
    lt: (text) => text < wanted,
    le: (text) => text <= wanted,
  };
  return (value) => typeof value === 'string' && tests[by](folded(value));
}

function comparingTimes(by: Comparison, to: Comparand): (value: unknown) => boolean {
  const wanted = typeof to === 'string' ? Date.parse(to) : Number.NaN;
  if (to !== null && Number.isNaN(wanted)) {
    throw refuse('invalidFilter', 'a time was expected, such as 2026-11-30T10:00:00Z');
  }
  const tests: Readonly<Partial<Record<Comparison, (time: number) => boolean>>> = {
    eq: (time) => time === wanted,
    ne: (time) => time === wanted,
    gt: (time) => time > wanted,
    ge: (time) => time >= wanted,
    lt: (time) => time < wanted,
    le: (time) => time <= wanted,
  };
  const compare = tests[by];
  if (compare === undefined) throw refuse('invalidFilter', `${by} does not compare times`);
  return (value) => compare(Date.parse(String(value)));
}
