import { escapeSegment, ownMember } from './pointer.ts';

/** A schema with an address of its own: references inside it resolve against that address. */
export interface SchemaResource {
  readonly address: string;
  readonly pointer: string;
  readonly value: unknown;
}

const RESOURCES_MAX = 10_000;

/** Every `$id` and anchor of a document, outermost first; anchors have a fragment. */
export function findSchemaResources(root: unknown, address: string): SchemaResource[] {
  const found: SchemaResource[] = [];
  const walk = (value: unknown, pointer: string, base: string): void => {
    if (typeof value !== 'object' || value === null || found.length >= RESOURCES_MAX) return;
    const id = ownMember(value, '$id');
    let inner = base;
    if (typeof id === 'string' && URL.canParse(id, base)) {
      const url = new URL(id, base);
      url.hash = '';
      inner = url.href;
      found.push({ address: inner, pointer, value });
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const name = ownMember(value, keyword);
      if (typeof name === 'string') found.push({ address: `${inner}#${name}`, pointer, value });
    }
    for (const [key, member] of Object.entries(value)) {
      walk(member, `${pointer}/${escapeSegment(key)}`, inner);
    }
  };
  walk(root, '', address);
  return found;
}

/** The innermost resource around a pointer. */
export function resourceAround(
  resources: readonly SchemaResource[],
  pointer: string,
): SchemaResource | undefined {
  return resources.findLast(
    (resource) =>
      !resource.address.includes('#') &&
      (pointer === resource.pointer || pointer.startsWith(`${resource.pointer}/`)),
  );
}
