import { asciiLowerCase } from '../../header-fields/blanks.ts';
import { type DocumentedType, isUtf8Charset, type MediaType, mediaKind } from './media-type.ts';

/**
 * What a Content-Type says beside its type, and some service may read another message from. Many search
 * the header as a whole, cut it at semicolons and commas without heed of quotes, or know the extended and
 * continued parameters of RFC 2231 (`charset*=utf-8''utf-7`, `charset*0=`). The result is the rule that is
 * broken: by a parameter that `entry` does not describe, or by a type that only a range describes.
 */
export function doubtOfType(type: MediaType, entry: DocumentedType): string | undefined {
  if (type.parameters.size > 0) {
    for (const { name, value, rule, isAlways } of doubtsOf(type)) {
      if (isAlways || !isDescribed(name, value, entry)) return rule;
    }
  }
  const isChosen = type.written !== undefined && entry.range !== type.type;
  return isChosen && namesSeveral(type.type) ? 'content-type' : undefined;
}

/** The same of a part. In a form, who searches the head of a part finds another name of the field. */
export function doubtOfPart(
  type: MediaType,
  entry: DocumentedType,
  isFormData: boolean,
): string | undefined {
  const { parameters } = type;
  if (isFormData && (parameters.has('name') || parameters.has('filename'))) return 'parameter';
  return doubtOfType(type, entry);
}

interface Doubt {
  readonly name: string;
  readonly value: string;
  readonly rule: string;
  /** Also where the description has this very parameter. */
  readonly isAlways: boolean;
}

/** The readings of media types are remembered, and their doubts with them. */
const known = new WeakMap<MediaType, readonly Doubt[]>();

function doubtsOf(type: MediaType): readonly Doubt[] {
  let doubts = known.get(type);
  if (doubts === undefined) {
    doubts = findDoubts(type);
    known.set(type, doubts);
  }
  return doubts;
}

function findDoubts({ type, parameters, written = '' }: MediaType): Doubt[] {
  const kind = mediaKind(type);
  const isMultipart = type.startsWith('multipart/');
  const rule = isMultipart ? 'boundary' : 'parameter';
  const doubts: Doubt[] = [];
  if (ILL_WRITTEN.test(written)) doubts.push({ name: '', value: '', rule, isAlways: true });
  for (const [name, value] of parameters) {
    const isCut =
      CUT.test(value) || (isMultipart && name !== 'boundary' && /boundary/i.test(value));
    if (name.includes('*') || isCut) {
      doubts.push({ name, value, rule, isAlways: isMultipart || name.includes('*') });
    } else if (isMultipart) {
      if (!isKnownOfMultipart(type, name, value)) {
        doubts.push({ name, value, rule, isAlways: name === 'boundary' });
      }
    } else if (
      name === 'charset'
        ? namesAnother(value, type)
        : kind === 'form' ||
          saysHowToRead(name, value, kind === 'opaque' || kind === 'jose') ||
          namesAnother(`${name}=${value}`, type)
    ) {
      doubts.push({ name, value, rule, isAlways: false });
    }
  }
  return doubts;
}

function isDescribed(name: string, value: string, { parameters }: DocumentedType): boolean {
  return parameters.some(
    ([own, described]) => own === name && asciiLowerCase(described) === asciiLowerCase(value),
  );
}

/**
 * An escape, a tab, an empty parameter in between, and what is not ASCII: no client writes it, and services
 * disagree whether it ends the header, or belongs to it.
 */
const ILL_WRITTEN = /[\\\t\x80-\uffff]|;[ ]*;/;
/** Where headers are cut without heed of quotes, a parameter begins behind it; RFC 2047 encodes anything. */
const CUT = /[;,"\\]|=\?/;

/** Words in which readers speak of characters and of limits; `encoding=utf-8` says what is so anyway. */
function saysHowToRead(name: string, value: string, isOpaque: boolean): boolean {
  if (/charset|boundary/i.test(name) || /charset|boundary/i.test(value)) return true;
  if (isOpaque || (name === 'encoding' && isUtf8Charset(value))) return false;
  return /encoding/i.test(name) || /encoding[^a-z]*=/i.test(value);
}

/** What bodies are written in, by the words that readers search for. */
const FAMILIES: readonly RegExp[] = [
  /json/,
  /urlencoded|www-form|(?<![a-z0-9])forms?(?![a-z0-9])/,
  /multipart|form-?data/,
  /octet/,
  /xml/,
  /yaml/,
  /text\//,
];
/** Others are named so alone; within the address of a profile these are words like others. */
const WORDS = /(?<![a-z0-9])(?:text|plain|html|yml|csv|cbor|msgpack|protobuf|graphql)(?![a-z0-9])/;

function namesAnother(text: string, type: string): boolean {
  const lower = asciiLowerCase(text);
  if (FAMILIES.some((family) => family.test(lower) && !family.test(type))) return true;
  const [word] = (lower.includes('/') ? null : WORDS.exec(lower)) ?? [];
  return word !== undefined && !type.includes(word);
}

/** Of which one type can have but one, whatever a range admits. */
const KINDS: readonly RegExp[] = [
  /json/,
  /urlencoded|www-form/,
  /multipart|form-?data/,
  /octet/,
  /xml/,
  /yaml/,
];

function namesSeveral(type: string): boolean {
  let count = 0;
  for (const kind of KINDS) if (kind.test(type)) count += 1;
  return count > 1;
}

/** RFC 2387 §3. */
const RELATED = new Set(['type', 'start', 'start-info']);
const FIELDS = /urlencoded|www-form|multipart|form-?data|octet/i;

function isKnownOfMultipart(type: string, name: string, value: string): boolean {
  if (name === 'charset') return true;
  if (name === 'boundary') return !namesKind(value);
  return type === 'multipart/related' && RELATED.has(name) && !FIELDS.test(value);
}

/** As long as what generators make at random, a boundary holds a short word by chance. */
const RANDOM_LENGTH_MIN = 16;

/**
 * `form` and `multipart` stand in the boundaries of many libraries. In a long run of letters and digits
 * `json` is chance, and harmless: nothing that begins with dashes is JSON.
 */
function namesKind(boundary: string): boolean {
  if (/urlencoded|octet|x-www/i.test(boundary)) return true;
  const isRandom = boundary.replaceAll(/[^0-9A-Za-z]/g, '').length >= RANDOM_LENGTH_MIN;
  return isRandom
    ? /(?<![0-9A-Za-z])(?:json|xml|yaml)(?![0-9A-Za-z])/i.test(boundary)
    : /json|xml|yaml/i.test(boundary);
}
