import { HeaderFields } from '../../header-fields/header-fields.ts';
import { type JsonBounds, type JsonValue, readJson } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import type { Draft } from '../decode/draft.ts';
import { explained } from '../decode/expected.ts';
import { CHARSET_FIELD, FieldNames } from '../decode/field-names.ts';
import { HeaderField } from '../decode/header-field.ts';
import { FIELD_BOUNDS, readingsOf } from '../decode/lexemes.ts';
import type { ParameterNames } from '../decode/parameter-names.ts';
import { additionalShape, propertiesOf, type Refusal } from '../decode/read-field.ts';
import { judgedBothWays } from '../decode/settled.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { EncodingPlan, HeaderPlan, MediaPlan, Shape } from '../plan.ts';
import type { BodyCheck, MessageViolation } from '../types.ts';
import {
  conclude,
  isObjectOnly,
  latin1,
  refusalAmong,
  refused,
  refusedName,
  sharedNames,
  withListedAlone,
} from './check-form.ts';
import {
  type DocumentedType,
  isJsonType,
  isReadAsUtf8,
  isUtf8Charset,
  isXmlType,
  type MediaType,
  selectMedia,
} from './media-type.ts';
import { type Part, readMultipart, strictUtf8 } from './multipart.ts';
import { readXml } from './read-xml.ts';
import { doubtOfPart, doubtOfType } from './type-doubts.ts';

type Readings = { readonly readings: readonly JsonValue[] };

interface Manner {
  readonly bounds: JsonBounds;
  readonly isFormData: boolean;
}

/** multipart/form-data (and kin whose parts are named) against one schema. */
export class MultipartCheck {
  readonly #shape: Shape;
  readonly #encodings: ReadonlyMap<string, EncodingPlan>;
  readonly #headers: ReadonlyMap<string, readonly HeaderField[]>;
  readonly #validator: Validator | null;
  readonly #strict: boolean;
  readonly #documented: DocumentedType;
  readonly #names: FieldNames;
  readonly #beside: ParameterNames | undefined;
  readonly #shared: readonly string[];

