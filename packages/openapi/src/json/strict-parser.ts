import { carriesExactly } from './decimal.ts';
import { ExactNumber, type JsonBounds, type JsonProblem, type JsonValue } from './types.ts';

/** Longest number text accepted: room for every double in full (1,077 digits), no room for bombs. */
const NUMBER_LENGTH_MAX = 2048;
/** Largest exponent accepted, in digits: 1e999999999 is data, more digits are an attack. */
export const EXPONENT_DIGITS_MAX = 9;

export type TextReading =
  | { readonly ok: true; readonly value: JsonValue }
  | {
      readonly ok: false;
      readonly rule: JsonProblem['rule'];
      readonly at: number;
      readonly pointer: string;
      readonly expected: Expected;
    };

/** What the text may go on with where it is refused. */
export type Expected =
  | ('value' | 'first-item' | 'first-name' | 'name' | 'colon')
  | ('next-item' | 'next-member' | 'end')
  /** Within quotes; after a minus. */
  | ('text' | 'digit');

type Container = { [name: string]: JsonValue } | JsonValue[];
interface Level {
  readonly container: Container;
  name: string;
  count: number;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?([0-9]+))?/y;

/**
 * `strict` refuses what two readers could read in two ways. `platform` reads what ECMA-262 says
 * JSON.parse reads: the last of two members counts, numbers are doubles, a surrogate may stand alone.
 * `document` is `strict`, but a surrogate may stand alone: what a document says is forwarded to nobody.
 */
export type Reading = 'strict' | 'platform' | 'document';

/**
 * RFC 8259, one character at a time and without recursion: the parser that explains. It is used
 * where the native one refuses, would silently lose a duplicate name or a digit, or cannot be
 * trusted with an escaped name.
 */
export function parseStrictly(
  text: string,
  bounds: JsonBounds,
  reading: Reading = 'strict',
): TextReading {
  const isStrict = reading === 'strict';
  const levels: Level[] = [];
  let at = 0;
  let expects: 'value' | 'first-item' | 'first-name' | 'name' | 'after' = 'value';

  const refuse = (
    rule: JsonProblem['rule'],
    offset = at,
    expected: Expected = expects === 'after' ? 'end' : expects,
  ): TextReading => ({ ok: false, rule, at: offset, pointer: pointerOf(levels), expected });

  let value: JsonValue = null;
  for (;;) {
    at = skipSpace(text, at);
    const code = at < text.length ? text.charCodeAt(at) : -1;

    if (expects === 'after') {
      const level = levels.at(-1);
      if (level === undefined) {
        if (code !== -1) return refuse('syntax');
        return { ok: true, value };
      }
      put(level, value);
      const isArray = Array.isArray(level.container);
      if (code === COMMA) {
        at++;
        expects = isArray ? 'value' : 'name';
        level.count++;
        if (level.count >= bounds.itemsMax) return refuse('items');
        continue;
      }
      if (code !== (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
        return refuse('syntax', at, isArray ? 'next-item' : 'next-member');
      }
      at++;
      value = level.container;
      levels.pop();
      continue;
    }

    if (expects === 'first-item' && code === CLOSE_ARRAY) {
      at++;
      value = levels.pop()!.container;
      expects = 'after';
      continue;
    }
    if (expects === 'first-name' && code === CLOSE_OBJECT) {
      at++;
      value = levels.pop()!.container;
      expects = 'after';
      continue;
    }
    if (expects === 'first-item' || expects === 'first-name') {
      if (bounds.itemsMax < 1) return refuse('items');
    }

    if (expects === 'first-name' || expects === 'name') {
      if (code !== QUOTE) return refuse('syntax');
      const start = at;
      const name = readString(text, at, bounds.stringLengthMax, isStrict);
      if (typeof name.text !== 'string') return refuse(name.rule!, name.end, 'text');
      const level = levels.at(-1)!;
      if (reading !== 'platform' && Object.hasOwn(level.container, name.text)) {
        level.name = name.text;
        return refuse('duplicate-key', start);
      }
      level.name = name.text;
      at = skipSpace(text, name.end);
      if (text.charCodeAt(at) !== COLON) return refuse('syntax', at, 'colon');
      at++;
      expects = 'value';
      continue;
    }

    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (levels.length >= bounds.depthMax) return refuse('depth');
      levels.push({ container: code === OPEN_OBJECT ? {} : [], name: '', count: 0 });
      expects = code === OPEN_OBJECT ? 'first-name' : 'first-item';
      at++;
      continue;
    }
    if (code === QUOTE) {
      const string = readString(text, at, bounds.stringLengthMax, isStrict);
      if (typeof string.text !== 'string') return refuse(string.rule!, string.end, 'text');
      value = string.text;
      at = string.end;
    } else if (code === MINUS || (code >= 48 && code <= 57)) {
      NUMBER.lastIndex = at;
      const number = NUMBER.exec(text);
      if (number === null) return refuse('syntax', at + 1, 'digit');
      const isDoubled = reading === 'platform';
      if (!isDoubled && isNumberTooLong(number[0], number[1])) return refuse('number');
      const isDouble = isDoubled || carriesExactly(number[0]);
      value = isDouble ? Number(number[0]) : new ExactNumber(number[0]);
      at += number[0].length;
    } else {
      const word = code === 116 ? 'true' : code === 102 ? 'false' : 'null';
      if (!text.startsWith(word, at)) return refuse('syntax');
      value = word === 'null' ? null : word === 'true';
      at += word.length;
    }
    expects = 'after';
  }
}

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** The fast half of the reader leaves every number it is not sure of to this one. */
export function isNumberTooLong(
  number: string,
  exponent = /[eE][+-]?([0-9]+)$/.exec(number)?.[1] ?? '',
): boolean {
  return (
    number.length > NUMBER_LENGTH_MAX || exponent.replace(/^0+/, '').length > EXPONENT_DIGITS_MAX
  );
}

