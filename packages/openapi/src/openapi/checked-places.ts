import { entryKey, type SchemaAddress } from '../json-schema/index.ts';
import { FieldSet } from './decode/field-set.ts';
import { answerKind, readingKind } from './message/check-media.ts';
import { xmlContent } from './message/check-xml.ts';
import type { MediaPlan, OperationPlan } from './plan.ts';
import type { CompiledApi, CompiledOperation } from './types.ts';

/** A part of a call for which a description may have a schema. */
export interface CheckedPlace {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body' | 'answer';
  /** Of a parameter its name, in the path its position; of content its media type or range. */
  readonly name: string;
  /** Of an answer: '200', '2XX' or 'default'. */
  readonly status?: string;
}

/** Which parts of its calls an operation holds against a schema. A call must fit one of the variants. */
export interface CheckedPlaces {
  /** Must be there: 'body', or where and what. */
  readonly required: readonly string[];
  readonly checked: readonly CheckedPlace[];
  /** Documented, with no schema or one that says nothing: anything passes there. */
  readonly unchecked: readonly CheckedPlace[];
  /** Those of the unchecked where other text passes, and what is JSON all the same is held against the schema. */
  readonly heldAsJson?: readonly CheckedPlace[];
  /** Those that are checked, or held as JSON, each with its schema: an index into the shapes of `comparable`. */
  readonly schemas: readonly (CheckedPlace & { readonly shape: number })[];
  /** An object that is written as several pairs takes every name in the query that nobody describes. */
  readonly takesAnyQuery: boolean;
  /** Of forms, what `encoding` asks of a part beside its schema. */
  readonly parts: readonly PartRule[];
}

interface PartRule {
  /** Media type or range of the body, and the property. */
  readonly body: string;
  readonly name: string;
  /** null: those that go with its schema. */
  readonly types: readonly string[] | null;
  /** Header fields that it must have. */
  readonly headers: readonly string[];
}

export function checkedPlaces(
  operation: CompiledOperation,
  { openSchemas = [], schemas }: CompiledApi,
): CheckedPlaces {
  const open = new Set(openSchemas);
  const shapeOf = (place: CheckedPlace, address: SchemaAddress) => {
    const direction = place.in === 'answer' ? 'response' : 'request';
    return schemas.entries[entryKey({ address, direction })];
  };
  const plan = operation.plan as OperationPlan;
  const all = [plan, ...(plan.variants ?? [])].map((variant) => placesOf(variant, open));
  const [first = placesOf(plan, open)] = all;
  const held = all
    .flatMap((one) => one.schemas)
    .flatMap(({ address, ...place }) => {
      const shape = shapeOf(place, address);
      return shape === undefined ? [] : [{ ...place, shape }];
    });
  const unchecked = distinct(all.flatMap((one) => one.unchecked));
  const isUnchecked = new Set(unchecked.map(keyOf));
  const checked = distinct(all.flatMap((one) => one.checked)).filter((place) => {
    if (isUnchecked.has(keyOf(place))) return false;
    // Fields that one of the variants does not know pass by that one.
    const mayBeAbsent = place.in === 'header' || place.in === 'cookie';
    return !mayBeAbsent || all.every((one) => one.checked.some(sameAs(place)));
  });
  const required = first.required.filter((name) => all.every((one) => one.required.includes(name)));
  // A variant in which it is not lets everything pass by.
  const heldAsJson = distinct(all.flatMap((one) => one.heldAsJson)).filter((place) =>
    all.every((one) => !one.unchecked.some(sameAs(place)) || one.heldAsJson.some(sameAs(place))),
  );
  const isChecked = new Set([...checked, ...heldAsJson].map(keyOf));
  const bound = held.filter((place) => isChecked.has(keyOf(place)));
  const takesAnyQuery = [plan, ...(plan.variants ?? [])].some(takesAnyName);
  const parts = [plan, ...(plan.variants ?? [])].flatMap(partRules);
  return { required, checked, unchecked, heldAsJson, schemas: bound, takesAnyQuery, parts };
}

function partRules({ body }: OperationPlan): PartRule[] {
  return (body?.content ?? []).flatMap((media) =>
    (media.encoding ?? []).map(([name, { contentTypes, headers = [] }]) => ({
      body: nameOf(media),
      name,
      types: contentTypes?.map(({ range }) => range) ?? null,
      headers: headers.filter(({ required }) => required).map((field) => field.name.toLowerCase()),
    })),
  );
}

