import { cookieName, foldedCookieName, trimBlanks } from '../../blanks.ts';
import type { HeaderFields } from '../../header-fields.ts';
import type { FieldSpec, Pair } from './field-set.ts';
import { propertiesOf } from './read-field.ts';

/**
 * RFC 6265 §4.2, read leniently: pairs without a name or '=' are skipped, values are not
 * unquoted. `repeated` holds the names that occur twice: servers differ in which one they take.
 * `lookalikes` are names that a service may read, and we do not. However many cookies come, each is
 * read: their number is bounded by the header section.
 */
export function readCookies(
  headers: HeaderFields,
  specs: readonly FieldSpec[],
): { pairs: Pair[]; repeated: ReadonlySet<string>; lookalikes: ReadonlySet<string> } {
  const pairs: Pair[] = [];
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const lookalikes = new Set<string>();
  const joined = specs.filter(isJoined);
  const documented = documentedNames(specs);
  for (const part of headers.all('cookie').join(';').split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const { name, bare } = cookieName(part.slice(0, equals));
    const raw = trimBlanks(part.slice(equals + 1));
    if (bare !== name) lookalikes.add(bare);
    const meant = documented.get(foldedCookieName(bare));
    if (meant !== undefined && !meant.names.has(name))
      for (const one of meant.owners) lookalikes.add(one);
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
    const isList = joined.some((spec) => spec.name === name || propertiesOf(spec.shape).has(name));
    if (isList && raw.includes('&')) pairs.push(...takeJoinedApart(name, raw));
    else pairs.push({ name, raw });
  }
  return { pairs, repeated, lookalikes };
}

interface Meant {
  /** As they are described: `c` and `C` may both be. */
  readonly names: Set<string>;
  readonly owners: Set<string>;
}

const namesOf = new WeakMap<readonly FieldSpec[], Map<string, Meant>>();

/** By the name as a lenient service compares it: the cookies described, properties of objects included. */
function documentedNames(specs: readonly FieldSpec[]): Map<string, Meant> {
  const known = namesOf.get(specs);
  if (known !== undefined) return known;
  const documented = new Map<string, Meant>();
  for (const spec of specs) {
    for (const name of [spec.name, ...propertiesOf(spec.shape).keys()]) {
      const folded = foldedCookieName(name);
      const meant = documented.get(folded) ?? { names: new Set(), owners: new Set() };
      meant.names.add(name);
      meant.owners.add(spec.name);
      documented.set(folded, meant);
    }
  }
  namesOf.set(specs, documented);
  return documented;
}

/** Style form, exploded, writes lists and objects with '&' into one cookie. */
function isJoined({ style, explode, content, shape }: FieldSpec): boolean {
  const isMany = shape.types?.some((type) => type === 'array' || type === 'object') ?? false;
  return style === 'form' && explode && content === null && isMany;
}

/** color=blue&color=black */
function takeJoinedApart(name: string, raw: string): Pair[] {
  return `${name}=${raw}`.split('&').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0
      ? { name, raw: part }
      : { name: part.slice(0, equals), raw: part.slice(equals + 1) };
  });
}
