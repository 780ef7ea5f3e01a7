import { type AttributePath, parseAttributePath } from './attribute-path.ts';
import type { Resource } from './filter.ts';
import { refuse } from './scim-error.ts';
import { attributeOf, type ResourceSchema, withoutSchema } from './scim-schema.ts';

/** RFC 7644 §3.9: which attributes of a resource are answered. */
export type Chosen =
  | { readonly kind: 'all' }
  | { readonly kind: 'these' | 'others'; readonly paths: readonly AttributePath[] };

const PATHS_MAX = 100;

/** Throws ScimError. */
export function chosenOf(query: URLSearchParams): Chosen {
  const [these, others] = [query.get('attributes'), query.get('excludedAttributes')];
  if (these !== null && others !== null) {
    const message = 'attributes or excludedAttributes was expected, and not both';
    throw refuse('invalidValue', message);
  }
  const text = these ?? others;
  if (text === null || text.trim() === '') return { kind: 'all' };
  const names = text.split(',').map((name) => name.trim());
  if (names.length > PATHS_MAX) throw refuse('invalidValue', `at most ${PATHS_MAX} names`);
  const paths = names.map((name) => parseAttributePath(name, 'invalidValue'));
  return { kind: these === null ? 'others' : 'these', paths };
}

/** Whether any of it is answered. */
export function isChosen(chosen: Chosen, name: string, schema: ResourceSchema): boolean {
  if (chosen.kind === 'all') return true;
  const about = chosen.paths.filter((path) => isAbout(path, name, schema));
  if (chosen.kind === 'these') return about.length > 0;
  return about.every(({ sub }) => sub !== null);
}

/** What somebody did not ask for is left out. */
export function chosenParts(resource: Resource, chosen: Chosen, schema: ResourceSchema): Resource {
  if (chosen.kind === 'all') return resource;
  const parts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(resource)) {
    if (attributeOf(schema.attributes, name)?.returned === 'always') parts[name] = value;
    else if (isChosen(chosen, name, schema)) parts[name] = chosenValue(value, name, chosen, schema);
  }
  return parts;
}

function chosenValue(
  value: unknown,
  name: string,
  { kind, paths }: Exclude<Chosen, { readonly kind: 'all' }>,
  schema: ResourceSchema,
): unknown {
  const about = paths.filter((path) => isAbout(path, name, schema));
  const subs = new Set(about.flatMap(({ sub }) => (sub === null ? [] : [sub.toLowerCase()])));
  const isWhole = kind === 'these' && about.some(({ sub }) => sub === null);
  if (isWhole || subs.size === 0) return value;
  const narrow = (one: unknown) =>
    Object.fromEntries(
      Object.entries(one as object).filter(
        ([part]) => subs.has(part.toLowerCase()) === (kind === 'these'),
      ),
    );
  return Array.isArray(value) ? value.map(narrow) : narrow(value);
}

function isAbout({ attribute }: AttributePath, name: string, schema: ResourceSchema): boolean {
  return withoutSchema(schema, attribute).toLowerCase() === name.toLowerCase();
}
