import { cutTexts, joined, likeness } from '../../likeness.ts';
import { repeatedReadings } from '../segment-text.ts';
import type { Refusal } from './read-field.ts';

/** RFC 7578 §4.6, and HTML for forms: this field changes the meaning of all others. */
export const CHARSET_FIELD = '_charset_';

/** Fields by which frameworks run another method than that of the request. */
const METHOD_FIELDS = new Set([
  ...['_method', '__method', '_http_method', '$httpmethod'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
  ...['x_http_method_override', 'x_http_method', 'x_method_override'],
]);

/** In JSON as well: Laravel and Symfony, and Express as method-override has it in its manual, look for it there. */
export function isMethodMember(name: string): boolean {
  return name.startsWith('_') && METHOD_FIELDS.has(name.toLowerCase());
}

/** Deeper than this, names are compared no further: they count as alike. */
const DEPTH_MAX = 8;
const PLAIN = /^[A-Za-z0-9_-]+$/;
/**
 * What ends a name, or a part of it, for some service: brackets (PHP, Rack, qs), dots (Spring,
 * ASP.NET), parentheses (Rails), colons (Zope), quotes and blanks that are trimmed, controls that
 * end strings, and what begins or ends a query.
 */
const SEPARATORS = /[\s\p{C}\p{Z}[\](){}<>'"`\u2018-\u201F.,;:!?=&#%\\/*]+/u;
const NESTING = /[.[\]]/;

type Path = readonly string[];

/** How services may read one name: as a path into nested objects, or flattened. */
function pathsOf(name: string): readonly Path[] {
  if (PLAIN.test(name)) return [[name.toLowerCase()]];
  const paths: Path[] = [];
  for (const [text = ''] of repeatedReadings([name])) {
    for (const cut of cutTexts(text)) {
      const alike = likeness(cut);
      const tokens = tokensOf(alike);
      paths.push(tokens.length > 0 ? tokens.slice(0, DEPTH_MAX) : [alike]);
      if (/[ .[]/.test(alike)) paths.push(...flattened(alike));
    }
  }
  return paths;
}

/** PHP writes '_' for a blank, a dot, and a bracket that is not closed. */
function flattened(alike: string): Path[] {
  const written = alike.replace(/^ +/, '');
  const bracket = written.indexOf('[');
  if (bracket >= 0 && !written.includes(']', bracket)) return [[written.replaceAll(/[ .[]/g, '_')]];
  const base = bracket < 0 ? written : written.slice(0, bracket);
  if (!/[ .]/.test(base)) return [];
  const rest = bracket < 0 ? [] : tokensOf(written.slice(bracket));
  return [[base.replaceAll(/[ .]/g, '_'), ...rest].slice(0, DEPTH_MAX)];
}

function tokensOf(alike: string): string[] {
  return alike.split(SEPARATORS).filter((token) => token !== '');
}

/** Without the separators by which other languages write the same name. */
function joinedPaths(paths: readonly Path[]): readonly Path[] {
  return paths.map((path) => path.map(joined));
}

/** Paths of names, and the name that each belongs to. */
class NameTree {
  readonly #ends = new Map<string, string>();
  readonly #passed = new Map<string, string>();

  add(name: string, paths: readonly Path[]): void {
    for (const path of paths) {
      const keys = keysOf(path);
      const end = keys.pop() as string;
      if (!this.#ends.has(end)) this.#ends.set(end, name);
      for (const key of keys) if (!this.#passed.has(key)) this.#passed.set(key, name);
    }
  }

  /** What is called so, or lies within what is called so. */
  at(key: string): string | undefined {
    return this.#ends.get(key) ?? this.#passed.get(key);
  }

  /** Another name that this one is the same as, lies within, or lies around, for some service. */
  other(name: string | undefined, paths: readonly Path[]): string | undefined {
    for (const path of paths) {
      const keys = keysOf(path);
      for (const key of keys) {
        const owner = this.#ends.get(key);
        if (owner !== undefined && owner !== name) return owner;
      }
      const around = this.#passed.get(keys.at(-1) as string);
      if (around !== undefined && around !== name) return around;
    }
    return undefined;
  }

  /** The name of one word that is the last word of this path: `pay.amount` where a model is called so. */
  tail(paths: readonly Path[]): string | undefined {
    for (const path of paths) {
      const found = path.length < 2 ? undefined : this.#ends.get(path.at(-1) as string);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function keysOf(path: Path): string[] {
  const keys: string[] = [];
  let key = '';
  for (const token of path) {
    key = key === '' ? token : `${key}\0${token}`;
    keys.push(key);
  }
  return keys;
}

/**
 * The names that a description gives to fields of a form or a query. What stands beside them
 * undescribed is nobody's business, as long as no service takes it for one of them.
 */
export class FieldNames {
  readonly #exact = new Set<string>();
  readonly #described = new NameTree();
  /** By their path: objects, whose members are written `name[member]`, or by their own names alone. */
  readonly #objects = new Map<string, { readonly name: string; readonly isBracketed: boolean }>();
  readonly #ownerOf = new Map<string, string>();
  /** With items of lists, which names write as `[]` or as `[0]`. */
  readonly #counted = new Set<string>();

  constructor(described: Iterable<string>) {
    for (const name of described) {
      this.#exact.add(name);
      this.#described.add(name, joinedPaths(pathsOf(name)));
    }
  }

  /** An object of several fields; `members` are the names of those that are written in brackets. */
  addObject(
    name: string,
    members: Iterable<{ readonly text: string; readonly isEnd: boolean }> | undefined,
  ): void {
    const root = keysOf(joinedPaths(pathsOf(name))[0] as Path).at(-1) as string;
    this.#objects.set(root, { name, isBracketed: members !== undefined });
    for (const { text, isEnd } of members ?? []) {
      this.#exact.add(text);
      if (text.includes('[]')) this.#counted.add(text);
      this.#ownerOf.set(text, name);
      if (isEnd) this.#described.add(text, joinedPaths(pathsOf(text)));
    }
  }

  has(name: string): boolean {
    if (this.#exact.has(name)) return true;
    return this.#counted.size > 0 && this.#counted.has(name.replaceAll(/\[[0-9]+\]/g, '[]'));
  }

  /**
   * What is wrong with the first of these names that is not described and may be read as another
   * one, or as an order to the service. Where `_charset_` says UTF-8, it is not to be among them.
   * Names that somebody allowed give no orders but those that were allowed.
   */
  doubtAmong(
    names: Iterable<string>,
    isAllowed: (name: string) => boolean = () => false,
  ): NameDoubt | undefined {
    let present: NameTree | undefined;
    for (const name of names) {
      if (this.has(name)) continue;
      const paths = pathsOf(name);
      const order = isAllowed(name) ? undefined : orderIn(paths);
      if (order !== undefined) return { rule: order, pointer: '' };
      const like = this.#like(name, joinedPaths(paths));
      if (like !== undefined) {
        return { rule: 'look-alike', pointer: '', like: this.#ownerOf.get(like) ?? like };
      }
      present ??= new NameTree();
      if (present.other(name, paths) !== undefined) return { rule: 'look-alike', pointer: '' };
      present.add(name, paths);
    }
    return undefined;
  }

  /**
   * The described name that a name of another place is, or may be read as. `isNested`: also where it ends in
   * it, as the name of a field in a model does.
   */
  meantBy(name: string, isNested: boolean): string | undefined {
    if (PLAIN.test(name)) {
      const key = joined(name.toLowerCase());
      const found = this.#described.at(key) ?? this.#objects.get(key)?.name;
      return found === undefined ? undefined : (this.#ownerOf.get(found) ?? found);
    }
    const paths = joinedPaths(pathsOf(name));
    const found =
      this.#described.other(undefined, paths) ??
      this.#objectAround(undefined, paths)?.name ??
      (isNested ? this.#described.tail(paths) : undefined);
    return found === undefined ? undefined : (this.#ownerOf.get(found) ?? found);
  }

  #like(name: string, paths: readonly Path[]): string | undefined {
    const other = this.#described.other(name, paths);
    // Whoever reads its value tells what is wrong with it.
    if (other !== undefined) return this.#isBehind(name, other) ? undefined : other;
    const object = this.#objectAround(name, paths);
    if (object !== undefined) {
      const isMember = object.isBracketed && name.startsWith(`${object.name}[`);
      return isMember ? undefined : object.name;
    }
    if (!paths.some((path) => path.length > 1) || !NESTING.test(likeness(name))) return undefined;
    return this.#described.tail(paths) ?? this.#objectWithin(paths);
  }

  /** `pay[lines][0][price]`, which ASP.NET binds to `lines` of a model that is called `pay`. */
  #objectWithin(paths: readonly Path[]): string | undefined {
    for (const word of paths.flatMap((path) => path.slice(1))) {
      const object = this.#objects.get(word);
      if (object?.isBracketed === true) return object.name;
    }
    return undefined;
  }

  /** `created[]` where members of `created` are described, and `list[x]` where its items are. */
  #isBehind(name: string, described: string): boolean {
    const owner = this.#ownerOf.get(described);
    if (owner === undefined || !name.startsWith(`${owner}[`)) return false;
    if (/^\[[\s\p{Z}]*\]/u.test(name.slice(owner.length))) return true;
    return described.endsWith('[]') && name.startsWith(described.slice(0, -1));
  }

  #objectAround(name: string | undefined, paths: readonly Path[]) {
    if (this.#objects.size === 0) return undefined;
    for (const path of paths) {
      for (const key of keysOf(path)) {
        const object = this.#objects.get(key);
        if (object !== undefined && object.name !== name) return object;
      }
    }
    return undefined;
  }
}

function orderIn(paths: readonly Path[]): string | undefined {
  for (const [first = ''] of paths) {
    if (METHOD_FIELDS.has(first)) return 'method-override';
    if (first === CHARSET_FIELD) return 'charset';
  }
  return undefined;
}

export interface NameDoubt extends Refusal {
  /** The described name that it is like. */
  readonly like?: string;
}
