import type { SegmentPlan } from './plan.ts';

export interface Routed {
  /** Index of the operation by method. */
  readonly methods: ReadonlyMap<string, number>;
  readonly allow: readonly string[];
  /** Raw, in the order of the template. */
  readonly values: readonly string[];
}

interface PatternEdge {
  readonly literals: readonly string[];
  readonly fixedLength: number;
  readonly node: Node;
}

interface Node {
  readonly literals: Map<string, Node>;
  /** Segments with fixed parts, most fixed first. */
  readonly patterns: PatternEdge[];
  any: Node | undefined;
  leaf: { readonly methods: Map<string, number>; allow: string[] } | undefined;
}

/** Deeper paths than any template are refused before the walk. */
const SEGMENTS_MAX = 200;

/**
 * A tree of segments: cost follows the length of the path, not the number of operations.
 * Concrete before patterned before free, segment by segment from the left; the path is chosen
 * before the method, as OpenAPI has it.
 */
export class Router {
  readonly #root = emptyNode();

  add(method: string, template: readonly SegmentPlan[], operation: number): void {
    let node = this.#root;
    for (const segment of template) node = edge(node, segment);
    node.leaf ??= { methods: new Map(), allow: [] };
    if (node.leaf.methods.has(method)) return;
    node.leaf.methods.set(method, operation);
    node.leaf.allow = [...node.leaf.methods.keys()].sort();
  }

  find(path: string): Routed | undefined {
    if (!path.startsWith('/')) return undefined;
    const segments = path.split('/', SEGMENTS_MAX + 2);
    if (segments.length > SEGMENTS_MAX + 1) return undefined;
    const values: string[] = [];
    const leaf = descend(this.#root, segments, 1, values);
    return leaf && { methods: leaf.methods, allow: leaf.allow, values };
  }
}

function descend(
  node: Node,
  segments: readonly string[],
  index: number,
  values: string[],
): Node['leaf'] {
  if (index === segments.length) return node.leaf;
  const segment = segments[index] as string;
  const literal = node.literals.get(segment);
  if (literal !== undefined) {
    const leaf = descend(literal, segments, index + 1, values);
    if (leaf !== undefined) return leaf;
  }
  // A parameter never stands for an empty segment.
  if (segment === '') return undefined;
  const kept = values.length;
  for (const pattern of node.patterns) {
    if (takeValues(segment, pattern, values)) {
      const leaf = descend(pattern.node, segments, index + 1, values);
      if (leaf !== undefined) return leaf;
    }
    values.length = kept;
  }
  if (node.any === undefined) return undefined;
  values.push(segment);
  const leaf = descend(node.any, segments, index + 1, values);
  if (leaf === undefined) values.length = kept;
  return leaf;
}

/** Each parameter takes as little as it can, the last one the rest: one pass, no backtracking. */
function takeValues(
  segment: string,
  { literals, fixedLength }: PatternEdge,
  values: string[],
): boolean {
  const last = literals.length - 1;
  const head = literals[0] as string;
  const tail = literals[last] as string;
  if (segment.length < fixedLength + last || !segment.startsWith(head) || !segment.endsWith(tail)) {
    return false;
  }
  const end = segment.length - tail.length;
  let start = head.length;
  for (let index = 1; index < last; index++) {
    const literal = literals[index] as string;
    const found = segment.indexOf(literal, start + 1);
    if (found < 0 || found + literal.length >= end) return false;
    values.push(segment.slice(start, found));
    start = found + literal.length;
  }
  if (start >= end) return false;
  values.push(segment.slice(start, end));
  return true;
}

function emptyNode(): Node {
  return { literals: new Map(), patterns: [], any: undefined, leaf: undefined };
}

function edge(node: Node, segment: SegmentPlan): Node {
  if ('literal' in segment) {
    const known = node.literals.get(segment.literal);
    if (known !== undefined) return known;
    const next = emptyNode();
    node.literals.set(segment.literal, next);
    return next;
  }
  const { literals } = segment;
  const fixedLength = literals.reduce((sum, literal) => sum + literal.length, 0);
  if (fixedLength === 0 && literals.length === 2) {
    node.any ??= emptyNode();
    return node.any;
  }
  const known = node.patterns.find((pattern) => sameTexts(pattern.literals, literals));
  if (known !== undefined) return known.node;
  const pattern = { literals, fixedLength, node: emptyNode() };
  node.patterns.push(pattern);
  node.patterns.sort((left, right) => right.fixedLength - left.fixedLength);
  return pattern.node;
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}
