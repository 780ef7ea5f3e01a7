import {
  alike,
  type FixedTexts,
  fitsAll,
  fixedTexts,
  isPreferred,
  mayBeBoth,
  serviceReadings,
} from '@poorter/openapi/checks';
import type { ApiProtection, OperationProtection } from './protection.ts';

export interface Placed {
  readonly api: ApiProtection;
  readonly operation: OperationProtection;
  /** HEAD where nothing describes it: GET answers (RFC 9110 §9.3.2). */
  readonly isImplied: boolean;
  /** Of several APIs at one host, the first that has the operation answers. */
  readonly order: number;
  readonly path: readonly FixedTexts[];
  /** As the service sees it, at each of its addresses: the host, and the segments behind it. */
  readonly reached: readonly (readonly FixedTexts[])[];
}

/** The operations of one side, found by the calls that they answer. */
export class Operations {
  readonly all: readonly Placed[];
  readonly #byShape: ReadonlyMap<string, readonly Placed[]>;
  readonly #byCall: PathTree = emptyTree();
  readonly #byService: PathTree = emptyTree();
  readonly #near = new Map<Placed, readonly Placed[]>();
  readonly #besides = new Map<ApiProtection, readonly Placed[]>();

  /** `withHeads`: HEAD is looked at by itself, also where GET answers it. */
  constructor(apis: readonly ApiProtection[], withHeads: boolean) {
    this.all = apis.flatMap((api, order) => placedOf(api, order, withHeads));
    this.#byShape = Map.groupBy(this.all, ({ operation }) => operation.shape);
    for (const placed of this.all) {
      put(this.#byCall, placed.path, placed);
      for (const path of placed.reached) put(this.#byService, path, placed);
    }
  }

  /** Those that answer the same calls at a host of this one. */
  same({ api, operation }: Placed): readonly Placed[] {
    const found = this.#byShape.get(operation.shape) ?? [];
    return found.filter(
      (one) => one.operation.method === operation.method && sharesHost(one.api, api),
    );
  }

  /** Those of any method whose path is, for some calls, that of this one at one of its hosts. */
  near(placed: Placed): readonly Placed[] {
    const known = this.#near.get(placed);
    if (known !== undefined) return known;
    const found = endsFor(this.#byCall, placed.path).filter(({ api }) =>
      sharesHost(api, placed.api),
    );
    this.#near.set(placed, found);
    return found;
  }

  /** Those through which some of the same calls reach the same service, at whatever host of the gate. */
  reaching(placed: Placed): readonly Placed[] {
    const found = new Set(placed.reached.flatMap((path) => endsFor(this.#byService, path)));
    return [...found].filter(({ operation }) => operation.method === placed.operation.method);
  }

  /** All of the services that this one reaches. */
  besides({ api }: Placed): readonly Placed[] {
    const known = this.#besides.get(api);
    if (known !== undefined) return known;
    const apis = new Set(this.all.map((one) => one.api));
    for (const one of apis) if (!sharesService(one, api)) apis.delete(one);
    const found = this.all.filter((one) => apis.has(one.api));
    this.#besides.set(api, found);
    return found;
  }

  /** Of the calls that fit both, another operation of this side surely answers every one before `own`. */
  isForestalled(own: Placed, other: Placed, otherSide: Operations): boolean {
    const isBefore = (rival: Placed) =>
      rival.operation.method === own.operation.method &&
      precedes(rival, own) &&
      coversHosts(rival.api, own.api, other.api) &&
      holdsCommon(rival.path, own.path, other.path) &&
      !this.#isPassed(rival, own, other, otherSide);
    // Where nothing has changed, the first question answers it.
    return this.same(other).some(isBefore) || this.near(other).some(isBefore);
  }

  /**
   * An API that has the path without the method leaves the call to the next API, though a wider path of
   * it has the method: unless that was so on the other side as well.
   */
  #isPassed(rival: Placed, own: Placed, other: Placed, otherSide: Operations): boolean {
    if (rival.api === own.api) return false;
    const { method } = own.operation;
    return this.near(other).some(
      (one) =>
        one.api === rival.api &&
        isPreferred(one.path, rival.path) &&
        overlap(one.path, own.path) &&
        this.#lacks(one, method) &&
        !otherSide
          .#at(one)
          .some((there) => sharesHost(there.api, one.api) && otherSide.#lacks(there, method)),
    );
  }

  #at({ operation }: Placed): readonly Placed[] {
    return this.#byShape.get(operation.shape) ?? [];
  }

  #lacks(placed: Placed, method: string): boolean {
    return !this.#at(placed).some(
      ({ api, operation }) => api === placed.api && operation.method === method,
    );
  }
}

function placedOf(api: ApiProtection, order: number, withHeads: boolean): Placed[] {
  const heads = new Set(
    api.operations.filter(({ method }) => method === 'HEAD').map(({ shape }) => shape),
  );
  return api.operations.flatMap((operation) => {
    const path = fixedTexts(operation.path);
    const reached = api.service.targets.map((target) => {
      const host = hostOf(target);
      return [[host], ...fixedTexts(`${target.slice(host.length)}${operation.path}`)];
    });
    const placed = { api, operation, isImplied: false, order, path, reached };
    if (!withHeads || operation.method !== 'GET' || heads.has(operation.shape)) return [placed];
    const head = { ...placed, operation: { ...operation, method: 'HEAD' }, isImplied: true };
    return [placed, head];
  });
}

export function sharesService({ service }: ApiProtection, other: ApiProtection): boolean {
  const hosts = service.targets.map(hostOf);
  return other.service.targets.some((target) => hosts.includes(hostOf(target)));
}

export function sharesHost(one: ApiProtection, other: ApiProtection): boolean {
  if (one.hosts.length === 0 || other.hosts.length === 0) return true;
  return one.hosts.some((host) => other.hosts.includes(host));
}

/** At every host that the other two share. */
function coversHosts({ hosts }: ApiProtection, one: ApiProtection, other: ApiProtection): boolean {
  if (hosts.length === 0) return true;
  if (one.hosts.length === 0 && other.hosts.length === 0) return false;
  const common =
    one.hosts.length === 0
      ? other.hosts
      : one.hosts.filter((host) => other.hosts.length === 0 || other.hosts.includes(host));
  return common.every((host) => hosts.includes(host));
}

type Path = readonly FixedTexts[];

export function overlap(one: Path, other: Path): boolean {
  return (
    one.length === other.length &&
    one.every((texts, index) => mayBeBoth(texts, other[index] as FixedTexts))
  );
}

/** Every path that fits the other two fits this one. */
function holdsCommon(path: Path, one: Path, other: Path): boolean {
  return (
    path.length === one.length &&
    path.length === other.length &&
    path.every(
      (texts, index) =>
        fitsAll(texts, one[index] as FixedTexts) || fitsAll(texts, other[index] as FixedTexts),
    )
  );
}

/** Where both could answer, the gate takes this one for certain. */
function precedes(one: Placed, other: Placed): boolean {
  return one.order === other.order ? isPreferred(one.path, other.path) : one.order < other.order;
}

/** Whether the calls of both that reach one service all could reach it through this one. */
export function leadsCommon(way: Placed, one: Placed, other: Placed): boolean {
  return way.reached.some((path) =>
    one.reached.some((own) => other.reached.some((third) => holdsCommon(path, own, third))),
  );
}

/** By segments, as services may take them for one another. */
interface PathTree {
  readonly fixed: Map<string, PathTree>;
  readonly open: Map<string, { readonly texts: FixedTexts; readonly next: PathTree }>;
  readonly ends: Placed[];
}

function emptyTree(): PathTree {
  return { fixed: new Map(), open: new Map(), ends: [] };
}

function put(tree: PathTree, path: Path, placed: Placed): void {
  let at = tree;
  for (const own of path) {
    const texts = alike(own);
    const key = texts.join('{}');
    const known = texts.length === 1 ? at.fixed.get(key) : at.open.get(key)?.next;
    const next = known ?? emptyTree();
    if (known === undefined && texts.length === 1) at.fixed.set(key, next);
    else if (known === undefined) at.open.set(key, { texts, next });
    at = next;
  }
  at.ends.push(placed);
}

function endsFor(tree: PathTree, path: Path): readonly Placed[] {
  const last = path.length - 1;
  const steps = path.map((texts, index) =>
    texts.length === 1
      ? serviceReadings(texts[0] as string, index === last).map((text) => [text])
      : [alike(texts)],
  );
  // Many services take a slash at the end for none.
  const slashed = path[last]?.join('') === '' ? steps.slice(0, -1) : [...steps, [['']]];
  return [...new Set([...walk(tree, steps, 0), ...walk(tree, slashed, 0)])];
}

function walk(
  tree: PathTree,
  steps: readonly (readonly FixedTexts[])[],
  from: number,
): readonly Placed[] {
  const readings = steps[from];
  if (readings === undefined) return tree.ends;
  const found: Placed[] = [];
  for (const [text, next] of fixedBranches(tree, readings)) {
    if (readings.some((one) => mayBeBoth(one, [text]))) found.push(...walk(next, steps, from + 1));
  }
  for (const { texts, next } of tree.open.values()) {
    if (readings.some((one) => mayBeBoth(one, texts))) found.push(...walk(next, steps, from + 1));
  }
  return found;
}

function fixedBranches(
  { fixed }: PathTree,
  readings: readonly FixedTexts[],
): Iterable<readonly [string, PathTree]> {
  if (readings.some((texts) => texts.length > 1)) return fixed.entries();
  return readings.flatMap(([text = '']) => {
    const next = fixed.get(text);
    return next === undefined ? [] : [[text, next] as const];
  });
}

function hostOf(target: string): string {
  return target.split('/', 1)[0] as string;
}
