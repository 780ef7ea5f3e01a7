import { asciiLowerCase } from '../../blanks.ts';
import type { Shape } from '../plan.ts';

export interface MediaType {
  /** Lower-case 'type/subtype'. */
  readonly type: string;
  /** Lower-case names; values as written, unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
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
    parameters.set(name, found[2] ?? (found[3] as string).replace(/\\(.)/g, '$1'));
  }
  return { type: (start[1] as string).toLowerCase(), parameters };
}

/** How bytes of a media type are read. */
export type MediaKind = 'json' | 'form' | 'multipart' | 'text' | 'opaque';

export function mediaKind(type: string): MediaKind {
  if (isJsonType(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (type.startsWith('multipart/') && !isStreamingType(type)) return 'multipart';
  const isStructured = type.endsWith('+xml') || type === 'text/xml' || isStreamingType(type);
  return type.startsWith('text/') && !isStructured ? 'text' : 'opaque';
}

/** Text is a single value; lists and objects in text are the upstream's own format. */
export function isReadableText(shape: Shape | undefined): boolean {
  if (shape === undefined || shape.binary) return false;
  return shape.types?.every((type) => type !== 'array' && type !== 'object') ?? true;
}

export function isJsonType(type: string): boolean {
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}

const STREAMING = new Set([
  'text/event-stream',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-seq',
  'application/geo+json-seq',
  'multipart/x-mixed-replace',
]);

/** Answers of these types have no end to wait for. */
export function isStreamingType(type: string): boolean {
  return STREAMING.has(type);
}

/** 'application/*' holds 'application/json'. */
export function rangeHolds(range: string, type: string): boolean {
  if (range === type || range === '*/*' || range === '*') return true;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1));
}

/** The entry that describes a media type: exact before type/* before anything; more parameters first. */
export function selectMedia<
  T extends { readonly range: string; readonly parameters: readonly (readonly [string, string])[] },
>(plans: readonly T[], actual: MediaType): T | undefined {
  let best: T | undefined;
  let bestRank = -1;
  for (const plan of plans) {
    if (!rangeHolds(plan.range, actual.type)) continue;
    const precision = plan.range === actual.type ? 2 : plan.range.startsWith('*') ? 0 : 1;
    const agrees = plan.parameters.every(([name, value]) => {
      const given = actual.parameters.get(name);
      return given !== undefined && asciiLowerCase(given) === asciiLowerCase(value);
    });
    // An entry whose parameters differ still describes the type, if nothing else does.
    const rank = precision * 1_000 + (agrees ? 1 + Math.min(plan.parameters.length, 500) : 0);
    if (rank > bestRank) {
      best = plan;
      bestRank = rank;
    }
  }
  return best;
}

/** Text that is not UTF-8 would mean something else to the upstream than to the validator. */
export function isUtf8Charset(charset: string | undefined): boolean {
  return charset === undefined || /^(?:utf-?8|us-ascii|ascii)$/i.test(charset);
}
