import { isFields, ownMember } from '../document/pointer.ts';
import type { Shape, XmlNaming } from '../plan.ts';

/** The `xml` object of a schema, its members in one order, so that two can be compared. */
export function readNaming(xml: unknown): Shape['xml'] {
  if (!isFields(xml)) return undefined;
  // OpenAPI 3.2 writes properties as text and the like, which nothing here reads.
  if (ownMember(xml, 'nodeType') !== undefined) return 'mixed';
  const text = (key: 'name' | 'namespace' | 'prefix'): Partial<XmlNaming> => {
    const value = ownMember(xml, key);
    return typeof value === 'string' && value !== '' ? { [key]: value } : {};
  };
  return {
    ...text('name'),
    ...text('namespace'),
    ...text('prefix'),
    ...(ownMember(xml, 'attribute') === true ? { attribute: true } : {}),
    ...(ownMember(xml, 'wrapped') === true ? { wrapped: true } : {}),
  };
}

/** What a schema says itself goes before what its parts say. */
export function withNaming(shape: Shape, xml: Shape['xml']): Shape {
  return xml === undefined ? shape : { ...shape, xml };
}

export function withoutNaming({ xml: _, ...shape }: Shape): Shape {
  return shape;
}

export function mergeNaming(left: Shape, right: Shape, mode: 'all' | 'any'): Shape['xml'] {
  if (isNullOnly(left)) return right.xml;
  if (isNullOnly(right)) return left.xml;
  if (mode === 'all' && (left.xml === undefined || right.xml === undefined)) {
    return left.xml ?? right.xml;
  }
  return JSON.stringify(left.xml) === JSON.stringify(right.xml) ? left.xml : 'mixed';
}

function isNullOnly({ types }: Shape): boolean {
  return types?.length === 1 && types[0] === 'null';
}
