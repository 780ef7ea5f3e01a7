import type { Position } from '../document/parsed-text.ts';
import type { Place, Remarks } from '../document/remarks.ts';
import type { SegmentPlan } from '../plan.ts';
import type { ReadOperation } from './read-operations.ts';
import { templateKey } from './template.ts';

/** Two operations that every matching request would fit equally are a mistake in the document. */
export function refuseAmbiguousOperations(
  operations: readonly ReadOperation[],
  remarks: Remarks,
): void {
  const first = new Map<string, ReadOperation>();
  const pairs: { read: ReadOperation; other: ReadOperation }[] = [];
  for (const read of operations) {
    const key = `${read.operation.method} ${templateKey(read.operation.plan.template)}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, read);
    else pairs.push({ read, other });
  }
  for (const [document, same] of Map.groupBy(pairs, ({ other }) => other.place.document)) {
    const positions = document.positions(same.map(({ other }) => other.place.pointer));
    for (const [index, { read, other }] of same.entries()) {
      const { line, column } = positions[index] as Position;
      const { method, path } = read.operation;
      remarks.error(
        'ambiguous-operations',
        read.place,
        `${method} ${path} cannot be told apart from ${other.operation.path} (${document.uri}:${line}:${column})`,
        'names of path parameters do not distinguish paths: merge the two, or change one path',
      );
    }
  }
}

/** Comparisons made before the search for doubtful overlaps ends. */
const STEPS_MAX = 300_000;
const OVERLAPS_MAX = 20;

interface Branch {
  readonly segment: SegmentPlan;
  readonly node: Node;
}

interface Node {
  readonly children: Map<string, Branch>;
  /** Those of the children that have parameters: few, however many literals there are. */
  readonly templated: Branch[];
  read: ReadOperation | undefined;
}

/**
 * '/a/{x}/c' and '/a/b/{y}' both match '/a/b/c', and OpenAPI does not say which is meant. The
 * router takes the leftmost concrete segment; the author should know.
 */
export function remarkOnOverlaps(operations: readonly ReadOperation[], remarks: Remarks): void {
  const root = tree(operations);
  let steps = 0;
  let found = 0;
  let last: Place | null = null;
  /** `left` won at an earlier segment by being concrete where `right` was not. */
  const compare = (left: Node, right: Node, isDecided: boolean, isDoubtful: boolean): void => {
    if (steps > STEPS_MAX) return;
    if (isDoubtful && left.read !== undefined && right.read !== undefined) {
      last = right.read.place;
      if (++found <= OVERLAPS_MAX)
        remarks.warn(
          'overlapping-paths',
          right.read.place,
          `some requests fit both ${left.read.operation.path} and ${right.read.operation.path}`,
          `${left.read.operation.path} is preferred for them: it is concrete further left`,
        );
    }
    for (const first of left.children.values()) {
      for (const second of rivals(first, right)) {
        if (++steps > STEPS_MAX) return;
        const order = compareSegments(first.segment, second.segment);
        if (order === 'disjoint') continue;
        if (order === 'equal') {
          compare(first.node, second.node, isDecided, isDoubtful);
        } else if (!isDecided) {
          if (order === 'narrower') compare(first.node, second.node, true, isDoubtful);
        } else {
          compare(first.node, second.node, true, isDoubtful || order === 'wider');
        }
      }
    }
  };
  compare(root, root, false, false);
  if (last === null || (found <= OVERLAPS_MAX && steps <= STEPS_MAX)) return;
  const more = Math.max(0, found - OVERLAPS_MAX);
  remarks.warn(
    'overlapping-paths',
    last as Place,
    steps > STEPS_MAX
      ? `at least ${more} more pairs of paths overlap; there are too many to compare them all`
      : `${more} more pairs of paths overlap`,
    'the path that is concrete further left is preferred',
  );
}

function tree(operations: readonly ReadOperation[]): Node {
  const root: Node = { children: new Map(), templated: [], read: undefined };
  for (const read of operations) {
    let node = root;
    for (const segment of read.operation.plan.template) {
      const key = branchKey(segment);
      let next = node.children.get(key);
      if (next === undefined) {
        next = { segment, node: { children: new Map(), templated: [], read: undefined } };
        node.children.set(key, next);
        if ('names' in segment) node.templated.push(next);
      }
      node = next.node;
    }
    node.read ??= read;
  }
  return root;
}

/** A literal cannot stand for a template's text: such keys carry a blank, literals none. */
function branchKey(segment: SegmentPlan): string {
  return templateKey([segment]) + ('literal' in segment ? '' : ' {}');
}

/** Branches that may match the same segment. */
function rivals({ segment }: Branch, other: Node): Iterable<Branch> {
  if ('names' in segment) return other.children.values();
  const same = other.children.get(branchKey(segment));
  return same === undefined ? other.templated : [same, ...other.templated];
}

function compareSegments(
  left: SegmentPlan,
  right: SegmentPlan,
): 'equal' | 'narrower' | 'wider' | 'disjoint' {
  if ('literal' in left && 'literal' in right) {
    return left.literal === right.literal ? 'equal' : 'disjoint';
  }
  if ('literal' in left) return mayHold(right, left.literal) ? 'narrower' : 'disjoint';
  if ('literal' in right) return mayHold(left, right.literal) ? 'wider' : 'disjoint';
  if (templateKey([left]) === templateKey([right])) return 'equal';
  return concreteness(left) >= concreteness(right) ? 'narrower' : 'wider';
}

/** Characters that a segment fixes. */
function concreteness(segment: SegmentPlan): number {
  if ('literal' in segment) return Number.POSITIVE_INFINITY;
  return segment.literals.reduce((sum, literal) => sum + literal.length, 0);
}

function mayHold(segment: SegmentPlan, literal: string): boolean {
  if ('literal' in segment) return segment.literal === literal;
  const { literals } = segment;
  return (
    literal.length > concreteness(segment) &&
    literal.startsWith(literals[0] as string) &&
    literal.endsWith(literals.at(-1) as string)
  );
}
