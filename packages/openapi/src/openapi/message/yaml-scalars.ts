/**
 * What services make of a plain scalar of YAML, as JSON. Specifications and libraries disagree: `010` is ten to YAML
 * 1.2, eight to YAML 1.1; `yes` is a text, or true; `1e3` a thousand, or to PyYAML a text. A date is a text, or what
 * those that read it as a date write again.
 */
import { isTimestamp, readTimestamp, type Timestamp } from './yaml-dates.ts';

/** The JSON of a value; undefined where this reader sees text. */
type ReadNumber = (text: string) => string | undefined;
type ReadWord = (lower: string, text: string) => string | undefined;

interface Reader {
  readonly words: ReadWord;
  readonly number: ReadNumber;
  /** What it makes of a date; where it is not said, the text as it was. */
  readonly date?: keyof Timestamp;
  /** At the very end of a body, without a line break of its own, a block scalar ends in one all the same. */
  readonly endsLines: boolean;
}

const WORDS = new Map([
  ['null', 'null'],
  ['~', 'null'],
  ...['true', 'yes', 'on', 'y'].map((word) => [word, 'true'] as const),
  ...['false', 'no', 'off', 'n'].map((word) => [word, 'false'] as const),
]);

/** As the specifications write words: `yes`, `Yes` or `YES`. */
const isUsual = (lower: string, text: string): boolean =>
  text === lower ||
  text === lower.toUpperCase() ||
  text === lower.charAt(0).toUpperCase() + lower.slice(1);

const wordsAmong =
  (known: readonly string[], isWritten = isUsual): ReadWord =>
  (lower, text) =>
    known.includes(lower) && isWritten(lower, text) ? WORDS.get(lower) : undefined;

const JSON_WORDS = ['null', 'true', 'false'];
const CORE_WORDS = [...JSON_WORDS, '~'];
const SWITCHES = [...CORE_WORDS, 'yes', 'no', 'on', 'off'];
const core = wordsAmong(CORE_WORDS);
const switches = wordsAmong(SWITCHES);
const letters = wordsAmong([...SWITCHES, 'y', 'n']);
const inAnyCase = wordsAmong(SWITCHES, () => true);
/** symfony/yaml. */
const coreInAnyCase = wordsAmong(CORE_WORDS, () => true);
const isLower = (lower: string, text: string): boolean => text === lower;
const ofJsonWords = wordsAmong(JSON_WORDS, isLower);
const ofPerlWords = wordsAmong(CORE_WORDS, isLower);

/** YAML 1.2, core schema: `yaml` of JavaScript, ruamel.yaml, libfyaml. */
const ofCore: ReadNumber = (text) => {
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return power(text);
  return /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)
    ? decimal(text)
    : undefined;
};

/** js-yaml from 4.0 on: the same with underscores, signs and binary numbers. */
const ofJsYaml: ReadNumber = (text) => {
  if (text.endsWith('_')) return undefined;
  return (
    (/^[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)$/.test(text) ? power(text) : undefined) ??
    (/^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?$/.test(text)
      ? decimal(text.replaceAll('_', ''))
      : undefined)
  );
};

