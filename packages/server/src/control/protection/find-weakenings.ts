import { compareGates } from './compare-gates.ts';
import { compareOperations } from './compare-operations.ts';
import { isOpen } from './compare-security.ts';
import type { ApiProtection, OperationProtection, Protection } from './protection.ts';
import { some, type Weakening } from './weakening.ts';

/**
 * In what `after` protects less than `before`. What protects more is not told, nor an operation that is
 * gone; a call that another operation answers instead is compared with that one. Constraints of
 * schemas are not compared: which of two schemas accepts more cannot be decided in general.
 */
export function findWeakenings(before: Protection, after: Protection): Weakening[] {
  return [...compareGates(before, after), ...compareApis(before, after)];
}

interface Placed {
  readonly api: ApiProtection;
  readonly operation: OperationProtection;
}

function compareApis(before: Protection, after: Protection): Weakening[] {
  const old = new Operations(before.apis);
  const next = new Operations(after.apis);
  const found: Weakening[] = after.apis.flatMap((api) => compareHosts(before.apis, api));
  for (const placed of next.all) {
    const { api, operation } = placed;
    const same = old.same(placed);
    // Whoever is not described by name was answered by the operation whose path fits.
    const answeredBefore = same.length > 0 ? same : old.covering(placed);
    const changes = answeredBefore.flatMap((one) => compareOperations(one, placed));
    found.push(...distinct(changes));
    const isTold = changes.some(({ kind }) => kind === 'operation-opened');
    if (same.length === 0 && isOpen(operation) && !isTold) {
      found.push({
        ...{ kind: 'operation-added-open', api: api.name, operation },
        sentence: 'A new operation asks for no credentials.',
      });
    }
  }
  for (const placed of old.all) {
    if (next.same(placed).length > 0) continue;
    const taken = next.covering(placed).flatMap((one) => compareOperations(placed, one));
    const { method, path } = placed.operation;
    found.push(
      ...distinct(taken).map((one) => ({
        ...one,
        operation: { method, path },
        sentence: `Calls are now answered by ${one.operation?.path}. ${one.sentence}`,
      })),
    );
  }
  return found.map((one) => ({
    ...one,
    operation: one.operation && { method: one.operation.method, path: one.operation.path },
  }));
}

function compareHosts(before: readonly ApiProtection[], next: ApiProtection): Weakening[] {
  const old = before.find(({ name }) => name === next.name);
  if (old === undefined || old.hosts.length === 0) return [];
  const more = next.hosts.filter((host) => !old.hosts.includes(host));
  if (next.hosts.length > 0 && more.length === 0) return [];
  const hosts = next.hosts.length === 0 ? 'any' : some(more);
  const sentence = `It answers at more host names: ${hosts}.`;
  return [{ kind: 'hosts-widened', api: next.name, operation: null, sentence }];
}

function distinct(weakenings: readonly Weakening[]): Weakening[] {
  return [...new Map(weakenings.map((one) => [`${one.kind} ${one.sentence}`, one])).values()];
}

/** The operations of one side, found by the calls that they answer. */
class Operations {
  readonly all: readonly Placed[];
  readonly #byShape: Map<string, Placed[]>;
  readonly #tree: PathTree = { next: new Map(), ends: [] };

  constructor(apis: readonly ApiProtection[]) {
    this.all = apis.flatMap((api) => api.operations.map((operation) => ({ api, operation })));
    this.#byShape = Map.groupBy(
      this.all,
      ({ operation }) => `${operation.method} ${operation.shape}`,
    );
    for (const placed of this.all) {
      let at = this.#tree;
      for (const segment of stepsOf(placed)) {
        const step = isOpenSegment(segment) ? ANY : segment;
        const next = at.next.get(step) ?? { next: new Map(), ends: [] };
        at.next.set(step, next);
        at = next;
      }
      at.ends.push(placed);
    }
  }

  /** Those that answer the same calls at a host of this one. */
  same({ api, operation }: Placed): readonly Placed[] {
    const found = this.#byShape.get(`${operation.method} ${operation.shape}`) ?? [];
    return found.filter((one) => sharesHost(one.api, api));
  }

  /** Of those whose path fits every call of this one, the nearest. */
  covering(placed: Placed): readonly Placed[] {
    const fitting = endsFor(this.#tree, stepsOf(placed), 0).filter(
      ({ api, operation }) =>
        operation.shape !== placed.operation.shape && sharesHost(api, placed.api),
    );
    const openOf = ({ operation }: Placed) =>
      operation.path.split('/').filter(isOpenSegment).length;
    const fewest = Math.min(...fitting.map(openOf));
    return fitting.filter((one) => openOf(one) === fewest);
  }
}

/** By method and segments. */
interface PathTree {
  readonly next: Map<string, PathTree>;
  readonly ends: Placed[];
}

/** Stands for every segment; no segment holds a slash. */
const ANY = '/';

function endsFor(tree: PathTree, steps: readonly string[], from: number): readonly Placed[] {
  const step = steps[from];
  if (step === undefined) return tree.ends;
  const branches = [tree.next.get(step), tree.next.get(ANY)];
  return branches.flatMap((next) => (next === undefined ? [] : endsFor(next, steps, from + 1)));
}

function stepsOf({ operation }: Placed): readonly string[] {
  return [operation.method, ...operation.path.split('/')];
}

function isOpenSegment(segment: string): boolean {
  return /^\{[^{}]+\}$/.test(segment);
}

function sharesHost(one: ApiProtection, other: ApiProtection): boolean {
  if (one.hosts.length === 0 || other.hosts.length === 0) return true;
  return one.hosts.some((host) => other.hosts.includes(host));
}
