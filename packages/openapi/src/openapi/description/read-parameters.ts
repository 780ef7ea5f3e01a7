import { isDeepStrictEqual } from 'node:util';
import { didYouMean, meantFlag } from '../../json-schema/index.ts';
import { ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import { isJsonType, parseMediaType } from '../message/media-type.ts';
import type { ParameterLocation, ParameterPlan, Serialization, Style } from '../plan.ts';
import { isDocumentation } from './known-fields.ts';
import { readShape } from './read-shape.ts';
import type { Reading } from './reading.ts';

const STYLES: Readonly<Record<ParameterLocation, readonly Style[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form', 'cookie'],
};

/** OpenAPI: header parameters of these names are described elsewhere, and ignored. */
const IGNORED_HEADERS = ['accept', 'content-type', 'authorization'];

interface Located {
  readonly name: string;
  readonly in: ParameterLocation;
  readonly place: Place;
}

/** Parameters of the path item, overridden by those of the operation with the same name and place. */
export function readParameters(
  pathItem: Place,
  operation: Place,
  templateNames: readonly string[],
  reading: Reading,
  { isOpen = false } = {},
): ParameterPlan[] {
  const located = new Map<string, Located>();
  for (const holder of [pathItem, operation]) {
    const own = new Set<string>();
    for (const item of reading.list(holder, 'parameters')) {
      const parameter = locateParameter(item, reading);
      if (parameter === undefined) continue;
      const key = `${parameter.in} ${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
      const first = own.has(key) ? located.get(key) : undefined;
      own.add(key);
      located.set(
        key,
        first === undefined ? parameter : readTwice(first, parameter, item, reading),
      );
    }
  }
  const plans = [...located.values()].flatMap((parameter) => {
    const header = parameter.in === 'header' ? parameter.name.toLowerCase() : '';
    // Where nobody else asks for a credential, one that is described as a header is the only one.
    const isChecked = !IGNORED_HEADERS.includes(header) || (isOpen && header === 'authorization');
    return isChecked ? [readParameter(parameter, reading)] : [];
  });
  return matchTemplate(plans, located, templateNames, operation, reading);
}

/** The same parameter twice, told apart by its description alone, is one; required by either is required. */
function readTwice(first: Located, second: Located, item: Place, reading: Reading): Located {
  const { remarks } = reading;
  const isSame =
    first.place.document === second.place.document &&
    isDeepStrictEqual(checkedFieldsOf(first.place), checkedFieldsOf(second.place));
  const named = `a second ${second.in} parameter is named '${second.name}'`;
  if (isSame) remarks.warn('read-as-meant', item, `${named}: the two are read as one`, REMOVE);
  else remarks.error('duplicate-parameter', item, named, 'remove or rename one of the two');
  return reading.flag(second.place, 'required') ? second : first;
}

const REMOVE = 'remove one of the two';

/** What two parameters of one name and place check, besides whether they must be there. */
function checkedFieldsOf({ value }: Place): unknown {
  const fields = Object.entries(value as object).filter(
    ([key]) => !['name', 'in', 'required'].includes(key) && !isDocumentation('parameter', key),
  );
  return Object.fromEntries(fields);
}

function locateParameter(item: Place, reading: Reading): Located | undefined {
  const { remarks } = reading;
  const place = reading.object(item, 'parameter');
  if (place === undefined) return undefined;
  const name = reading.text(place, 'name');
  const location = readLocation(place, reading);
  if (name === undefined || location === undefined) {
    const missing = name === undefined ? 'name' : 'in';
    if (ownMember(place.value, missing) === undefined) {
      remarks.error('incomplete-parameter', place, `a parameter needs '${missing}'`);
    }
    return undefined;
  }
  switch (location) {
    case 'path':
    case 'query':
    case 'header':
    case 'cookie':
      return { name, in: location, place };
    case 'body':
    case 'formData':
      remarks.error(
        'swagger-leftover',
        child(place, 'in'),
        `'in: ${location}' is Swagger 2.0 and would enforce nothing`,
        "describe the body under the operation's 'requestBody'",
      );
      return undefined;
    default:
      remarks.error(
        'unknown-parameter-location',
        child(place, 'in'),
        `'in: ${location}' is not path, query, header or cookie`,
        didYouMean(location, Object.keys(STYLES)),
      );
      return undefined;
  }
}

/** `in: Query` names its place well enough. */
function readLocation(place: Place, reading: Reading): string | undefined {
  const written = reading.text(place, 'in');
  const meant = Object.keys(STYLES).find((known) => known === written?.trim().toLowerCase());
  if (meant !== undefined && meant !== written) reading.readAs(child(place, 'in'), `in: ${meant}`);
  return meant ?? written;
}

function readParameter({ name, in: location, place }: Located, reading: Reading): ParameterPlan {
  const required = (reading.flag(place, 'required') ?? false) || isRequiredInside(place, reading);
  if (location === 'path' && !required) {
    reading.remarks.warn(
      'path-parameter-not-required',
      place,
      `the path parameter '${name}' is required, whether the document says so or not`,
      "write 'required: true'",
    );
  }
  return {
    in: location,
    name,
    required: required || location === 'path',
    allowEmpty: location === 'query' && (reading.flag(place, 'allowEmptyValue') ?? false),
    ...readSerialized(place, location, reading),
  };
}

/** `schema: { required: true }`: the flag of the parameter, one level too deep. */
function isRequiredInside(place: Place, reading: Reading): boolean {
  const schema = child(place, 'schema');
  if (meantFlag(ownMember(schema.value, 'required')) !== true) return false;
  reading.readAs(child(schema, 'required'), "the parameter's own 'required'");
  delete (schema.value as { required?: unknown }).required;
  return true;
}

/** Serialization and schema, as parameters and headers write them. */
export function readSerialized(
  place: Place,
  location: ParameterLocation,
  reading: Reading,
  direction: 'request' | 'response' = 'request',
): Pick<ParameterPlan, 'serialization' | 'schema' | 'shape'> {
  const content = reading.map(place, 'content');
  const schema = reading.member(place, 'schema');
  if (content.length > 0 && schema.value !== undefined) {
    reading.remarks.error(
      'schema-and-content',
      place,
      "'schema' and 'content' exclude each other",
      'keep one of the two',
    );
  }
  const [first] = content;
  if (first === undefined) {
    if (schema.value === undefined) {
      reading.remarks.warn('no-schema', place, 'without a schema, any value is accepted');
    }
    const serialization = readStyle(place, location, reading);
    const read = readSchema(schema, reading, direction);
    const isNested = read.shape.types?.some((type) => type === 'object' || type === 'array');
    if (serialization.kind === 'style' && serialization.style === 'deepObject' && !isNested) {
      reading.remarks.warn(
        'deep-object-without-object',
        child(place, 'style'),
        "'deepObject' writes objects and lists: a single value is read as in the style 'form'",
        "write 'style: form'",
      );
    }
    return { serialization, ...read };
  }
  if (content.length > 1) {
    reading.remarks.error(
      'many-contents',
      child(place, 'content'),
      "'content' takes one media type",
    );
  }
  const inner = reading.object(first[1], 'mediaType') ?? first[1];
  const type = parseMediaType(first[0]);
  const json = type !== undefined && isJsonType(type.type);
  const read = readSchema(reading.member(inner, 'schema'), reading, direction);
  const isPlain = read.shape.types?.every((name) => name !== 'array' && name !== 'object') ?? true;
  if (json || isPlain) return { serialization: { kind: 'content', json }, ...read };
  reading.remarks.error(
    'unenforceable-schema',
    first[1],
    `${first[0]} is not parsed here: any text would be accepted`,
    "write 'schema', or application/json",
  );
  return { serialization: { kind: 'content', json }, schema: null, shape: { types: null } };
}

function readSchema(
  schema: Place,
  reading: Reading,
  direction: 'request' | 'response',
): Pick<ParameterPlan, 'schema' | 'shape'> {
  if (schema.value === undefined) return { schema: null, shape: { types: null } };
  return { schema: reading.schema(schema, direction), shape: readShape(schema, reading) };
}

function readStyle(place: Place, location: ParameterLocation, reading: Reading): Serialization {
  const allowed = STYLES[location];
  const written = reading.text(place, 'style');
  const meant = allowed.find((known) => known.toLowerCase() === written?.toLowerCase());
  const style = meant ?? (allowed[0] as Style);
  if (meant !== undefined && meant !== written) {
    reading.readAs(child(place, 'style'), `style: ${meant}`);
  } else if (written !== undefined && style !== written) {
    reading.remarks.error(
      'unknown-style',
      child(place, 'style'),
      `'${written}' is not a style of ${location} parameters`,
      didYouMean(written, allowed) ?? `write one of ${allowed.join(', ')}`,
    );
  }
  const explode = reading.flag(place, 'explode') ?? (style === 'form' || style === 'cookie');
  return { kind: 'style', style, explode };
}

/** One path parameter for every name of the template, in whatever state the document left them. */
function matchTemplate(
  read: readonly ParameterPlan[],
  located: ReadonlyMap<string, Located>,
  templateNames: readonly string[],
  operation: Place,
  reading: Reading,
): ParameterPlan[] {
  const plans = renameToTemplate(read, located, templateNames, reading);
  const declared = plans.filter((plan) => plan.in === 'path');
  const names = declared.map(({ name }) => name);
  for (const name of names.filter((candidate) => !templateNames.includes(candidate))) {
    reading.remarks.warn(
      'parameter-not-in-path',
      located.get(`path ${name}`)?.place ?? operation,
      `the path has no '{${name}}', so this parameter never occurs`,
      didYouMean(name, templateNames),
    );
  }
  const missing = templateNames.filter((name) => !names.includes(name));
  for (const name of missing) {
    reading.remarks.warn(
      'undeclared-path-parameter',
      operation,
      `the path parameter '{${name}}' is not declared: any text is accepted`,
      didYouMean(name, names),
    );
  }
  return [
    ...plans.filter((plan) => plan.in !== 'path' || templateNames.includes(plan.name)),
    ...missing.map(anyPathParameter),
  ];
}

export function anyPathParameter(name: string): ParameterPlan {
  return {
    in: 'path',
    name,
    required: true,
    allowEmpty: false,
    serialization: { kind: 'style', style: 'simple', explode: false },
    schema: null,
    shape: { types: ['string'] },
  };
}

/** `userid`, `{userId}` and `:userId` beside a template of `{userId}` leave no doubt. */
function renameToTemplate(
  plans: readonly ParameterPlan[],
  located: ReadonlyMap<string, Located>,
  templateNames: readonly string[],
  reading: Reading,
): readonly ParameterPlan[] {
  const names = plans.filter((plan) => plan.in === 'path').map(({ name }) => name);
  const missing = templateNames.filter((name) => !names.includes(name));
  const fits = (written: string) => missing.filter((name) => letters(name) === letters(written));
  return plans.map((plan) => {
    if (plan.in !== 'path' || templateNames.includes(plan.name)) return plan;
    const [meant, another] = fits(plan.name);
    const isShared = names.filter((name) => letters(name) === letters(plan.name)).length > 1;
    if (meant === undefined || another !== undefined || isShared) return plan;
    const place = located.get(`path ${plan.name}`)?.place;
    if (place !== undefined) reading.readAs(child(place, 'name'), `name: ${meant}`);
    return { ...plan, name: meant };
  });
}

function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[\s{}:*+_-]/g, '');
}
