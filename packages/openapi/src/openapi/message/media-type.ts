import { Buffer, isAscii } from 'node:buffer';
import { asciiLowerCase } from '../../header-fields/blanks.ts';
import type { Shape } from '../plan.ts';
import { isJsonLinesType } from './json-lines.ts';

export interface MediaType {
  /** Lower-case 'type/subtype'. */
  readonly type: string;
  /** Lower-case names; values as written, unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The text that it was read from; absent where there was none. */
  readonly written?: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*(?=;|$)`);
const PARAMETER = new RegExp(
  `;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[\\t\\x20-\\x7e])*)"))?[ \\t]*`,
  'y',
);
const LENGTH_MAX = 1_000;

/** Texts remembered with their reading; callers and services write the same few again and again. */
const REMEMBERED_MAX = 256;
const REMEMBERED_LENGTH_MAX = 100;
const remembered = new Map<string, MediaType>();

/** RFC 9110 §8.3.1; undefined where the text is not a media type, or names a parameter twice. */
export function parseMediaType(text: string): MediaType | undefined {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const parsed = readMediaType(text);
  if (parsed !== undefined && text.length <= REMEMBERED_LENGTH_MAX) {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, parsed);
  }
  return parsed;
}

function readMediaType(text: string): MediaType | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  const start = TYPE.exec(text);
  if (start === null) return undefined;
  const parameters = new Map<string, string>();
  let position = start[0].length;
  while (position < text.length) {
    PARAMETER.lastIndex = position;
    const found = PARAMETER.exec(text);
    if (found === null) return undefined;
    position = PARAMETER.lastIndex;
    if (found[1] === undefined) continue;
    const name = found[1].toLowerCase();
    if (parameters.has(name)) return undefined;
    const quoted = found[3] ?? '';
    // Services disagree about a backslash in a boundary: as it is written, it is none (RFC 2046).
    const value = name === 'boundary' ? quoted : quoted.replace(/\\(.)/g, '$1');
    parameters.set(name, found[2] ?? value);
  }
  return { type: (start[1] as string).toLowerCase(), parameters, written: text };
}

/**
 * How bytes are read. `lines`: one JSON text after another. `yaml`: a document of it. `unparsed`: nothing here reads the
 * type, and what is JSON all the same is held to the schema. No type alone says any of them.
 */
export type MediaKind =
  | 'json'
  | 'form'
  | 'multipart'
  | 'text'
  | 'xml'
  | 'jose'
  | 'lines'
  | 'yaml'
  | 'unparsed'
  | 'opaque';