  constructor(
    plan: MediaPlan,
    validatorOf: (plan: { readonly schema: string | null }) => Validator | null,
    strict: boolean,
    beside: ParameterNames | undefined,
  ) {
    this.#beside = beside;
    this.#shape = plan.shape ?? { types: null };
    this.#encodings = new Map(plan.encoding);
    this.#headers = new Map(
      plan.encoding?.map(([name, { headers = [] }]) => [
        name,
        headers.map((header: HeaderPlan) => new HeaderField(header, validatorOf(header))),
      ]),
    );
    this.#validator = validatorOf(plan);
    this.#strict = strict;
    this.#documented = plan;
    this.#shared = sharedNames(this.#shape, beside);
    this.#names = new FieldNames(propertiesOf(this.#shape).keys());
  }

  check(bytes: Uint8Array, type: MediaType, bounds: JsonBounds): BodyCheck {
    const isFormData = type.type === 'multipart/form-data';
    const charset = type.parameters.get('charset');
    if (!isUtf8Charset(charset) || !isReadAsUtf8(charset, bytes)) {
      return refused({ rule: 'charset', pointer: '' });
    }
    const doubtful = doubtOfType(type, this.#documented);
    if (doubtful !== undefined) return refused({ rule: doubtful, pointer: '' });
    const reading = readMultipart(bytes, type.parameters.get('boundary'), isFormData);
    if (!reading.ok) return refused({ rule: reading.rule, pointer: '' });
    const violations: MessageViolation[] = [];
    const fields = new Map<string, readonly Part[]>();
    const byName = Map.groupBy(reading.parts, ({ name }) => name);
    const names = [...byName.keys()];
    if (!names.every((name) => name !== undefined)) {
      return refused({ rule: 'part-name', pointer: '' });
    }
    const doubt = this.#names.doubtAmong(names.filter((name) => name !== CHARSET_FIELD));
    if (doubt !== undefined) return refusedName(doubt);
    const strangers = names.filter((name) => !this.#names.has(name));
    const refusal = refusalAmong(strangers, this.#beside);
    if (refusal !== undefined) return refused(refusal);
    for (const name of names) {
      const parts = byName.get(name) as Part[];
      if (name === CHARSET_FIELD && !propertiesOf(this.#shape).has(name)) {
        if (!parts.every(saysUtf8)) return refused({ rule: 'charset', pointer: '' });
        continue;
      }
      fields.set(name, parts);
      for (const part of parts) violations.push(...this.#checkPartHeaders(name, part));
    }
    let value: JsonValue | undefined;
    const found = judgedBothWays({ in: 'body' }, (draft) => {
      const checked = this.#judge(fields, { bounds, isFormData }, draft);
      if (!draft.isDividedOtherwise) value = checked.value;
      return checked.violations;
    });
    return { value, violations: [...violations, ...found] };
  }

  #judge(fields: ReadonlyMap<string, readonly Part[]>, manner: Manner, draft: Draft): BodyCheck {
    const form: { [name: string]: JsonValue } = {};
    for (const [name, parts] of fields) {
      const refusal = this.#addField(name, parts, form, draft, manner);
      if (refusal !== undefined) return refused(refusal);
    }
    draft.putTop([form]);
    return withListedAlone(
      conclude(draft, this.#validator, this.#strict),
      this.#validator,
      (name) => refusalAmong([name], this.#beside),
      this.#shared,
    );
  }

  #addField(
    name: string,
    parts: readonly Part[],
    form: { [name: string]: JsonValue },
    draft: Draft,
    manner: Manner,
  ): Refusal | undefined {
    const known = propertiesOf(this.#shape).get(name);
    const shape = known ?? additionalShape(this.#shape);
    const encoding = this.#encodings.get(name);
    const pointer = `/${escapeSegment(name)}`;
    // A name that the document does not know is not told.
    const told = known === undefined ? '' : pointer;
    const isJsonList =
      encoding?.contentTypes?.some(({ range }) => isJsonType(range)) && !isJsonItem(shape.items);
    if (shape.types?.includes('array') && !(isJsonList && parts.length === 1)) {
      const list: JsonValue[] = [];
      for (const [index, part] of parts.entries()) {
        const item = shape.prefixItems?.[index] ?? shape.items ?? { types: null };
        const at = `${pointer}/${index}`;
        const read = readPartValue(part, item, encoding, manner, at);
        if ('rule' in read) return read;
        draft.put(list, index, at, read.readings);
      }
      const [text, ...others] = list;
      // As text, and no document that holds one.
      const isDivisible =
        typeof text === 'string' && text.includes(',') && shape.items?.binary !== true;
      if (isDivisible && others.length === 0 && text === strictUtf8((parts[0] as Part).bytes)) {
        draft.dividedAt ??= pointer;
        const refusal = draft.isDividedOtherwise && divideInto(list, text, shape, draft, pointer);
        if (refusal) return refusal;
      }
      draft.put(form, name, pointer, [list]);
      return undefined;
    }
    if (parts.length > 1) return { rule: 'duplicate', pointer: told };
    const read = readPartValue(parts[0] as Part, shape, encoding, manner, told);
    if ('rule' in read) return read;
    draft.put(form, name, pointer, read.readings);
    return undefined;
  }

  #checkPartHeaders(name: string, part: Part): MessageViolation[] {
    const headers = this.#headers.get(name);
    if (headers === undefined || headers.length === 0) return [];
    if (part.hasDoubtfulFilename && headers.some((header) => header.name === DISPOSITION)) {
      const at = { in: 'body', pointer: `/${escapeSegment(name)}` } as const;
      return [explained({ ...at, rule: 'content-disposition' })];
    }
    const fields = new HeaderFields(part.headers);
    return headers
      .flatMap((header) => header.check(fields, this.#strict))
      .map((found) => ({ ...found, in: 'body', pointer: `/${escapeSegment(name)}` }));
  }
}

/** As many services do with the only text of a list. */
function divideInto(
  list: JsonValue[],
  text: string,
  { prefixItems, items }: Shape,
  draft: Draft,
  pointer: string,
): Refusal | undefined {
  const texts = text.split(',', FIELD_BOUNDS.itemsMax + 1);
  if (texts.length > FIELD_BOUNDS.itemsMax) return { rule: 'items', pointer };
  for (const [index, item] of texts.entries()) {
    const shape = prefixItems?.[index] ?? items ?? { types: null };
    draft.put(list, index, `${pointer}/${index}`, readingsOf(item, shape));
  }
  return undefined;
}

const DISPOSITION = 'content-disposition';

/** HTML writes the charset of a form into this field, where a page asks for it. */
function saysUtf8({ bytes, hasFilename }: Part): boolean {
  return !hasFilename && /^utf-8$/i.test(latin1(bytes));
}

function isJsonItem(shape: Shape | undefined): boolean {
  return shape?.types?.includes('object') ?? false;
}

function readPartValue(
  part: Part,
  shape: Shape,
  encoding: EncodingPlan | undefined,
  { bounds, isFormData }: Manner,
  pointer: string,
): Readings | Refusal {
  const documented = encoding?.contentTypes ?? defaultTypes(shape).map(withoutParameters);
  // A part without a type is of the documented one: browsers send plain fields so.
  const type = part.type?.type ?? assumedType(documented);
  const actual = part.type ?? { type, parameters: NO_PARAMETERS };
  const entry = selectMedia(documented, actual);
  if (entry === undefined) return { rule: 'content-type', pointer };
  const doubt = doubtOfPart(actual, entry, isFormData);
  if (doubt !== undefined) return { rule: doubt, pointer };
  const isFile = part.hasFilename && isOpaque(shape, type, encoding) && !isXmlType(type);
  // What a file is written in is its own matter: nobody makes a text of it.
  if (!isFile && !isReadAsUtf8(part.type?.parameters.get('charset'), part.bytes)) {
    return { rule: 'charset', pointer };
  }
  if (isXmlType(type)) {
    const reading = readXml(part.bytes, bounds);
    if (!reading.ok) return { rule: reading.rule, pointer };
  }
  if (isOpaque(shape, type, encoding)) {
    // One character a byte, so that length keywords count bytes.
    return { readings: [latin1(part.bytes)] };
  }
  const isJson = isJsonType(type);
  // Upstream parsers hand parts with a filename to other code than plain fields.
  if (part.hasFilename && !isJson) return { rule: 'filename', pointer };
  if (isJson) {
    const reading = readJson(part.bytes, bounds);
    if (reading.ok) return { readings: [reading.value] };
    return { rule: `json-${reading.problem.rule}`, pointer: pointer + reading.problem.pointer };
  }
  const text = strictUtf8(part.bytes);
  if (text === undefined) return { rule: 'encoding', pointer };
  return { readings: readingsOf(text, shape) };
}

/** OpenAPI's default content types of parts, by the type of their schema. */
function defaultTypes(shape: Shape): readonly string[] {
  if (shape.binary || shape.types === null) return ['*/*'];
  if (isObjectOnly(shape) || shape.types.includes('array')) return ['application/json'];
  return shape.types.includes('object') ? ['application/json', 'text/plain'] : ['text/plain'];
}

const NO_PARAMETERS: MediaType['parameters'] = new Map();

function withoutParameters(range: string): DocumentedType {
  return { range, parameters: [] };
}

function assumedType(documented: readonly DocumentedType[]): string {
  const range = documented[0]?.range ?? 'text/plain';
  return range.includes('*') ? 'text/plain' : range;
}

/** File parts, and parts of types that nothing here reads. */
function isOpaque(shape: Shape, type: string, encoding: EncodingPlan | undefined): boolean {
  if (shape.binary) return true;
  if (shape.types === null) return encoding?.contentTypes === undefined || !isJsonType(type);
  return !isJsonType(type) && !type.startsWith('text/') && encoding?.contentTypes !== undefined;
}