/** YAML 1.1 by its specification, and as SnakeYAML has it. */
const of11: ReadNumber = (text) => {
  if (/^[-+]?0(?:b[01_]+|[0-7_]+|x[0-9a-fA-F_]+)$/.test(text)) return power(text);
  if (/^[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?$/.test(text)) {
    return decimal(text.replaceAll('_', ''));
  }
  return BASE_60.test(text) ? sexagesimal(text) : undefined;
};

/** js-yaml before 4.0: a float that begins with a needless zero is none. */
const ofJsYaml3: ReadNumber = (text) => (/^[-+]?0[0-9_]+[.eE]/.test(text) ? undefined : of11(text));

/** `yaml` of JavaScript, asked for YAML 1.1: what has no digits is a number, too, and none. */
const ofYaml11: ReadNumber = (text) =>
  /^[-+]?(?:0[bx]?_+|(?:\._*)?(?:[eE][-+]?[0-9]+)?)$/.test(text) ? 'null' : of11(text);

const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** YAML 1.1 as PyYAML has it: what has no dot, or no sign before its exponent, is no float. */
const ofPyYaml: ReadNumber = (text) => {
  if (/^[-+]?0(?:b[01_]+|[0-7_]+|x[0-9a-fA-F_]+)$/.test(text)) return power(text);
  if (
    /^[-+]?(?:0|[1-9][0-9_]*)$/.test(text) ||
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/.test(text)
  ) {
    return decimal(text.replaceAll('_', ''));
  }
  const isWhole = !text.includes('.');
  if (!BASE_60.test(text) || (isWhole && /^[-+]?0/.test(text))) return undefined;
  return sexagesimal(text);
};

/** go-yaml: as Go writes numbers, where it can, and with underscores anywhere. */
const ofGo: ReadNumber = (text) => {
  const plain = text.replaceAll('_', '');
  if (/^[-+]?0(?:[bB][01]+|[oO]?[0-7]+|[xX][0-9a-fA-F]+)$/.test(plain)) return power(plain);
  return ofCore(plain);
};

/** goccy/go-yaml: without a dot, an exponent makes no number. */
const ofGoccy: ReadNumber = (text) => (/^[-+]?[0-9_]+[eE]/.test(text) ? undefined : ofGo(text));

/** Psych of Ruby: commas between digits, and hours before minutes. */
const ofRuby: ReadNumber = (text) => {
  const plain = text.replaceAll(/[_,]/g, '');
  if (/^[-+]?0(?:b[01_,]+|[0-7_,]+|x[0-9a-fA-F_,]+)$/.test(text)) return power(plain);
  if (
    /^[-+]?(?:0|[1-9][0-9_,]*)$/.test(text) ||
    /^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$/.test(text)
  ) {
    return decimal(plain);
  }
  return /^[^:]*(?::[^:]*){1,2}$/.test(text) && BASE_60.test(text) ? hours(text) : undefined;
};

/** YAML 1.2, JSON schema: snakeyaml-engine, and YAML::XS of Perl, whose texts of digits are numbers besides. */
const ofJson: ReadNumber = (text) =>
  /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$/.test(text) ? decimal(text) : undefined;

/** The first is what YAML 1.2 says. */
const READERS: readonly Reader[] = [
  { words: core, number: ofCore, endsLines: true },
  { words: core, number: ofJsYaml, date: 'iso', endsLines: true },
  { words: core, number: ofJsYaml3, date: 'iso', endsLines: true },
  { words: letters, number: ofYaml11, date: 'iso', endsLines: true },
  { words: switches, number: of11, date: 'millis', endsLines: false },
  { words: switches, number: ofPyYaml, endsLines: false },
  { words: core, number: ofGo, date: 'rfc3339', endsLines: false },
  { words: letters, number: ofGo, date: 'rfc3339', endsLines: false },
  { words: core, number: ofGoccy, endsLines: true },
  { words: inAnyCase, number: ofRuby, endsLines: false },
  { words: ofJsonWords, number: ofJson, endsLines: false },
  { words: coreInAnyCase, number: ofJsYaml, date: 'seconds', endsLines: false },
  { words: ofPerlWords, number: ofJson, endsLines: false },
];

export const READERS_COUNT: number = READERS.length;

/** One where all agree, or one for each reader. */
export type Readings = string | readonly string[];

const NUMERIC = /^(?:[-+.0-9]|[eE][-+]?[0-9]+$)/;
/** Of a number; longer ones are refused as JSON, too. */
const NUMBER_LENGTH_MAX = 2_048;

/** Undefined where some reader sees what JSON does not have, or a number beyond all bounds. */
export function readPlain(text: string): Readings | undefined {
  if (text === '') return 'null';
  if (isTimestamp(text)) return readDate(text);
  if (NUMERIC.test(text)) return readNumeric(text);
  const lower = text.length <= 5 ? text.toLowerCase() : '';
  const quoted = JSON.stringify(text);
  if (!WORDS.has(lower)) return quoted;
  return each(({ words }) => words(lower, text) ?? quoted);
}

function readDate(text: string): Readings | undefined {
  const read = readTimestamp(text);
  if (read === undefined) return undefined;
  return each(({ date }) => {
    if (date === undefined) return JSON.stringify(text);
    return date === 'iso' || date === 'rfc3339' ? JSON.stringify(read[date]) : read[date];
  });
}

function readNumeric(text: string): Readings | undefined {
  if (/^[-+]?\.(?:inf|nan)$/i.test(text)) return undefined;
  // Every number is made of these.
  if (!/^[-+.,:0-9a-fA-FoOxX_]+$/.test(text)) return JSON.stringify(text);
  // go-yaml 3 and goccy/go-yaml find a number behind two signs, or behind one in the middle.
  if (/^(?:\+_*[-+][0-9._]+|0_*[bo]_*[-+][0-9_]+)$/.test(text)) return undefined;
  if (text.length > NUMBER_LENGTH_MAX) return undefined;
  return each(({ number }) => number(text) ?? JSON.stringify(text));
}

function each(read: (reader: Reader) => string): Readings {
  const readings = READERS.map(read);
  const [first = ''] = readings;
  return readings.every((reading) => reading === first) ? first : readings;
}

/** A block scalar at the end of a body that does not end its last line. */
export function readUnended(text: string): Readings {
  const [ended, bare] = [JSON.stringify(text), JSON.stringify(text.replace(/\n$/, ''))];
  return each(({ endsLines }) => (endsLines ? ended : bare));
}

/**
 * Whether all make the same name of a plain key. Whoever reads a number, a flag or a date writes it as text again. `y`
 * and `n` are coordinates and counts more often than flags.
 */
export function isPlainKeyClear(text: string): boolean {
  if (/^[yn]$/i.test(text)) return true;
  if (/^[0-9]{4}-[0-9]/.test(text)) return false;
  const readings = readPlain(text);
  if (readings === undefined) return false;
  const isText = (reading: string) => reading === JSON.stringify(text) || nameOf(reading) === text;
  return [readings].flat().every(isText);
}

/** Of a flag or a number; large ones, and small, are written with exponents by some. */
function nameOf(reading: string): string | undefined {
  if (reading === 'null' || reading.length > 15 || /\de/.test(reading)) return undefined;
  return /^[-0-9]/.test(reading) ? String(Number(reading)) : reading;
}

/** As JSON has it; undefined where there are no digits. */
function decimal(text: string): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^([-+]?)([0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+))?$/.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  const digits = whole.replace(/^0+(?=.)/, '') || '0';
  const tail = fraction === '' ? '' : `.${fraction}`;
  return `${sign === '-' ? '-' : ''}${digits}${tail}${exponent === undefined ? '' : `e${exponent}`}`;
}

