import type { JsonBounds, JsonValue } from '../../json/index.ts';
import type { Shape, Style } from '../plan.ts';
import type { Draft } from './draft.ts';
import { FieldNames } from './field-names.ts';
import { FIELD_BOUNDS, readingsOf } from './lexemes.ts';
import { divide, divideRepeated } from './pieces.ts';
import { buildNested, buildPlain, type Member, takesText } from './read-brackets.ts';
import {
  ANY,
  type Built,
  buildMap,
  buildValue,
  type Decode,
  kindsIn,
  kindsOf,
  propertiesOf,
  type Refusal,
  readJsonField,
} from './read-field.ts';
import { styleInWords } from './style-words.ts';

/** One named value among name=value pairs: a query or cookie parameter, a form property. */
export interface FieldSpec {
  readonly name: string;
  readonly style: Style;
  readonly explode: boolean;
  /** Set where the value is a document of a media type and not written in a style. */
  readonly content: 'json' | 'json-items' | 'text' | null;
  readonly shape: Shape;
}

/** The raw texts that belong to one field. */
export interface FieldInput {
  readonly occurrences: string[];
  /** Of an object written as several pairs. */
  readonly members: Member[];
}

export interface Pair {
  /** Decoded. */
  readonly name: string;
  readonly raw: string;
}

/** qs, PHP and Node's querystring pass over what stands behind so many. */
const PAIRS_MAX = 1_000;
const FEWER_PAIRS = `at most ${PAIRS_MAX} pairs of name and value: some services pass over all behind them`;

/** name=value&name=value, names decoded, values raw; a Refusal where a name cannot be decoded. */
export function readPairs(text: string): Pair[] | Refusal {
  // Go drops a pair that holds it, older servers begin another pair behind it.
  if (text.includes(';')) return { rule: 'semicolon', pointer: '' };
  const pairs: Pair[] = [];
  let start = 0;
  // Some count what is empty between two ampersands as well.
  for (let count = 0; start <= text.length; count++) {
    let end = text.indexOf('&', start);
    if (end < 0) end = text.length;
    if (end > start) {
      if (count >= PAIRS_MAX) return { rule: 'items', pointer: '', expected: FEWER_PAIRS };
      const equals = text.indexOf('=', start);
      const nameEnd = equals < 0 || equals > end ? end : equals;
      const name = decodeName(text.slice(start, nameEnd));
      if (name === undefined) return { rule: 'encoding', pointer: '' };
      const raw = nameEnd === end ? '' : text.slice(nameEnd + 1, end);
      // qs ends a name at the first of these, and has another one then.
      if (BRACKET_EQUALS.test(raw) && !name.endsWith(']')) {
        return { rule: 'bracket-equals', pointer: '' };
      }
      pairs.push({ name, raw });
    }
    start = end + 1;
  }
  return pairs;
}

const BRACKET_EQUALS = /(?:\]|%5D)=/i;