/** Asked of what reads the query itself. */
function takesAnyName({ parameters }: OperationPlan): boolean {
  const specs = parameters
    .filter(({ in: where }) => where === 'query')
    .map(({ name, shape, serialization }) =>
      serialization.kind === 'style'
        ? { name, shape, content: null, ...serialization }
        : { name, shape, content: 'text' as const, style: 'form' as const, explode: false },
    );
  const { unknown } = new FieldSet(specs).collect([NOT_DESCRIBED], () => false);
  return unknown.length === 0;
}

const NOT_DESCRIBED = { name: '\u0000', raw: '' };

const keyOf = (place: CheckedPlace) => JSON.stringify([place.in, place.name, place.status]);
const sameAs = (place: CheckedPlace) => (other: CheckedPlace) => keyOf(place) === keyOf(other);

function distinct(places: readonly CheckedPlace[]): CheckedPlace[] {
  return [...new Map(places.map((place) => [keyOf(place), place])).values()];
}

function placesOf(plan: OperationPlan, open: ReadonlySet<string>) {
  const required: string[] = plan.body?.required ? ['body'] : [];
  const checked: CheckedPlace[] = [];
  const unchecked: CheckedPlace[] = [];
  const heldAsJson: CheckedPlace[] = [];
  const schemas: (CheckedPlace & { readonly address: SchemaAddress })[] = [];
  const positions = new Map(
    plan.template.flatMap((segment, index) =>
      'names' in segment ? segment.names.map((name, nth) => [name, `${index}.${nth}`]) : [],
    ),
  );
  for (const { in: where, name, required: isRequired, schema } of plan.parameters) {
    const place = { in: where, name: placeName(where, name, positions) };
    if (isRequired && where !== 'path') required.push(`${where} ${place.name}`);
    (schema === null || open.has(schema) ? unchecked : checked).push(place);
    if (schema !== null) schemas.push({ ...place, address: schema });
  }
  const putContent = (media: MediaPlan, place: CheckedPlace) => {
    const reading = readingOf(media, place.in, open);
    if (reading === 'checked') checked.push(place);
    if (reading === 'unchecked' || reading === 'as-json') unchecked.push(place);
    if (reading === 'as-json') heldAsJson.push(place);
    if (media.schema !== null) schemas.push({ ...place, address: media.schema });
  };
  for (const media of plan.body?.content ?? []) {
    putContent(media, { in: 'body', name: nameOf(media) });
  }
  for (const { status, content } of plan.answers) {
    // Any content is refused, and no other status speaks for this one.
    if (content.length === 0) checked.push({ in: 'answer', name: '', status });
    for (const media of content) putContent(media, { in: 'answer', name: nameOf(media), status });
  }
  return { required, checked, unchecked, heldAsJson, schemas };
}

function placeName(
  where: CheckedPlace['in'],
  name: string,
  positions: ReadonlyMap<string, string>,
): string {
  if (where === 'path') return positions.get(name) ?? name;
  // Names of fields have no case.
  return where === 'header' ? name.toLowerCase() : name;
}

function nameOf({ range, parameters }: MediaPlan): string {
  return [range, ...parameters.map(([name, value]) => `${name}=${value}`)].join('; ');
}

const UNCHECKED: ReadonlySet<string> = new Set(['opaque', 'jose']);
const MEDIA_TYPE = /^[^/\s]+\/[^/\s]+$/;

function readingOf(
  media: MediaPlan,
  where: CheckedPlace['in'],
  open: ReadonlySet<string>,
): 'checked' | 'as-json' | 'unchecked' | 'refused' {
  const { range, schema, shape } = media;
  // No message fits it.
  if (!MEDIA_TYPE.test(range)) return 'refused';
  const isOpen = schema === null || open.has(schema);
  if (range.includes('*')) {
    // What nothing here parses is refused where the schema is for lists or objects.
    const isParsed = shape?.types?.some((type) => type !== 'string' && type !== 'null') ?? false;
    return isOpen || shape?.binary || !isParsed ? 'unchecked' : 'checked';
  }
  const type = { type: range, parameters: new Map() };
  const kind = where === 'answer' ? answerKind(media, type) : readingKind(media, type);
  if (kind === 'xml') {
    const content = xmlContent(media);
    if (content === 'undescribed') return where === 'body' ? 'refused' : 'unchecked';
    return content === 'bytes' ? 'unchecked' : 'checked';
  }
  if (isOpen || UNCHECKED.has(kind)) return 'unchecked';
  return kind === 'unparsed' ? 'as-json' : 'checked';
}