/** Of base 2, 8 or 16. */
function power(text: string): string | undefined {
  const [, sign, mark = '', digits = ''] =
    /^([-+]?)0([bBoOxX]?)(.*)$/.exec(text.replaceAll(/[_,]/g, '')) ?? [];
  if (digits === '') return mark === '' ? '0' : undefined;
  const size = BigInt(`0${mark.toLowerCase() || 'o'}${digits}`);
  return String(sign === '-' ? -size : size);
}

function sexagesimal(text: string): string {
  const [, sign = '', places = '', fraction = ''] =
    /^([-+]?)([0-9_:]+)(?:\.([0-9_]*))?$/.exec(text) ?? [];
  let sum = 0n;
  for (const place of places.replaceAll('_', '').split(':')) sum = sum * 60n + BigInt(place);
  const tail = fraction.replaceAll('_', '');
  return `${sign === '-' ? '-' : ''}${sum}${tail === '' ? '' : `.${tail}`}`;
}

/** `1:30` is an hour and a half, counted in seconds. */
function hours(text: string): string {
  const [whole = '', fraction = ''] = text.replaceAll('_', '').split('.');
  const scale = 10n ** BigInt(fraction.length);
  const places = whole.split(':').map((place) => BigInt(place) * scale);
  const last = places.length - 1;
  places[last] = (places[last] as bigint) + BigInt(`0${fraction}`);
  const [first = 0n, second = 0n, third = 0n] = places;
  const sum = first * 3_600n + second * 60n + third;
  const [size, sign] = sum < 0n ? [-sum, '-'] : [sum, ''];
  const digits = String(size).padStart(fraction.length + 1, '0');
  const end = digits.length - fraction.length;
  return `${sign}${digits.slice(0, end)}${fraction === '' ? '' : `.${digits.slice(end)}`}`;
}
