import type { ApiSnapshot } from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import {
  type FixedTexts,
  fitsAll,
  fixedTexts,
  isPreferred,
  mayBeBoth,
} from '@poorter/openapi/checks';

type Operation = ApiSnapshot['compiled']['operations'][number];

/**
 * Of the APIs at one host, the first that has the path and the method answers. So no operation may stand
 * behind an API whose wider paths take its calls: `/items/{id}` open before `/items/special` with a key.
 */
export function checkOverlaps(apis: readonly ApiSnapshot[]): Diagnostic[] {
  const trees = apis.map(treeOf);
  const budget = { steps: STEPS_MAX };
  const remarks: Diagnostic[] = [];
  for (const [index, later] of apis.entries()) {
    const told = new Set<Operation>();
    for (const [rank, earlier] of apis.slice(0, index).entries()) {
      if (!shareHost(earlier, later)) continue;
      const [before, behind] = [trees[rank] as Tree, trees[index] as Tree];
      const hidden = hiddenIn(before, behind, budget);
      const isMutual =
        hidden.length > 0 && hiddenIn(behind, before, budget).some(({ isSame }) => !isSame);
      for (const one of hidden) {
        if (!told.has(one.own)) remarks.push(remarkOn(one, earlier, later, isMutual));
        told.add(one.own);
      }
      if (budget.steps <= 0) return [...remarks, ...remarkOnEnd(earlier, later)];
    }
  }
  return remarks;
}

function shareHost(one: ApiSnapshot, other: ApiSnapshot): boolean {
  if (one.hosts.length === 0 || other.hosts.length === 0) return true;
  return one.hosts.some((host) => other.hosts.includes(host));
}

const APART = 'give the APIs different hosts, or different server paths';

function remarkOn(
  { method, own, rival, isSame }: Hidden,
  earlier: ApiSnapshot,
  later: ApiSnapshot,
  isMutual: boolean,
): Diagnostic {
  const isByGet = method === 'HEAD' && (own.method === 'GET' || rival.method === 'GET');
  const answering = own.method === 'GET' ? later.name : earlier.name;
  const byGet = isByGet ? `, as GET of '${answering}' answers HEAD` : '';
  const what = isSame
    ? `is also an operation of the API '${earlier.name}'`
    : `is more concrete than ${rival.method} ${rival.path} of the API '${earlier.name}', which is listed first and answers its calls`;
  const first = `list the API '${later.name}' before '${earlier.name}', or ${APART}`;
  const message = `${method} ${own.path} ${what}${byGet}`;
  return ambiguous(own, message, isSame || isMutual ? APART : first);
}

/** What was not compared may hide something, so it is refused. */
function remarkOnEnd(earlier: ApiSnapshot, later: ApiSnapshot): Diagnostic[] {
  const [first] = later.compiled.operations;
  if (first === undefined) return [];
  const message = `the APIs '${earlier.name}' and '${later.name}' have too many paths in common to tell which of them answers`;
  return [ambiguous(first, message, APART)];
}

function ambiguous(
  { file, line, column }: Operation,
  message: string,
  suggestion: string,
): Diagnostic {
  const place = { file, line, column };
  return { severity: 'error', code: 'ambiguous-operations', ...place, message, suggestion };
}

interface Hidden {
  readonly method: string;
  readonly own: Operation;
  /** Of the API that is listed first. */
  readonly rival: Operation;
  /** Both answer the same calls. */
  readonly isSame: boolean;
}

/** By decoded segments, as the router has them. */
interface Tree {
  readonly fixed: Map<string, Tree>;
  readonly open: Map<string, { readonly texts: FixedTexts; readonly next: Tree }>;
  leaf: Leaf | undefined;
}

interface Leaf {
  readonly path: readonly FixedTexts[];
  readonly methods: Map<string, Operation>;
}

function treeOf({ compiled }: ApiSnapshot): Tree {
  const root = emptyTree();
  for (const operation of compiled.operations) {
    const path = fixedTexts(operation.path);
    let at = root;
    for (const texts of path) at = branch(at, texts);
    at.leaf ??= { path, methods: new Map() };
    if (!at.leaf.methods.has(operation.method)) at.leaf.methods.set(operation.method, operation);
  }
  return root;
}

function emptyTree(): Tree {
  return { fixed: new Map(), open: new Map(), leaf: undefined };
}

function branch(tree: Tree, texts: FixedTexts): Tree {
  const key = keyOf(texts);
  const known = texts.length === 1 ? tree.fixed.get(key) : tree.open.get(key)?.next;
  if (known !== undefined) return known;
  const next = emptyTree();
  if (texts.length === 1) tree.fixed.set(key, next);
  else tree.open.set(key, { texts, next });
  return next;
}

