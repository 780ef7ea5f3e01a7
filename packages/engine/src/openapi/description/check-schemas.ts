import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place, placeKey } from '../document/remarks.ts';
import { nameOf } from './object-fields.ts';
import type { Reading } from './reading.ts';

const ONE = [
  'additionalProperties',
  'additionalItems',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
];
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];

/**
 * Walks every schema that a place reaches: opens the files they name, and remarks on references
 * that lead nowhere. Whether a keyword makes sense is the schema compiler's to say.
 */
export function checkSchemas(start: Place, reading: Reading, checked: Set<string>): void {
  const waiting = [start];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const key = placeKey(place);
    if (checked.has(key)) continue;
    checked.add(key);
    if (typeof place.value === 'boolean') continue;
    if (!isFields(place.value)) {
      reading.remarks.error('wrong-type', place, `expected a schema, found ${nameOf(place.value)}`);
      continue;
    }
    const target = referenceTarget(place, reading);
    if (target !== undefined) waiting.push(target);
    // 3.0: $ref hides its siblings.
    if (reading.version === '3.0' && typeof ownMember(place.value, '$ref') === 'string') continue;
    waiting.push(...subschemas(place, reading), ...mappedSchemas(place, reading));
  }
}

function subschemas(place: Place, reading: Reading): Place[] {
  const found: Place[] = [];
  const { value } = place;
  for (const keyword of ONE)
    if (ownMember(value, keyword) !== undefined) found.push(child(place, keyword));
  for (const keyword of MANY) found.push(...reading.list(place, keyword));
  for (const keyword of NAMED) {
    for (const [, schema] of reading.map(place, keyword)) found.push(schema);
  }
  const items = child(place, 'items');
  if (Array.isArray(items.value)) found.push(...reading.list(place, 'items'));
  else if (items.value !== undefined) found.push(items);
  return found;
}

/** A discriminator maps to names of schemas, or to references. */
function mappedSchemas(place: Place, reading: Reading): Place[] {
  const discriminator = child(place, 'discriminator');
  if (!isFields(discriminator.value)) return [];
  return reading.map(discriminator, 'mapping').flatMap(([, at]) => {
    const { value } = at;
    const isReference = typeof value === 'string' && /[#/]|\.(?:ya?ml|json)$/i.test(value);
    const target = isReference ? reading.documents.target(place, value, at) : undefined;
    return target === undefined ? [] : [target];
  });
}

function referenceTarget(place: Place, reading: Reading): Place | undefined {
  const reference = ownMember(place.value, '$ref');
  if (reference === undefined) return undefined;
  if (typeof reference !== 'string') {
    // A property may be called $ref; a schema's own $ref is a string.
    reading.remarks.error('wrong-type', child(place, '$ref'), '$ref must be a string');
    return undefined;
  }
  // Names set by $anchor are the schema compiler's to resolve.
  if (reading.version === '3.1' && /#[^/]/.test(reference)) return undefined;
  return reading.documents.target(place, reference);
}