export function mediaKind(type: string): Exclude<MediaKind, 'lines' | 'yaml' | 'unparsed'> {
  if (isJsonType(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (type.startsWith('multipart/') && !isStreamingType(type)) return 'multipart';
  if (isXmlType(type)) return 'xml';
  if (isJoseType(type)) return 'jose';
  return type.startsWith('text/') && !isStreamingType(type) ? 'text' : 'opaque';
}

/** Text is a single value; lists and objects in text are the upstream's own format. */
export function isReadableText(shape: Shape | undefined): boolean {
  if (shape === undefined || shape.binary) return false;
  return shape.types?.every((type) => type !== 'array' && type !== 'object') ?? true;
}

export function isJsonType(type: string): boolean {
  if (isJsonLinesType(type)) return false;
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}

/** RFC 7303: XML, and its kin that only XML parsers read. */
export function isXmlType(type: string): boolean {
  return type.endsWith('+xml') || /^(?:application|text)\/xml(?:-|$)/.test(type);
}

/** RFC 7515 §9.2.1, RFC 7519 §10.3.1, RFC 8417 §7.2: signed or encrypted, in the compact serialization. */
export function isJoseType(type: string): boolean {
  return type === 'application/jose' || type === 'application/jwt' || /\+jw[tse]$/.test(type);
}

const STREAMING = new Set(['text/event-stream', 'multipart/x-mixed-replace']);

/** Answers of these types have no end to wait for. */
export function isStreamingType(type: string): boolean {
  return STREAMING.has(type) || isJsonLinesType(type);
}

/** 'application/*' holds 'application/json', and 'application/*+json', as ASP.NET writes it, 'application/ld+json'. */
export function rangeHolds(range: string, type: string): boolean {
  if (range === type || range === '*/*' || range === '*') return true;
  const [before, after] = range.split('*');
  if (before === undefined || after === undefined || !before.endsWith('/')) return false;
  return (after === '' || after.startsWith('+')) && type.startsWith(before) && type.endsWith(after);
}

export interface DocumentedType {
  /** Lower-case 'type/subtype', either side possibly '*'. */
  readonly range: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * The entry that describes a media type: exact before type/* before anything, then by parameters.
 * Where one entry names a parameter, it tells types apart: a value that no entry has is none of
 * them. Without the parameter, only one entry that could be meant is meant.
 */
export function selectMedia<T extends DocumentedType>(
  plans: readonly T[],
  actual: MediaType,
): T | undefined {
  const precise = mostPrecise(plans, actual.type);
  if (precise.every(({ parameters }) => parameters.length === 0)) return precise[0];
  const telling = new Set(precise.flatMap(({ parameters }) => parameters.map(([name]) => name)));
  const fitting = precise.filter((plan) => !contradicts(plan, actual, telling));
  const complete = fitting.filter((plan) => isComplete(plan, actual));
  if (complete.length === 0) return fitting.length === 1 ? fitting[0] : undefined;
  return complete.reduce((best, next) =>
    agreement(next, actual) > agreement(best, actual) ? next : best,
  );
}

function mostPrecise<T extends DocumentedType>(plans: readonly T[], type: string): readonly T[] {
  const precision = ({ range }: T): number => {
    if (!rangeHolds(range, type)) return -1;
    if (range === type) return 3;
    return range.startsWith('*') ? 0 : range.endsWith('*') ? 1 : 2;
  };
  const most = Math.max(-1, ...plans.map(precision));
  return most < 0 ? [] : plans.filter((plan) => precision(plan) === most);
}

/** The bytes are read as UTF-8 whatever it says, or refused for it. */
const SOFT = 'charset';
/** RFC 6906: a list, and one that is not known changes nothing. */
const PROFILE = 'profile';

function contradicts(
  plan: DocumentedType,
  { parameters }: MediaType,
  telling: ReadonlySet<string>,
): boolean {
  const documented = new Map(plan.parameters);
  for (const [name, given] of parameters) {
    if (name === SOFT || !telling.has(name)) continue;
    const value = documented.get(name);
    if (value === undefined ? name !== PROFILE : !agrees(name, value, given)) return true;
  }
  return false;
}

function isComplete(plan: DocumentedType, { parameters }: MediaType): boolean {
  return plan.parameters.every(([name]) => name === SOFT || parameters.has(name));
}

/** More parameters before fewer; the same text before the same but for case. */
function agreement(plan: DocumentedType, { parameters }: MediaType): number {
  let sum = 0;
  for (const [name, value] of plan.parameters) {
    const given = parameters.get(name);
    if (given === undefined || !agrees(name, value, given)) sum -= 1;
    else sum += name === SOFT ? 1 : given === value ? 1_001 : 1_000;
  }
  return sum;
}

function agrees(name: string, documented: string, given: string): boolean {
  const [left, right] = [asciiLowerCase(documented), asciiLowerCase(given)];
  if (name === PROFILE) return right.split(' ').includes(left);
  return left === right || (name === SOFT && isUtf8Charset(left) && isUtf8Charset(right));
}

/** Documented parameters that say nothing about the content: of a message, or of a preference. */
const MEANINGLESS = new Set(['boundary', 'q']);

export function documentedType({ type, parameters }: MediaType): DocumentedType {
  return {
    range: type,
    parameters: [...parameters].filter(([name]) => !MEANINGLESS.has(name)),
  };
}

/** Text that is not UTF-8 would mean something else to the upstream than to the validator. */
export function isUtf8Charset(charset: string | undefined): boolean {
  return charset === undefined || /^(?:utf-?8|us-ascii|ascii)$/i.test(charset);
}

/** Charsets in which ASCII is ASCII. */
const ASCII_KIN =
  /^(?:utf-?8|us-ascii|ascii|iso-?8859-?[0-9]{1,2}|latin-?1|(?:windows-|cp)125[0-8])$/i;

/** Whoever reads these bytes by that charset reads what UTF-8 has there. */
export function isReadAsUtf8(charset: string | undefined, bytes: Uint8Array): boolean {
  if (charset === undefined || /^utf-?8$/i.test(charset)) return true;
  return ASCII_KIN.test(charset) && isAscii(bytes);
}

/** In a form, escapes are of bytes in the charset, too. */
export function isFormReadAsUtf8(charset: string | undefined, bytes: Uint8Array): boolean {
  if (!isReadAsUtf8(charset, bytes)) return false;
  if (charset === undefined || /^utf-?8$/i.test(charset)) return true;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return !/%[89A-Fa-f]/.test(text);
}