function put(level: Level, value: JsonValue): void {
  if (Array.isArray(level.container)) level.container.push(value);
  else if (level.name === '__proto__') defineOwn(level.container, level.name, value);
  else level.container[level.name] = value;
}

/** Assignment to `__proto__` would change the prototype; a definition makes an ordinary member. */
function defineOwn(target: object, name: string, value: JsonValue): void {
  Object.defineProperty(target, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
  }
  return at;
}

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

interface StringReading {
  readonly text?: string;
  readonly end: number;
  readonly rule?: JsonProblem['rule'];
}

function readString(
  text: string,
  quote: number,
  lengthMax: number,
  isStrict: boolean,
): StringReading {
  let at = quote + 1;
  let run = at;
  let decoded = '';
  let isEscaped = false;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    // NaN, past the end, fails this comparison too.
    if (!(code >= 32)) return { end: at, rule: 'syntax' };
    if (code !== BACKSLASH) {
      at++;
      continue;
    }
    isEscaped = true;
    decoded += text.slice(run, at);
    const letter = text.charAt(at + 1);
    if (letter === 'u') {
      const hex = text.slice(at + 2, at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) return { end: at, rule: 'syntax' };
      decoded += String.fromCharCode(Number.parseInt(hex, 16));
      at += 6;
    } else {
      const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
      if (plain === undefined) return { end: at, rule: 'syntax' };
      decoded += plain;
      at += 2;
    }
    run = at;
  }
  decoded += text.slice(run, at);
  if (isStrict && isEscaped && !decoded.isWellFormed()) return { end: quote, rule: 'encoding' };
  if (decoded.length > lengthMax) return { end: quote, rule: 'string-length' };
  return { text: decoded, end: at + 1 };
}

function pointerOf(levels: readonly Level[]): string {
  let pointer = '';
  for (const level of levels) {
    const step = Array.isArray(level.container)
      ? String(level.container.length)
      : level.name.replaceAll('~', '~0').replaceAll('/', '~1');
    pointer += `/${step}`;
  }
  return pointer;
}
