import { ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import { acceptedTypes, isNarrowed } from '../message/accepted-types.ts';
import { describesStructure } from '../message/check-media.ts';
import { isJsonLinesType } from '../message/json-lines.ts';
import {
  documentedType,
  isReadableText,
  isXmlType,
  type MediaType,
  mediaKind,
  parseMediaType,
  rangeHolds,
} from '../message/media-type.ts';
import { unreadablePartTypes } from '../message/part-types.ts';
import { isYamlType } from '../message/yaml-reader.ts';
import type {
  AnswerPlan,
  BodyPlan,
  EncodingPlan,
  HeaderPlan,
  MediaPlan,
  Shape,
  Style,
} from '../plan.ts';
import { isOurExtension, refuseExtension } from './object-fields.ts';
import { readSerialized } from './read-parameters.ts';
import { readShape } from './read-shape.ts';
import { readXmlContent } from './read-xml-content.ts';
import type { Reading } from './reading.ts';

export function readBody(operation: Place, method: string, reading: Reading): BodyPlan | null {
  const at = child(operation, 'requestBody');
  if (at.value === undefined) return null;
  if (at.value === null) {
    reading.remarks.warn('empty-field', at, "'requestBody' is empty: bodies are refused");
    return null;
  }
  const place = reading.object(at, 'requestBody');
  if (place === undefined) return null;
  if (method === 'GET' || method === 'HEAD') {
    reading.remarks.warn('body-of-safe-method', at, `${method} requests rarely carry a body`);
  }
  if (ownMember(place.value, 'content') === undefined) {
    reading.remarks.error('body-without-content', place, "a request body needs 'content'");
  }
  return {
    required: reading.flag(place, 'required') ?? false,
    content: readContent(place, 'request', reading),
  };
}

export function readAnswers(operation: Place, reading: Reading): AnswerPlan[] {
  if (ownMember(operation.value, 'responses') === undefined) {
    reading.remarks.warn(
      'no-responses',
      operation,
      'no responses are described: every answer of the upstream counts as undocumented',
    );
    return [];
  }
  const plans: AnswerPlan[] = [];
  for (const [key, at] of reading.map(operation, 'responses')) {
    if (key.toLowerCase().startsWith('x-')) {
      if (isOurExtension(key)) refuseExtension(at, key, reading.remarks);
      continue;
    }
    const status = readStatus(key, at, reading);
    if (plans.some((plan) => plan.status === status)) {
      reading.remarks.error('unknown-status', at, `the status '${status}' is described twice`);
      continue;
    }
    if (!/^(?:[1-5]\d\d|[1-5]XX|default)$/.test(status)) {
      reading.remarks.error(
        'unknown-status',
        at,
        `'${key}' is neither a status code, nor a range such as '2XX', nor 'default'`,
      );
      continue;
    }
    const place = reading.object(at, 'response');
    if (place === undefined) continue;
    plans.push({
      status,
      headers: readHeaders(place, reading, 'response'),
      content: readContent(place, 'response', reading),
    });
  }
  return plans;
}

/** `2xx` and `Default`: case is all that is wrong with them. */
function readStatus(key: string, at: Place, reading: Reading): string {
  const isRange = /^[1-5]xx$/i.test(key);
  const isDefault = key.toLowerCase() === 'default';
  const status = isRange ? key.toUpperCase() : isDefault ? 'default' : key;
  if (status !== key) reading.readAs(at, `'${status}'`);
  return status;
}

function readHeaders(
  holder: Place,
  reading: Reading,
  direction: 'request' | 'response',
): HeaderPlan[] {
  const plans: HeaderPlan[] = [];
  for (const [name, at] of reading.map(holder, 'headers')) {
    // OpenAPI: a header of this name is described by `content`, and ignored.
    if (name.toLowerCase() === 'content-type') continue;
    const place = reading.object(at, 'header');
    if (place === undefined) continue;
    plans.push({
      name,
      required: reading.flag(place, 'required') ?? false,
      ...readSerialized(place, 'header', reading, direction),
    });
  }
  return plans;
}

function readContent(
  holder: Place,
  direction: 'request' | 'response',
  reading: Reading,
): MediaPlan[] {
  const entries = reading.map(holder, 'content');
  const hasRange = entries.some(([text]) => text.includes('*'));
  return entries.flatMap(([text, at]): MediaPlan[] => {
    const types = readMediaTypes(text, at, reading);
    if (types.length === 0)
      return hasRange ? refuseUnknown(text, at, reading) : [unmatched(text, at, reading)];
    const place = reading.object(at, 'mediaType');
    if (place === undefined) return [];
    return types.map((type) => ({
      ...documentedType(type),
      ...readMedia(place, type.type, direction, reading),
    }));
  });
}

/** One media type, as the standard has it, or several that share their description. */
function readMediaTypes(text: string, at: Place, reading: Reading): readonly MediaType[] {
  const type = parseMediaType(text);
  if (type !== undefined) return [type];
  const meant = withoutSlips(text);
  const whole = parseMediaType(meant);
  if (whole !== undefined) {
    reading.readAs(at, `'${meant}'`);
    return [whole];
  }
  const several = meant.split(',').map((part) => (part.trim() === '*' ? '*/*' : part.trim()));
  const types = several.map(parseMediaType).filter((read) => read !== undefined);
  if (types.length < several.length || text.includes('"')) return [];
  reading.readAs(at, several.join(' and '), 'write each as a key of its own');
  return types;
}

/** A comma before a parameter, `application/json, charset=utf-8`, and a charset without its name. */
function withoutSlips(text: string): string {
  return text.replaceAll(/,(?=\s*[\w-]+=)/g, ';').replace(/;\s*(?=utf-?8\s*$)/i, '; charset=');
}

/** A key that no Content-Type can be: what is written there fits nothing, and so lets nothing pass. */
function unmatched(text: string, at: Place, reading: Reading): MediaPlan {
  const message = `'${text}' is not a media type: no message fits it`;
  reading.remarks.warn('unknown-media-type', at, message, 'write it as type/subtype');
  return { range: text.toLowerCase(), parameters: [], schema: null };
}

/** Beside a range, a message of the type that was meant would pass by the range. */
function refuseUnknown(text: string, at: Place, reading: Reading): [] {
  reading.remarks.error('unknown-media-type', at, `'${text}' is not a media type`);
  return [];
}

const FORM = 'application/x-www-form-urlencoded';

function readMedia(
  place: Place,
  range: string,
  direction: 'request' | 'response',
  reading: Reading,
): Pick<MediaPlan, 'schema' | 'shape' | 'rootName' | 'encoding'> {
  if (isXmlType(range)) return readXmlContent(place, range, direction, reading);
  const at = reading.member(place, 'schema');
  if (at.value === undefined) return { schema: null };
  const schema = reading.schema(at, direction);
  const kind = mediaKind(range);
  const mayBeForm = rangeHolds(range, FORM) || range.startsWith('multipart/') || range === '*/*';
  if (kind === 'json') return { schema };
  const shape = readShape(at, reading);
  remarkOnUnread(place, range, shape, { direction, reading });
  const encoding = mayBeForm ? readEncodings(place, range, shape, direction, reading) : [];
  return { schema, shape, ...(encoding.length > 0 ? { encoding } : {}) };
}

function remarkOnUnread(
  place: Place,
  range: string,
  shape: Shape,
  { direction, reading }: { direction: 'request' | 'response'; reading: Reading },
): void {
  if (range.includes('*')) {
    if (direction === 'request') remarkOnRange(place, range, shape, reading);
    return;
  }
  const kind = mediaKind(range);
  const isPlain = shape.types?.every((type) => type === 'string') ?? true;
  const isUnread =
    (kind === 'opaque' && !isPlain) || (kind === 'text' && !shape.binary && !isReadableText(shape));
  if (kind === 'jose' && !isPlain) {
    reading.remarks.warn(
      'unenforceable-schema',
      child(place, 'schema'),
      `${range} bodies are signed or encrypted: that they are is enforced, and what they hold is not`,
    );
  }
  // Each line is read, of requests.
  if (direction === 'request' && isJsonLinesType(range)) return;
  const isStructure = describesStructure({ range, shape }, { type: range });
  if (direction === 'request' && isStructure && isYamlType(range)) return;
  const isUnreadMultipart = kind === 'multipart' && !(shape.types?.includes('object') ?? false);
  if (isUnread || isUnreadMultipart) {
    const isJsonHeld = direction === 'request' && isStructure;
    const more =
      isJsonHeld && !isUnreadMultipart ? ', and the schema on JSON that comes under it' : '';
    reading.remarks.warn(
      'unenforceable-schema',
      child(place, 'schema'),
      `${range} bodies are not parsed here: only their media type and size are enforced${more}`,
    );
  }
}

/** A range is no promise to read what nobody here can: the author may have meant just that. */
function remarkOnRange(place: Place, range: string, shape: Shape, reading: Reading): void {
  const plan = { range, parameters: [], schema: place.pointer, shape };
  if (!isNarrowed(plan)) return;
  const types = acceptedTypes(plan);
  const what = types.length === 0 ? 'no body' : `of bodies, only ${types.join(', ')}`;
  const message = `under ${range} with a schema for lists or objects, ${what} can be held against it and will pass`;
  const suggestion = 'name each other type that is to pass as a key of its own';
  reading.remarks.warn('media-type-range', place, message, suggestion);
}

function readEncodings(
  media: Place,
  range: string,
  shape: Shape,
  direction: 'request' | 'response',
  reading: Reading,
): (readonly [string, EncodingPlan])[] {
  const properties = new Map(shape.properties);
  return reading.map(media, 'encoding').flatMap(([property, at]) => {
    const place = reading.object(at, 'encoding');
    if (place === undefined) return [];
    if (!properties.has(property)) {
      reading.remarks.warn(
        'encoding-of-unknown-property',
        place,
        `the schema has no property '${property}'`,
      );
    }
    const encoding = readEncoding(place, direction, reading);
    const known = properties.get(property);
    if (known !== undefined && direction === 'request') {
      const body = range.startsWith('multipart/') ? 'multipart' : 'form';
      remarkOnPart(place, unreadablePartTypes(body, known, encoding), reading);
    }
    return [[property, encoding] as const];
  });
}

function remarkOnPart(place: Place, types: readonly string[], reading: Reading): void {
  if (types.length === 0) return;
  const message = `what is sent as ${types.join(', ')} is never what the schema of this property asks for: it is refused, or passes as a text where the schema names no type`;
  const suggestion =
    'write application/json for lists and objects; for a file, a schema of type string, format binary';
  reading.remarks.warn('unreadable-part', child(place, 'contentType'), message, suggestion);
}

const FORM_STYLES: readonly Style[] = ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'];

function readEncoding(
  place: Place,
  direction: 'request' | 'response',
  reading: Reading,
): EncodingPlan {
  const contentTypes = reading
    .text(place, 'contentType')
    ?.split(',')
    .flatMap((text) => {
      const type = parseMediaType(text.trim());
      if (type !== undefined) return [documentedType(type)];
      const at = child(place, 'contentType');
      reading.remarks.error('unknown-media-type', at, `'${text.trim()}' is not a media type`);
      return [];
    });
  const written = reading.text(place, 'style');
  const style = FORM_STYLES.find((candidate) => candidate === written);
  if (written !== undefined && style === undefined) {
    const at = child(place, 'style');
    reading.remarks.error('unknown-style', at, `'${written}' is not a style of form data`);
  }
  const explode = reading.flag(place, 'explode');
  const isStyled =
    written !== undefined ||
    explode !== undefined ||
    reading.flag(place, 'allowReserved') !== undefined;
  const headers = readHeaders(place, reading, direction);
  return {
    ...(contentTypes === undefined ? {} : { contentTypes }),
    ...(isStyled
      ? { style: { style: style ?? 'form', explode: explode ?? (style ?? 'form') === 'form' } }
      : {}),
    ...(headers.length > 0 ? { headers } : {}),
  };
}
