import { linkedUnits, type Shape } from '../shape.ts';
import type { Conjunction } from './conjunction.ts';

/** What documents members, or items, that no schema lists. */
interface Openers {
  /** Always. */
  readonly isOpen: boolean;
  /** Within these, when they apply. */
  readonly branches: readonly Shape[];
}

/** What a place asks of members or items that nothing else describes. */
export interface Rest {
  readonly schema: Shape;
  readonly branches: readonly Shape[];
}

export const NEVER: Shape = { id: 0, never: true };

type Kind = 'members' | 'items';

/** `isClosed`: members that nothing documents are refused, or cut out. */
export function restsOf(
  { shapes }: Conjunction,
  kind: Kind,
  units: readonly Shape[],
  isClosed: boolean,
): readonly Rest[] {
  const rests: Rest[] = [];
  const add = (schema: Shape, within: readonly Shape[], own: Shape | null) => {
    const { isOpen, branches } = openersOf(within, kind, units, own);
    if (!isOpen) rests.push({ schema, branches });
  };
  for (const shape of shapes) {
    const schema = kind === 'members' ? shape.unevaluatedProperties : shape.unevaluatedItems;
    if (schema !== undefined) add(schema, [shape], shape);
  }
  const lists = shapes.some(({ properties = [] }) => properties.length > 0);
  if (kind === 'members' && isClosed && lists) add(NEVER, shapes, null);
  return rests;
}

/** Whether what stands within a shape takes something from its own rest. */
export function isOpenedWithin({ shapes }: Conjunction, units: readonly Shape[]): boolean {
  return shapes.some((shape) => {
    const kinds: Kind[] = [];
    if (shape.unevaluatedProperties !== undefined) kinds.push('members');
    if (shape.unevaluatedItems !== undefined) kinds.push('items');
    return kinds.some((kind) => {
      const { isOpen, branches } = openersOf([shape], kind, units, shape);
      return isOpen || branches.length > 0;
    });
  });
}

/** `own`: the shape whose rest is asked about, which does not open itself. */
function openersOf(
  within: readonly Shape[],
  kind: Kind,
  units: readonly Shape[],
  own: Shape | null,
): Openers {
  let isOpen = false;
  const branches = new Set<Shape>();
  const seen = new Set<Shape>();
  const waiting: [shape: Shape, branch: Shape | null][] = within.map((shape) => [shape, null]);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [shape, branch] = next;
    if (seen.has(shape)) continue;
    seen.add(shape);
    if (opens(shape, kind, shape === own)) {
      if (branch === null) isOpen = true;
      else branches.add(branch);
    }
    if (opensAtTimes(shape, kind, branch !== null)) branches.add(branch ?? shape);
    for (const [child, isAlways] of childrenOf(shape, units)) {
      const entry: [Shape, Shape | null] = [child, branch ?? (isAlways ? null : child)];
      // What always applies is looked at first: it may be met in a branch, too.
      if (entry[1] === null) waiting.unshift(entry);
      else waiting.push(entry);
    }
  }
  return { isOpen, branches: [...branches] };
}

function opens(shape: Shape, kind: Kind, isOwn: boolean): boolean {
  const rest = kind === 'members' ? shape.unevaluatedProperties : shape.unevaluatedItems;
  const plain = kind === 'members' ? shape.additionalProperties : shape.items;
  const isAny = (schema: Shape | undefined) => schema !== undefined && schema.never !== true;
  return isAny(plain) || (!isOwn && isAny(rest));
}

/** Patterns that always apply are compared one by one. */
function opensAtTimes(shape: Shape, kind: Kind, isInBranch: boolean): boolean {
  if (kind === 'items') return shape.contains !== undefined;
  return isInBranch && shape.patternProperties !== undefined;
}

function childrenOf(shape: Shape, units: readonly Shape[]): [child: Shape, isAlways: boolean][] {
  const { refs = [], allOf = [], anyOf = [], oneOf = [], dependentSchemas = [] } = shape;
  const unitsOf = (indexes: readonly number[]) => indexes.flatMap((unit) => units[unit] ?? []);
  const branches = [shape.if, shape.then, shape.else].filter((one) => one !== undefined);
  return [
    ...[...unitsOf(refs), ...allOf].map((one): [Shape, boolean] => [one, true]),
    ...[anyOf, oneOf].flatMap((list) =>
      list.map((one): [Shape, boolean] => [one, list.length === 1]),
    ),
    ...[...branches, ...dependentSchemas.map(([, one]) => one)].map((one): [Shape, boolean] => [
      one,
      false,
    ]),
    ...unitsOf(linkedUnits(shape).slice(refs.length)).map((one): [Shape, boolean] => [one, false]),
  ];
}
