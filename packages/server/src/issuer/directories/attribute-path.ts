import { parseJsonText } from '@poorter/openapi/json';
import { refuse, type ScimType } from './scim-error.ts';

/** RFC 7644 §3.4.2.2. Names stand as they were written. */
export interface AttributePath {
  /** With the schema before it, where one was written. */
  readonly attribute: string;
  readonly sub: string | null;
}

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type Comparand = string | number | boolean | null;

export type Filter =
  | {
      readonly kind: 'compare';
      readonly path: AttributePath;
      readonly by: Comparison;
      readonly to: Comparand;
    }
  | { readonly kind: 'present'; readonly path: AttributePath }
  /** One of several values for which the filter holds. */
  | { readonly kind: 'value'; readonly path: AttributePath; readonly filter: Filter }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter };

/** RFC 7644 §3.5.2: what an operation is about. */
export interface PatchPath {
  readonly path: AttributePath;
  /** Which of several values; null: all. */
  readonly filter: Filter | null;
}

const COMPARISONS: ReadonlySet<string> = new Set<Comparison>([
  ...(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const),
]);
/** More than any directory writes. */
const DEPTH_MAX = 20;
const TEXT_LENGTH_MAX = 4_000;

/** Blanks; brackets; a JSON string (RFC 8259 §7); a word: a name, an operator, a number. */
const TOKEN = /[ ]+|[()[\]]|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"|[^\s()[\]"]+/uy;
const NAME = /^\$?[A-Za-z][\w-]*$/;
/** RFC 8141 §2, as far as names of schemas go; the last part is the attribute. */
const IN_SCHEMA = /^(urn:[\w.:-]+):([^:]+)$/i;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

type Fault = Extract<ScimType, 'invalidFilter' | 'invalidPath' | 'invalidValue'>;
const WHERE: Readonly<Record<Fault, string>> = {
  invalidFilter: 'the filter: ',
  invalidPath: 'the path: ',
  invalidValue: 'the attributes: ',
};

/** Throws ScimError. */
export function parseFilter(text: string): Filter {
  const reader = new Reader(text, 'invalidFilter');
  const filter = reader.either(0);
  reader.end();
  return filter;
}

/** Throws ScimError. */
export function parsePatchPath(text: string): PatchPath {
  const reader = new Reader(text, 'invalidPath');
  const path = reader.patchPath();
  reader.end();
  return path;
}

/** Throws ScimError. */
export function parseAttributePath(text: string, fault: Fault = 'invalidPath'): AttributePath {
  const [, schema, rest = text] = IN_SCHEMA.exec(text) ?? [];
  // Only what is in a schema of its own is told from it by a colon.
  const [attribute = '', sub, ...more] = rest.split('.');
  if (!NAME.test(attribute) || (sub !== undefined && !NAME.test(sub)) || more.length > 0) {
    throw refuse(fault, `${WHERE[fault]}a name of an attribute was expected, as name.givenName`);
  }
  return {
    attribute: schema === undefined ? attribute : `${schema}:${attribute}`,
    sub: sub ?? null,
  };
}

/** One token after another. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #fault: Fault;
  #at = 0;

  constructor(text: string, fault: Fault) {
    this.#fault = fault;
    if (text.length > TEXT_LENGTH_MAX)
      throw this.#expected(`at most ${TEXT_LENGTH_MAX} characters`);
    this.#tokens = this.#split(text);
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#expected('the end');
  }

  either(depth: number): Filter {
    return this.#series('or', () => this.#series('and', () => this.#one(depth)));
  }

  patchPath(): PatchPath {
    const path = this.#path();
    if (this.#peek() !== '[') return { path, filter: null };
    const filter = this.#bracketed(0);
    if (this.#at === this.#tokens.length) return { path, filter };
    const sub = this.#partBehind(path);
    if (sub === null) throw this.#expected('a name of a part, such as .value');
    return { path: { ...path, sub }, filter };
  }

  /** `.value` behind brackets; null: none stands there. */
  #partBehind({ sub }: AttributePath): string | null {
    const token = this.#tokens[this.#at] ?? '';
    if (!token.startsWith('.')) return null;
    this.#at += 1;
    if (sub !== null || !NAME.test(token.slice(1))) {
      throw this.#expected('a name of a part, such as .value');
    }
    return token.slice(1);
  }

  #split(text: string): string[] {
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const token = TOKEN.exec(text)?.[0];
      if (token === undefined) throw this.#expected('names, operators and quoted values');
      if (!token.startsWith(' ')) tokens.push(token);
    }
    return tokens;
  }

  #series(kind: 'and' | 'or', read: () => Filter): Filter {
    const parts = [read()];
    while (this.#peek() === kind) {
      this.#at += 1;
      parts.push(read());
    }
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : { kind, parts };
  }

  #one(depth: number): Filter {
    if (depth > DEPTH_MAX) throw this.#expected(`at most ${DEPTH_MAX} brackets in each other`);
    const isNot = this.#peek() === 'not' && this.#tokens[this.#at + 1] === '(';
    if (isNot) this.#at += 1;
    if (this.#peek() === '(') {
      this.#at += 1;
      const filter = this.either(depth + 1);
      this.#take(')');
      return isNot ? { kind: 'not', filter } : filter;
    }
    const path = this.#path();
    if (this.#peek() !== '[') return this.#comparison(path);
    const filter = this.#bracketed(depth + 1);
    const sub = this.#partBehind(path);
    if (sub === null) return { kind: 'value', path, filter };
    // RFC 7644 has it in paths alone; Entra asks so for an address of one type.
    const compared = this.#comparison({ attribute: sub, sub: null });
    return { kind: 'value', path, filter: { kind: 'and', parts: [filter, compared] } };
  }

  #bracketed(depth: number): Filter {
    this.#take('[');
    const filter = this.either(depth);
    this.#take(']');
    return filter;
  }

  #comparison(path: AttributePath): Filter {
    const by = this.#peek();
    this.#at += 1;
    if (by === 'pr') return { kind: 'present', path };
    if (by === undefined || !COMPARISONS.has(by)) {
      throw this.#expected('eq, ne, co, sw, ew, gt, ge, lt, le or pr');
    }
    return { kind: 'compare', path, by: by as Comparison, to: this.#comparand() };
  }

  #comparand(): Comparand {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    if (token.startsWith('"')) return parseJsonText(token) as string;
    const word = token.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    if (NUMBER.test(token)) return Number(token);
    throw this.#expected('a value in double quotes, a number, true, false or null');
  }

  #path(): AttributePath {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    return parseAttributePath(token, this.#fault);
  }

  /** Operators are compared without case. */
  #peek(): string | undefined {
    return this.#tokens[this.#at]?.toLowerCase();
  }

  #take(token: string): void {
    if (this.#tokens[this.#at] !== token) throw this.#expected(token);
    this.#at += 1;
  }

  #expected(what: string) {
    return refuse(this.#fault, `${WHERE[this.#fault]}${what} was expected`);
  }
}