function keyOf(texts: FixedTexts): string {
  // No path that is accepted holds it.
  return texts.join('\0');
}

/** Pairs of branches that are compared; descriptions of thousands of operations need some ten thousand. */
const STEPS_MAX = 2_000_000;

interface Budget {
  steps: number;
}

/**
 * Operations of the second tree that the first one answers. Both are walked at once, so that paths
 * which have nothing in common are never compared.
 */
function hiddenIn(root: Tree, behind: Tree, budget: Budget): readonly Hidden[] {
  const found = new Map<Operation, Hidden>();
  compare(root, behind, false);
  return [...found.values()];

  /** `isWider`: at the first segment in which the paths differ, that of the API listed first fixes less. */
  function compare(first: Tree, own: Tree, isWider: boolean): void {
    if (budget.steps <= 0) return;
    if (first.leaf !== undefined && own.leaf !== undefined) judge(first.leaf, own.leaf, !isWider);
    const [fewer, more] = first.fixed.size < own.fixed.size ? [first, own] : [own, first];
    for (const text of fewer.fixed.keys()) {
      budget.steps -= 1;
      if (!more.fixed.has(text)) continue;
      compare(first.fixed.get(text) as Tree, own.fixed.get(text) as Tree, isWider);
    }
    for (const { texts, next } of first.open.values()) {
      for (const [text, under] of own.fixed) {
        if (overlap(texts, [text])) compare(next, under, true);
      }
      for (const other of own.open.values()) {
        if (!overlap(texts, other.texts)) continue;
        const isSame = keyOf(texts) === keyOf(other.texts);
        // Where the first API fixes more, or as much, its path is the one to take.
        if (!isSame && !isWider && !isPreferred([other.texts], [texts])) continue;
        compare(next, other.next, isWider || !isSame);
      }
    }
    if (!isWider) return;
    for (const { texts, next } of own.open.values()) {
      for (const [text, over] of first.fixed) {
        if (isTold(next)) break;
        if (overlap(texts, [text])) compare(over, next, true);
      }
    }
  }

  function overlap(one: FixedTexts, other: FixedTexts): boolean {
    budget.steps -= 1;
    return budget.steps > 0 && mayBeBoth(one, other);
  }

  /** One rival is enough, of the thousands that there may be. */
  function isTold({ fixed, open, leaf }: Tree): boolean {
    if (leaf === undefined || fixed.size > 0 || open.size > 0) return false;
    return leaf.methods.values().every((operation) => found.has(operation));
  }

  function judge(first: Leaf, own: Leaf, isSame: boolean): void {
    const methods = new Set([...own.methods.keys(), ...(own.methods.has('GET') ? ['HEAD'] : [])]);
    for (const method of methods) {
      const [rival, mine] = [answering(first, method), answering(own, method)];
      if (rival === undefined || mine === undefined) continue;
      // Where GET answers on both sides, GET itself is told.
      if (method === 'HEAD' && rival.method === 'GET' && mine.method === 'GET') continue;
      if (!isSame && isNeverTaken(first, own)) return;
      if (!found.has(mine)) found.set(mine, { method, own: mine, rival, isSame });
    }
  }

  /**
   * For every call that fits both, the API listed first takes another of its paths, which fixes more. Where
   * that lacks the method, the call is left to the next API; where it has it, that pair is judged itself.
   */
  function isNeverTaken(first: Leaf, own: Leaf): boolean {
    return holding(root, first.path, own.path, budget).some(
      ({ path }) => path !== first.path && isPreferred(path, first.path),
    );
  }
}

/** RFC 9110 §9.3.2: GET answers HEAD where that is not described. */
function answering({ methods }: Leaf, method: string): Operation | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
}

type Path = readonly FixedTexts[];

/** Paths that every call fits which fits the other two. */
function holding(tree: Tree, one: Path, other: Path, budget: Budget, from = 0): readonly Leaf[] {
  const [texts, rival] = [one[from], other[from]];
  if (texts === undefined || rival === undefined) return tree.leaf === undefined ? [] : [tree.leaf];
  const found: Leaf[] = [];
  const literal = [texts, rival].find(({ length }) => length === 1)?.[0];
  const fixed = literal === undefined ? undefined : tree.fixed.get(literal);
  if (fixed !== undefined) found.push(...holding(fixed, one, other, budget, from + 1));
  for (const { texts: wide, next } of tree.open.values()) {
    budget.steps -= 1;
    if (fitsAll(wide, texts) || fitsAll(wide, rival)) {
      found.push(...holding(next, one, other, budget, from + 1));
    }
  }
  return found;
}
