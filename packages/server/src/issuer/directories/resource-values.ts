import type { Resource } from './filter.ts';
import { refuse } from './scim-error.ts';
import { type Attribute, attributeOf, type ResourceSchema } from './scim-schema.ts';

const TEXT_LENGTH_MAX = 200;
/** What nobody sees makes two names of one: controls, and marks of direction and joining. */
const TEXT = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** Null: it is not there, or empty, which is the same (RFC 7643 §2.5). Throws ScimError. */
export function textOf(resource: Resource, name: string): string | null {
  const value = memberOf(resource, name);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value.length > TEXT_LENGTH_MAX || !TEXT.test(value)) {
    throw refuse('invalidValue', `${name}: a text of up to ${TEXT_LENGTH_MAX} was expected`);
  }
  const text = value.trim();
  return text === '' ? null : text;
}

/** Null: it is not there. Directories that know no booleans write "True" and "False". Throws ScimError. */
export function booleanOf(resource: Resource, name: string): boolean | null {
  const value = memberOf(resource, name);
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word === 'true' || word === 'false') return word === 'true';
  throw refuse('invalidValue', `${name}: true or false was expected`);
}

/** RFC 7643 §3: a resource says what it is; what does not say it is taken for what is asked for. Throws ScimError. */
export function checkSchemas(resource: Resource, { id, name }: ResourceSchema): void {
  const schemas = memberOf(resource, 'schemas');
  if (schemas === undefined) return;
  const isOne =
    Array.isArray(schemas) &&
    schemas.some((one) => typeof one === 'string' && one.toLowerCase() === id.toLowerCase());
  if (!isOne) throw refuse('invalidSyntax', `schemas: ${id} was expected, of a ${name}`);
}

/** The body of a request. Throws ScimError. */
export function objectOf(value: unknown): Resource {
  if (isObject(value)) return value;
  throw refuse('invalidSyntax', 'an object was expected');
}

export function metaOf(
  resourceType: string,
  location: string,
  times: { readonly createdAt: number; readonly changedAt: number; readonly version: number },
): Resource {
  return {
    resourceType,
    created: new Date(times.createdAt).toISOString(),
    lastModified: new Date(times.changedAt).toISOString(),
    location,
    version: tagOf(times.version),
  };
}

/** RFC 9110 §8.8.3. */
export function tagOf(version: number): string {
  return `W/"${version}"`;
}

/** By the names of the schema; what is not kept is left out. */
export function named(value: Resource, { subAttributes = [] }: Attribute): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    const known = attributeOf(subAttributes, name);
    if (known !== undefined) parts[known.name] = part;
  }
  return parts;
}

export function isObject(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7643 §2.1: names are compared without case. */
export function memberOf(object: Resource, name: string): unknown {
  const wanted = name.toLowerCase();
  const [found, again] = Object.keys(object).filter((key) => key.toLowerCase() === wanted);
  if (again !== undefined) throw refuse('invalidSyntax', `${name}: it stands twice`);
  return found === undefined ? undefined : object[found];
}