function decodeName(raw: string): string | undefined {
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Which pair belongs to which field: exact names first, then brackets, then spread objects. */
export class FieldSet<Spec extends FieldSpec> {
  readonly specs: readonly Spec[];
  readonly names: FieldNames;
  readonly #byName = new Map<string, number>();
  readonly #deep = new Map<string, number>();
  readonly #spread = new Map<string, number>();
  /** Index of the object that takes whatever belongs to nothing else. */
  readonly absorbing: number | undefined;

  constructor(specs: readonly Spec[]) {
    this.specs = specs;
    for (const [index, spec] of specs.entries()) {
      const isObject = spec.shape.types?.includes('object') ?? false;
      if (isDeep(spec)) this.#deep.set(spec.name, index);
      else if (isSpread(spec)) {
        for (const name of propertiesOf(spec.shape).keys()) {
          if (!this.#spread.has(name)) this.#spread.set(name, index);
        }
        if (absorbsOthers(spec.shape)) this.absorbing ??= index;
        if (isObject && kindsOf(spec.shape).length > 1) this.#byName.set(spec.name, index);
      } else this.#byName.set(spec.name, index);
    }
    this.names = new FieldNames([...this.#byName.keys(), ...this.#spread.keys()]);
    for (const spec of specs) {
      if (isDeep(spec)) this.names.addObject(spec.name, membersOf(spec));
      else if (isSpread(spec)) this.names.addObject(spec.name, undefined);
    }
  }

  /**
   * Inputs by the index of their spec; the pairs that belong to none; and the names of all that is
   * not described by exactly that name, whether it belongs to a field or not.
   */
  collect(
    pairs: readonly Pair[],
    isKnown: (name: string) => boolean,
  ): { inputs: (FieldInput | undefined)[]; unknown: Pair[]; strangers: string[] } {
    const inputs: (FieldInput | undefined)[] = new Array(this.specs.length).fill(undefined);
    const unknown: Pair[] = [];
    const strangers: string[] = [];
    for (const pair of pairs) {
      const exact = this.#byName.get(pair.name) ?? this.#deep.get(pair.name);
      if (exact !== undefined) {
        inputOf(inputs, exact).occurrences.push(pair.raw);
        continue;
      }
      const spread = this.#spread.get(pair.name);
      const isMember = this.#addDeep(pair, inputs);
      if (spread === undefined && !this.names.has(pair.name)) strangers.push(pair.name);
      if (isMember) continue;
      if (spread !== undefined) inputOf(inputs, spread).members.push(memberOf(pair));
      else if (isKnown(pair.name)) continue;
      else if (this.absorbing !== undefined) {
        inputOf(inputs, this.absorbing).members.push(memberOf(pair));
      } else unknown.push(pair);
    }
    return { inputs, unknown, strangers };
  }

  #addDeep(pair: Pair, inputs: (FieldInput | undefined)[]): boolean {
    const place = this.deepPlace(pair.name);
    if (place === undefined) return false;
    inputOf(inputs, place.index).members.push({ path: place.path, value: pair.raw });
    return true;
  }

  /** Where a name leads that has brackets behind that of a field, or is that of such a field alone. */
  deepPlace(
    name: string,
  ): { readonly index: number; readonly path: readonly string[] } | undefined {
    if (this.#deep.size === 0) return undefined;
    const bracket = name.indexOf('[');
    const index = this.#deep.get(bracket < 0 ? name : name.slice(0, bracket));
    if (index === undefined) return undefined;
    // An unreadable path still belongs to the field, which refuses it.
    return { index, path: bracket < 0 ? [] : (readBrackets(name.slice(bracket)) ?? []) };
  }
}

const NESTING_MAX = 8;

/** What the brackets of a name hold where they stand for items of a list, however they count them. */
const ITEM = '[]';

/** The names by which members of a deepObject are written, and the object itself, which may be a text. */
function membersOf(spec: Pick<FieldSpec, 'name' | 'shape'>): DeepName[] {
  return [{ text: spec.name, isEnd: false }, ...within(spec, 1)];
}

interface DeepName {
  readonly text: string;
  readonly isEnd: boolean;
}

function within({ name, shape }: Pick<FieldSpec, 'name' | 'shape'>, depth: number): DeepName[] {
  const inside = shape.types?.includes('array') ? [[ITEM, shape.items ?? ANY] as const] : [];
  const members = [...propertiesOf(shape)].map(([key, member]) => [`[${key}]`, member] as const);
  return [...inside, ...members].flatMap(([brackets, inner]) => {
    const text = name + brackets;
    const isNested = inner.types?.some((type) => type === 'object' || type === 'array') ?? false;
    const isDeeper = isNested && depth < NESTING_MAX;
    return [
      { text, isEnd: !isNested },
      ...(isDeeper ? within({ name: text, shape: inner }, depth + 1) : []),
    ];
  });
}

const isDeep = ({ content, style }: FieldSpec): boolean =>
  content === null && style === 'deepObject';

function isSpread(spec: FieldSpec): boolean {
  const styled = spec.style === 'form' || spec.style === 'cookie';
  return (
    spec.content === null &&
    styled &&
    spec.explode &&
    (spec.shape.types?.includes('object') ?? false)
  );
}

/** Says so explicitly, or could never have a value otherwise. */
function absorbsOthers(shape: Shape): boolean {
  if (shape.additional === false) return false;
  return shape.additional !== undefined || shape.properties === undefined;
}

function inputOf(inputs: (FieldInput | undefined)[], index: number): FieldInput {
  let input = inputs[index];
  if (input === undefined) {
    input = { occurrences: [], members: [] };
    inputs[index] = input;
  }
  return input;
}

function memberOf({ name, raw }: Pair): Member {
  return { path: [name], value: raw };
}

/** '[a][b]' into keys, the last of which may be '', the next item of a list; undefined where they do not pair up. */
function readBrackets(text: string): string[] | undefined {
  if (text.length > 1_000 || !/^(?:\[[^[\]]+\])*\[[^[\]]*\]$/.test(text)) return undefined;
  return text.slice(1, -1).split('][');
}

/** The field as a draft of its value, noted under `pointer`. */
export function readField(
  spec: FieldSpec,
  input: FieldInput,
  decode: Decode,
  draft: Draft,
  pointer: string,
  bounds: JsonBounds = FIELD_BOUNDS,
): Built {
  const { occurrences, members } = input;
  if (isDeep(spec) && !occurrences.every((raw) => takesText(spec.shape, raw))) {
    return inStyle(spec, pointer);
  }
  if (members.length > 0) {
    if (occurrences.length > 0) return { rule: 'duplicate', pointer };
    if (members.some(({ path }) => path.length === 0)) return inStyle(spec, pointer);
    return readMembers(spec, members, decode, draft, pointer);
  }
  if (spec.content === 'json-items') return readJsonItems(occurrences, decode, pointer, bounds);
  if (spec.content !== null) {
    if (occurrences.length > 1) return { rule: 'duplicate', pointer };
    const text = decode(occurrences[0] as string);
    if (text === undefined) return { rule: 'encoding', pointer };
    return spec.content === 'json'
      ? readJsonField(text, pointer, bounds)
      : { readings: readingsOf(text, spec.shape) };
  }
  return readStyled(spec, occurrences, decode, draft, pointer);
}

function readJsonItems(
  occurrences: readonly string[],
  decode: Decode,
  pointer: string,
  bounds: JsonBounds,
): Built {
  const list: JsonValue[] = [];
  for (const [index, raw] of occurrences.entries()) {
    const at = `${pointer}/${index}`;
    const text = decode(raw);
    if (text === undefined) return { rule: 'encoding', pointer: at };
    const read = readJsonField(text, at, bounds);
    if ('rule' in read) return read;
    list.push(read.readings[0] as JsonValue);
  }
  return { readings: [list] };
}

/** Names of members arrive decoded; their values do not. */
function readMembers(
  spec: FieldSpec,
  members: readonly Member[],
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  if (!isDeep(spec)) {
    const named = members.map(({ path: [name = ''], value }) => ({ name, value }));
    return buildMap(named, spec.shape, decode, draft, pointer);
  }
  const built = buildNested(members, spec.shape, decode, draft, pointer);
  // Brackets behind what is no object.
  return 'rule' in built && built.rule === 'style' && built.pointer === pointer
    ? inStyle(spec, pointer)
    : built;
}

function readStyled(
  spec: FieldSpec,
  occurrences: readonly string[],
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const readings: JsonValue[] = [];
  let refusal: Refusal | undefined;
  // Lists and objects are written in brackets.
  if (isDeep(spec)) return buildPlain(occurrences, spec.shape, decode, draft, pointer);
  for (const kind of kindsIn(spec.shape, draft)) {
    // Exploded, every style repeats the name: each occurrence is one item, commas are data.
    const isRepeated = kind === 'list' && spec.explode;
    if (!isRepeated && occurrences.length > 1) {
      refusal ??= { rule: 'duplicate', pointer };
      continue;
    }
    const divided = isRepeated
      ? divideRepeated(occurrences, decode, draft, pointer)
      : divide(occurrences[0] as string, kind, spec.name, spec, decode, draft, pointer, spec.shape);
    if (divided.pieces === undefined) {
      refusal ??= inStyle(spec, pointer);
      continue;
    }
    const built = buildValue(divided.pieces, spec.shape, divided.decode, draft, pointer);
    if ('rule' in built) refusal ??= built;
    else readings.push(...built.readings);
  }
  return readings.length > 0 ? { readings } : (refusal ?? inStyle(spec, pointer));
}

const inStyle = (spec: FieldSpec, pointer: string): Refusal => ({
  ...{ rule: 'style', pointer },
  expected: styleInWords(spec),
});

/** A field that stands alone, as parameters do. */
export function readAlone(
  spec: FieldSpec,
  input: FieldInput,
  decode: Decode,
  draft: Draft,
): { readonly draft: Draft } | Refusal {
  const built = readField(spec, input, decode, draft, '');
  if ('rule' in built) return built;
  draft.putTop(built.readings);
  return { draft };
}
