import { cookieParts, cookieReadings, cookieText } from '../../header-fields/cookie-parts.ts';
import type { HeaderFields } from '../../header-fields/header-fields.ts';
import type { FieldSpec, Pair } from './field-set.ts';
import { decodePercent } from './lexemes.ts';
import { propertiesOf } from './read-field.ts';

/**
 * RFC 6265 §4.2, read leniently: pairs without a name or '=' are skipped, values are not
 * unquoted. `repeated` holds the names that occur twice: servers differ in which one they take.
 * `faults` holds the rule that a described cookie breaks, by its name: a service may read it where
 * we do not, not read it, or read another value. Strangers may be written in any way.
 */
export function readCookies(
  headers: HeaderFields,
  specs: readonly FieldSpec[],
): { pairs: Pair[]; repeated: ReadonlySet<string>; faults: ReadonlyMap<string, string> } {
  const pairs: Pair[] = [];
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const faults = new Map<string, string>();
  const documented = documentedNames(specs);
  const blame = (owners: Iterable<string>, rule: string) => {
    for (const owner of owners) if (!faults.has(owner)) faults.set(owner, rule);
  };
  for (const { text, name, raw, isPadded, inner, isQuoted } of cookieParts(cookieText(headers))) {
    for (const other of inner) {
      for (const meant of meantBy(other, documented)) blame(meant.owners, 'look-alike');
    }
    if (text === '') continue;
    let isDescribed = false;
    for (const meant of meantBy(name ?? text, documented)) {
      isDescribed ||= name !== undefined && meant.names.has(name);
      if (name === undefined || !meant.names.has(name)) blame(meant.owners, 'look-alike');
      else if (isQuoted) blame(meant.owners, 'quotes');
    }
    if (name === undefined) continue;
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
    const isOwner = (spec: FieldSpec) => spec.name === name || propertiesOf(spec.shape).has(name);
    const owners = isDescribed ? specs.filter(isOwner) : [];
    for (const spec of owners) {
      const fault = isPadded ? 'character' : faultOfValue(raw, spec);
      if (fault !== undefined) blame([spec.name], fault);
    }
    if (raw.includes('&') && owners.some(isJoined)) pairs.push(...takeJoinedApart(name, raw));
    else pairs.push({ name, raw });
  }
  return { pairs, repeated, faults };
}

/** RFC 6265 §4.1.1, without the brackets that end a value for WebOb, as blanks and commas do for others. */
const OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5a\x5e-\x7e]*$/;
/** Styles write commas between items. */
const OCTETS_OR_COMMAS = /^[\x21\x23-\x3a\x3c-\x5a\x5e-\x7e]*$/;
/** What is not ASCII is UTF-8 for some, and Latin-1 for others. */
const JSON_OCTETS = /^[\t\x20-\x7e]*$/;
const QUOTED = /^"[^"\\]*"$/;

/** What services read differently in a value; whether it fits its schema is asked elsewhere. */
function faultOfValue(raw: string, spec: FieldSpec): string | undefined {
  if (spec.content === 'json') return JSON_OCTETS.test(raw) ? undefined : 'character';
  if (raw.startsWith('"') && (!QUOTED.test(raw) || isJoined(spec))) return 'quotes';
  const bare = unquoted(raw) ?? raw;
  if (!(isMany(spec) ? OCTETS_OR_COMMAS : OCTETS).test(bare)) return 'character';
  // cookie-parser of Express makes an object of it.
  return (decodePercent(bare) ?? bare).startsWith('j:') ? 'json-prefix' : undefined;
}

/** As it is read by services that take quotes away, and by some that do not; undefined: there are none. */
export function unquoted(raw: string): string | undefined {
  return QUOTED.test(raw) ? raw.slice(1, -1) : undefined;
}

interface Meant {
  /** As they are described: `c` and `C` may both be. */
  readonly names: Set<string>;
  readonly owners: Set<string>;
}

const namesOf = new WeakMap<readonly FieldSpec[], Map<string, Meant>>();

/** By the name as lenient services compare it: the cookies described, properties of objects included. */
function documentedNames(specs: readonly FieldSpec[]): Map<string, Meant> {
  const known = namesOf.get(specs);
  if (known !== undefined) return known;
  const documented = new Map<string, Meant>();
  for (const spec of specs) {
    for (const name of [spec.name, ...propertiesOf(spec.shape).keys()]) {
      for (const reading of cookieReadings(name)) {
        const meant = documented.get(reading) ?? { names: new Set(), owners: new Set() };
        meant.names.add(name);
        meant.owners.add(spec.name);
        documented.set(reading, meant);
      }
    }
  }
  namesOf.set(specs, documented);
  return documented;
}

function* meantBy(name: string, documented: ReadonlyMap<string, Meant>): Generator<Meant> {
  for (const reading of cookieReadings(name)) {
    const meant = documented.get(reading);
    if (meant !== undefined) yield meant;
  }
}

/** Style form, exploded, writes lists and objects with '&' into one cookie. */
function isJoined(spec: FieldSpec): boolean {
  return spec.style === 'form' && spec.explode && isMany(spec);
}

function isMany({ content, shape }: FieldSpec): boolean {
  return content === null && (shape.types?.some((type) => MANY.has(type)) ?? false);
}

const MANY: ReadonlySet<string> = new Set(['array', 'object']);

/** color=blue&color=black */
function takeJoinedApart(name: string, raw: string): Pair[] {
  return `${name}=${raw}`.split('&').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0
      ? { name, raw: part }
      : { name: part.slice(0, equals), raw: part.slice(equals + 1) };
  });
}
