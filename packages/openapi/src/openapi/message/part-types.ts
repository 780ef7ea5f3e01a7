import type { EncodingPlan, Shape } from '../plan.ts';
import { isObjectOnly } from './check-form.ts';
import { isJsonType, isXmlType } from './media-type.ts';

/**
 * Those of the types of a part, or of a field of a form, in which nothing that fits its schema can come: only JSON
 * holds lists and objects, and bytes are a text.
 */
export function unreadablePartTypes(
  body: 'form' | 'multipart',
  shape: Shape,
  { contentTypes = [], style }: EncodingPlan,
): readonly string[] {
  const ranges = contentTypes.map(({ range }) => range);
  if (body === 'multipart') return ranges.filter((range) => !mayHold(range, shape, ranges));
  // Of a field the first alone counts, and a style goes before it.
  const [first] = ranges;
  const isText = style === undefined && first !== undefined && !isJsonType(first);
  return isText && isObjectOnly(shape) && !shape.types?.includes('null') ? [first] : [];
}

function mayHold(range: string, shape: Shape, ranges: readonly string[]): boolean {
  if (isJsonType(range) || JSON_RANGES.has(range)) return true;
  // A list is a part an item, or JSON in one; the only item is divided as a text is.
  const isList = shape.types?.includes('array') === true && !ranges.some(isJsonType);
  const { types, binary } = isList ? (shape.items ?? { types: null }) : shape;
  if (types === null) return true;
  const isText = (isList || range.startsWith('text/')) && !isXmlType(range) && binary !== true;
  return types.some((type) => (isText ? type !== 'array' && type !== 'object' : type === 'string'));
}

/** They hold types of JSON. */
const JSON_RANGES: ReadonlySet<string> = new Set(['*', '*/*', 'application/*', 'text/*']);
