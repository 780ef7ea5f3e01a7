import type { ApiProtection, OperationProtection } from './protection.ts';

export interface Placed {
  readonly api: ApiProtection;
  readonly operation: OperationProtection;
}

/** The operations of one side, found by the calls that they answer. */
export class Operations {
  readonly all: readonly Placed[];
  readonly #byShape: Map<string, Placed[]>;
  readonly #byCall: PathTree = emptyTree();
  readonly #byService: PathTree = emptyTree();

  constructor(apis: readonly ApiProtection[]) {
    this.all = apis.flatMap((api) => api.operations.map((operation) => ({ api, operation })));
    this.#byShape = Map.groupBy(
      this.all,
      ({ operation }) => `${operation.method} ${operation.shape}`,
    );
    for (const placed of this.all) {
      put(this.#byCall, stepsOf(placed), placed);
      for (const steps of serviceSteps(placed)) put(this.#byService, steps, placed);
    }
  }

  /** Those that answer the same calls at a host of this one. */
  same({ api, operation }: Placed): readonly Placed[] {
    const found = this.#byShape.get(`${operation.method} ${operation.shape}`) ?? [];
    return found.filter((one) => sharesHost(one.api, api));
  }

  /** Of those whose path fits every call of this one, the nearest. */
  covering(placed: Placed): readonly Placed[] {
    const fitting = endsFor(this.#byCall, stepsOf(placed), 0).filter(
      ({ api, operation }) =>
        operation.shape !== placed.operation.shape && sharesHost(api, placed.api),
    );
    return nearest(fitting);
  }

  /** Those through which the same calls reach the same service, at whatever host of the gate. */
  reaching(placed: Placed): readonly Placed[] {
    const fitting = serviceSteps(placed).flatMap((steps) => endsFor(this.#byService, steps, 0));
    return [...Map.groupBy(fitting, ({ api }) => api).values()].flatMap(nearest);
  }

  /** All of the services that this one reaches. */
  besides({ api }: Placed): readonly Placed[] {
    return this.all.filter((one) => sharesService(one.api, api));
  }
}

export function sharesService({ service }: ApiProtection, other: ApiProtection): boolean {
  const hosts = service.targets.map(hostOf);
  return other.service.targets.some((target) => hosts.includes(hostOf(target)));
}

export function sharesHost(one: ApiProtection, other: ApiProtection): boolean {
  if (one.hosts.length === 0 || other.hosts.length === 0) return true;
  return one.hosts.some((host) => other.hosts.includes(host));
}

/** Those with the fewest open segments. */
function nearest(fitting: readonly Placed[]): readonly Placed[] {
  const openOf = ({ operation }: Placed) => operation.path.split('/').filter(isOpenSegment).length;
  const fewest = fitting.reduce((least, one) => Math.min(least, openOf(one)), Infinity);
  return fitting.filter((one) => openOf(one) === fewest);
}

/** By method and segments. */
interface PathTree {
  readonly next: Map<string, PathTree>;
  readonly ends: Placed[];
}

function emptyTree(): PathTree {
  return { next: new Map(), ends: [] };
}

function put(tree: PathTree, steps: readonly string[], placed: Placed): void {
  let at = tree;
  for (const segment of steps) {
    const step = isOpenSegment(segment) ? ANY : segment;
    const next = at.next.get(step) ?? emptyTree();
    at.next.set(step, next);
    at = next;
  }
  at.ends.push(placed);
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

/** As the service sees the call, at each of its addresses. */
function serviceSteps({ api, operation }: Placed): readonly string[][] {
  return api.service.targets.map((target) => {
    const host = hostOf(target);
    const path = `${target.slice(host.length)}${operation.path}`;
    return [host, operation.method, ...path.split('/')];
  });
}

function hostOf(target: string): string {
  return target.split('/', 1)[0] as string;
}

function isOpenSegment(segment: string): boolean {
  return /^\{[^{}]+\}$/.test(segment);
}
