import { type FixedTexts, fitsAll, fixedTextsOf, mayBeBoth } from '../compare-templates.ts';
import { askTheSame } from '../crossing-paths.ts';
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
  readonly key: string;
  readonly texts: FixedTexts;
  /** In the order of the document. */
  readonly rank: number;
  readonly node: Node;
}

interface Node {
  readonly children: Map<string, Branch>;
  /** Those of the children that have parameters: few, however many literals there are. */
  readonly templated: Branch[];
  /** One for each method. */
  readonly reads: ReadOperation[];
}

/**
 * '/a/{x}/c' and '/a/b/{y}' both match '/a/b/c', and OpenAPI does not say which is meant. The router
 * takes the leftmost concrete segment, or neither where they ask different things: the author should know.
 */
export function remarkOnOverlaps(operations: readonly ReadOperation[], remarks: Remarks): void {
  const root = tree(operations);
  let steps = 0;
  let found = 0;
  let last: Place | null = null;
  /** `left` won at an earlier segment by being concrete where `right` was not. */
  const compare = (left: Node, right: Node, isDecided: boolean, isDoubtful: boolean): void => {
    if (steps > STEPS_MAX) return;
    if (isDoubtful && left.reads.length > 0 && right.reads.length > 0) {
      last = (right.reads[0] as ReadOperation).place;
      if (++found <= OVERLAPS_MAX) remarkOn(left.reads, right.reads, remarks);
    }
    for (const first of left.children.values()) {
      for (const second of rivals(first, right)) {
        if (++steps > STEPS_MAX) return;
        const order = compareSegments(first, second);
        if (order === 'disjoint') continue;
        const doubt = isDoubtful || order === 'crossing';
        if (order === 'equal') {
          compare(first.node, second.node, isDecided, doubt);
        } else if (!isDecided) {
          const isFirst = order === 'narrower' || (order === 'crossing' && isTaken(first, second));
          if (isFirst) compare(first.node, second.node, true, doubt);
        } else {
          compare(first.node, second.node, true, doubt || order === 'wider');
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
    'the path that is concrete further left is preferred where both ask the same of their callers; other such calls are refused',
  );
}

function remarkOn(
  left: readonly ReadOperation[],
  right: readonly ReadOperation[],
  remarks: Remarks,
): void {
  const [{ operation: one }, { operation: other, place }] = [left[0], right[0]] as [
    ReadOperation,
    ReadOperation,
  ];
  const message = `some requests fit both ${one.path} and ${other.path}`;
  const isSame = left.every(({ operation }) =>
    right.every(
      (rival) =>
        rival.operation.method !== operation.method || askTheSame(operation, rival.operation),
    ),
  );
  if (isSame) {
    const taken = `${one.path} is preferred for them: it is concrete further left`;
    remarks.warn('overlapping-paths', place, message, taken);
    return;
  }
  remarks.warn(
    'overlapping-paths',
    place,
    `${message}, which ask different things of their callers: these requests are refused`,
    'change one of the two paths, or ask the same (security, x-poorter) at both',
  );
}

function tree(operations: readonly ReadOperation[]): Node {
  const root: Node = { children: new Map(), templated: [], reads: [] };
  for (const read of operations) {
    let node = root;
    for (const segment of read.operation.plan.template) {
      const key = branchKey(segment);
      let next = node.children.get(key);
      if (next === undefined) {
        next = {
          key,
          texts: fixedTextsOf([segment])[0] as FixedTexts,
          rank: node.children.size,
          node: { children: new Map(), templated: [], reads: [] },
        };
        node.children.set(key, next);
        if ('names' in segment) node.templated.push(next);
      }
      node = next.node;
    }
    node.reads.push(read);
  }
  return root;
}

/** A literal cannot stand for a template's text: such keys carry a blank, literals none. */
function branchKey(segment: SegmentPlan): string {
  return templateKey([segment]) + ('literal' in segment ? '' : ' {}');
}

/** Branches that may match the same segment. */
function rivals({ key, texts }: Branch, other: Node): Iterable<Branch> {
  if (texts.length > 1) return other.children.values();
  const same = other.children.get(key);
  return same === undefined ? other.templated : [same, ...other.templated];
}

function compareSegments(
  left: Branch,
  right: Branch,
): 'equal' | 'narrower' | 'wider' | 'crossing' | 'disjoint' {
  if (left.key === right.key) return 'equal';
  if (!mayBeBoth(left.texts, right.texts)) return 'disjoint';
  if (fitsAll(right.texts, left.texts)) return 'narrower';
  return fitsAll(left.texts, right.texts) ? 'wider' : 'crossing';
}

/** Of two segments, neither of which is the narrower one: most fixed characters first, then as written. */
function isTaken(one: Branch, other: Branch): boolean {
  const [fixed, others] = [fixedLength(one.texts), fixedLength(other.texts)];
  return fixed === others ? one.rank < other.rank : fixed > others;
}

function fixedLength(texts: FixedTexts): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
