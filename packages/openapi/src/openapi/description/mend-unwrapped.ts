import { KEYWORD_FORMS, setMember } from '../../json-schema/index.ts';
import { type Fields, isFields, ownMember, plainText } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { Reading } from './reading.ts';

/** Fields of the object itself that share their name with a keyword. */
const OWN_FIELDS: Readonly<Record<'parameter' | 'header' | 'mediaType', readonly string[]>> = {
  parameter: ['required', 'name', 'in', '$ref'],
  header: ['required', '$ref'],
  mediaType: ['$ref'],
};

/**
 * Swagger 2.0 wrote `type`, `enum`, `minimum` into the parameter itself. Without a schema they are
 * the schema; beside one, both must hold.
 */
export function mendUnwrapped(
  place: Place,
  kind: 'parameter' | 'header' | 'mediaType',
  reading: Reading,
): void {
  const { value } = place;
  if (!isFields(value) || ownMember(value, 'content') !== undefined) return;
  const location = ownMember(value, 'in');
  if (location === 'body' || location === 'formData') return;
  const keywords = Object.keys(value).filter(
    (key) =>
      (Object.hasOwn(KEYWORD_FORMS, key) || key === 'nullable') && !OWN_FIELDS[kind].includes(key),
  );
  const [first] = keywords;
  if (first === undefined) return;
  const given = ownMember(value, 'schema') ?? undefined;
  if (given !== undefined && !isFields(given)) return;
  reading.remarks.warn(
    'read-as-meant',
    child(place, first),
    `'${keywords.join("', '")}' ${keywords.length > 1 ? 'are' : 'is'} read as part of 'schema'`,
    "move it under 'schema'",
  );
  const unwrapped = Object.fromEntries(keywords.map((key) => [key, ownMember(value, key)]));
  const isList = plainText(ownMember(unwrapped, 'type')).toLowerCase() === 'array';
  if (kind !== 'mediaType' && given === undefined && isList) mendCollection(place, value, reading);
  for (const key of keywords) delete (value as Record<string, unknown>)[key];
  setMember(value, 'schema', given === undefined ? unwrapped : { allOf: [given, unwrapped] });
}

const COLLECTIONS: Readonly<Record<string, { style: string; explode: boolean }>> = {
  csv: { style: 'form', explode: false },
  multi: { style: 'form', explode: true },
  ssv: { style: 'spaceDelimited', explode: false },
  pipes: { style: 'pipeDelimited', explode: false },
};

/** Swagger 2.0: items are separated by commas unless the parameter says otherwise. */
function mendCollection(place: Place, parameter: Fields, reading: Reading): void {
  const at = child(place, 'collectionFormat');
  const isStyled = ['style', 'explode'].some((key) => Object.hasOwn(parameter, key));
  const format = at.value ?? 'csv';
  if (isStyled || typeof format !== 'string' || !Object.hasOwn(COLLECTIONS, format)) return;
  const collection = COLLECTIONS[format] as { style: string; explode: boolean };
  if (ownMember(parameter, 'in') !== 'query') {
    // Elsewhere the one style of OpenAPI 3 is that of commas.
    if (format !== 'csv') return;
  } else {
    setMember(parameter, 'style', collection.style);
    setMember(parameter, 'explode', collection.explode);
    reading.readAs(
      at.value === undefined ? place : at,
      `style: ${collection.style}, explode: ${collection.explode}`,
    );
  }
  delete (parameter as Record<string, unknown>)['collectionFormat'];
}
