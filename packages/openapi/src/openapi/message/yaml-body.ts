import {
  Composer,
  type CST,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { JsonBounds } from '../../json/index.ts';
import { escapeSegment } from '../document/pointer.ts';
import { strictUtf8 } from './multipart.ts';
import { isTimestamp } from './yaml-dates.ts';
import { LexemeCheck, YamlFault } from './yaml-lexemes.ts';
import type { YamlDates, YamlReading, YamlTexts } from './yaml-reader.ts';
import {
  isPlainKeyClear,
  READERS_COUNT,
  type Readings,
  readPlain,
  readUnended,
} from './yaml-scalars.ts';

/** A byte costs about two microseconds. */
const BYTES_MAX = 131_072;

/** Controls, what some take for the end of a line and others do not, and marks that no text begins with. */
const DOUBTFUL =
  /[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|[\u2028\u2029]|\r(?!\n)/u;

/**
 * One document of YAML, as the JSON that services read in it. What they read differently by its structure is refused:
 * anchors, tags, tabs, keys that are not in one line or no texts. It is parsed by the library, one lexeme at a time, so
 * that what has no end (nesting, faults) ends early.
 */
export function readYaml(bytes: Uint8Array, bounds: JsonBounds): YamlReading {
  try {
    const writing = writingOf(bytes, bounds);
    return { ok: true, texts: writing.texts(), dates: writing.hasDates ? writing : undefined };
  } catch (error) {
    if (error instanceof YamlFault) {
      return { ok: false, refusal: { rule: error.rule, pointer: error.pointer } };
    }
    // The parser recurses.
    if (error instanceof RangeError) {
      return { ok: false, refusal: { rule: 'json-depth', pointer: '' } };
    }
    throw error;
  }
}

function writingOf(bytes: Uint8Array, bounds: JsonBounds): JsonWriting {
  if (bytes.length > BYTES_MAX) throw new YamlFault('yaml-bytes');
  const decoded = strictUtf8(bytes);
  if (decoded === undefined) throw new YamlFault('json-encoding');
  // As in JSON: some take it for a part of the first name, or count it where they count how far a line is indented.
  if (decoded.startsWith('\ufeff')) throw new YamlFault('json-encoding');
  if (DOUBTFUL.test(decoded)) throw new YamlFault('yaml-syntax');
  const text = decoded.replaceAll('\r\n', '\n');
  const writing = new JsonWriting(text);
  writing.write(compose(parse(text, bounds)));
  return writing;
}

/** The concrete syntax: the document, and what stands around it. */
function parse(text: string, { depthMax }: JsonBounds): CST.Token[] {
  const parser = new Parser();
  const check = new LexemeCheck();
  const tokens: CST.Token[] = [];
  let documents = 0;
  const take = (token: CST.Token) => {
    if (token.type === 'error') throw new YamlFault('yaml-syntax');
    if (token.type === 'document' && ++documents > 1) throw new YamlFault('yaml-syntax');
    tokens.push(token);
  };
  for (const lexeme of new Lexer().lex(text)) {
    check.next(lexeme);
    for (const token of parser.next(lexeme)) take(token);
    // The document itself, and a scalar within all the rest.
    if (parser.stack.length > depthMax + 2) throw new YamlFault('json-depth');
  }
  for (const token of parser.end()) take(token);
  return tokens;
}

/** The nodes of the only document; undefined where there is none. */
function compose(tokens: readonly CST.Token[]): unknown {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  // It would go on, with an error for each fault and none of use: a text of faults takes seconds.
  composer['onError'] = () => {
    throw new YamlFault('yaml-syntax');
  };
  for (const document of composer.compose(tokens)) {
    if (document.errors.length > 0) throw new YamlFault('yaml-syntax');
    return document.contents;
  }
  return undefined;
}

/** Of an item: nothing stands behind its dash. */
const isEmpty = (node: unknown): boolean =>
  !isMap(node) && !isSeq(node) && !(isScalar(node) && (node.type !== 'PLAIN' || node.value !== ''));

class DatePiece {
  readonly pointer: string;
  readonly readings: readonly string[];
  constructor(pointer: string, readings: readonly string[]) {
    this.pointer = pointer;
    this.readings = readings;
  }
}

/** A text that no format of dates and times has. */
const NO_DATE = '"-"';

/** Writes nodes as JSON. What services read differently stands there once for each of them. */
class JsonWriting implements YamlDates {
  readonly #source: string;
  readonly #pieces: (Readings | DatePiece)[] = [];
  readonly #path: (string | number)[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  get hasDates(): boolean {
    return this.#pieces.some((piece) => piece instanceof DatePiece);
  }

  without(kept: ReadonlySet<string>): string {
    const isKept = (piece: DatePiece) => kept.has(piece.pointer);
    return this.#joined(0, (piece) => (isKept(piece) ? piece.readings : NO_DATE));
  }

  /** All that differ, what YAML 1.2 says first. */
  texts(written: ReadonlySet<string> = new Set()): YamlTexts {
    const isVaried = (piece: Readings | DatePiece) => typeof piece !== 'string';
    const count = this.#pieces.some(isVaried) ? READERS_COUNT : 1;
    const readingsOf = ({ pointer, readings }: DatePiece) =>
      written.has(pointer) ? (readings[0] as string) : readings;
    const [first, ...others] = Array.from({ length: count }, (_, reader) =>
      this.#joined(reader, readingsOf),
    );
    const distinct = new Set(others);
    distinct.delete(first as string);
    return [first as string, ...distinct];
  }

  #joined(reader: number, readingsOf: (date: DatePiece) => Readings): string {
    return this.#pieces
      .map((piece) => (piece instanceof DatePiece ? readingsOf(piece) : piece))
      .map((readings) => (typeof readings === 'string' ? readings : readings[reader]))
      .join('');
  }

  write(node: unknown): void {
    if (isMap(node)) this.#writeMap(node);
    else if (isSeq(node)) this.#writeList(node);
    else if (isScalar(node)) this.#pieces.push(this.#scalar(node));
    else if (node === null || node === undefined) this.#pieces.push('null');
    else this.#refuse('yaml-reference');
  }

  #writeMap({ items }: YAMLMap): void {
    let before = '{';
    for (const { key, value } of items) {
      const name = this.#nameOf(key);
      this.#path.push(name);
      this.#checkKey(key as Scalar, name);
      this.#pieces.push(`${before}${JSON.stringify(name)}:`);
      // `{a}` says nothing of a value.
      if (value === null) this.#refuse('yaml-syntax');
      this.write(value);
      this.#path.pop();
      before = ',';
    }
    this.#pieces.push(before === '{' ? '{}' : '}');
  }

  #writeList({ items, flow }: YAMLSeq): void {
    let before = '[';
    // Behind an empty item, js-yaml takes the next of the outer list for one of the inner.
    const isInner = this.#path.some((step) => typeof step === 'number');
    if (!flow && isInner && isEmpty(items.at(-1))) this.#refuse('yaml-syntax');
    for (const [index, item] of items.entries()) {
      this.#path.push(index);
      this.#pieces.push(before);
      const isBare = flow && isMap(item) && this.#source[item.range?.[0] ?? 0] !== '{';
      if (isBare) this.#refuse('yaml-syntax');
      this.write(item);
      this.#path.pop();
      before = ',';
    }
    this.#pieces.push(before === '[' ? '[]' : ']');
  }

  #nameOf(key: unknown): string {
    if (!isScalar(key)) return this.#refuse('yaml-syntax');
    return String(key.value);
  }

  #checkKey({ type, range }: Scalar, name: string): void {
    // How an end of line within it is read differs.
    if (this.#source.slice(range?.[0], range?.[1]).includes('\n')) this.#refuse('yaml-syntax');
    // Psych and symfony/yaml merge what it names also where it is in quotes.
    if (name === '<<') this.#refuse('yaml-reference');
    if (type !== 'PLAIN') return;
    if (name === '') this.#refuse('yaml-syntax');
    if (!isPlainKeyClear(name)) this.#refuse('yaml-plain');
  }

  #scalar({ value, type, range }: Scalar): Readings | DatePiece {
    const text = String(value);
    if (type === 'PLAIN') {
      const readings = readPlain(text) ?? this.#refuse('yaml-plain');
      const isDate = typeof readings !== 'string' && isTimestamp(text);
      return isDate ? new DatePiece(this.#pointer(), readings) : readings;
    }
    const isBlock = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
    // Some take its lines for comments, where they begin so.
    if (isBlock && this.#path.length === 0) this.#refuse('yaml-syntax');
    const isUnended = isBlock && range?.[1] === this.#source.length && !this.#source.endsWith('\n');
    return isUnended && text.endsWith('\n') ? readUnended(text) : JSON.stringify(text);
  }

  #pointer(): string {
    return this.#path.map((step) => `/${escapeSegment(String(step))}`).join('');
  }

  #refuse(rule: string): never {
    throw new YamlFault(rule, this.#pointer());
  }
}
