import type { Api, Match } from '@poorter/openapi';
import type { RequestFacts } from './facts.ts';
import type { ApiSnapshot } from './gate-snapshot.ts';

export interface OpenedApi {
  readonly api: Api;
  readonly snapshot: ApiSnapshot;
}

/** An API that leads to the same service as another one. */
export interface Beside {
  readonly served: OpenedApi;
  /** Also for calls to hosts at which it does not answer itself. */
  readonly isEverywhere: boolean;
  /** What stands before the paths of both at the service: one pair, unless several targets differ in that. */
  readonly bases: readonly Bases[];
}

/** As `Api.mayBeMeant` takes them. */
interface Bases {
  /** Of the API beside. */
  readonly own: string;
  /** Of the one that answers. */
  readonly taken: string;
}

/** Of each API, the others that lead to the same service. */
export function besidesOf(one: OpenedApi, all: readonly OpenedApi[]): Beside[] {
  return all.flatMap((served) => {
    const bases = served === one ? [] : basesOf(one.snapshot, served.snapshot);
    const isEverywhere = one.snapshot.preserveHost !== true;
    return bases.length === 0 ? [] : [{ served, isEverywhere, bases }];
  });
}

export function isAnswering({ hosts }: ApiSnapshot, host: string): boolean {
  return hosts.length === 0 || hosts.includes(host);
}

/** Empty: they lead to different services. */
function basesOf({ targets: taken }: ApiSnapshot, { targets: own }: ApiSnapshot): readonly Bases[] {
  if (own === undefined || taken === undefined) return [{ own: '', taken: '' }];
  const bases = new Map<string, Bases>();
  for (const [place, base] of taken.map(divided)) {
    for (const [otherPlace, otherBase] of own.map(divided)) {
      if (place !== otherPlace) continue;
      const isSame = base === otherBase;
      const pair = isSame ? { own: '', taken: '' } : { own: otherBase, taken: base };
      bases.set(`${pair.own} ${pair.taken}`, pair);
    }
  }
  return [...bases.values()];
}

/** Host and port, and the base path. */
function divided(target: string): readonly [place: string, base: string] {
  const at = target.indexOf('/');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at)];
}

/**
 * As within one description: `/items/Special` is a value of `/items/{id}` here, and may be `/items/special`,
 * which another API describes, to the service behind both. So may `/items/special` itself, where that API
 * answers at another host.
 */
export function doubtBeside(
  { operation, pathValues }: Extract<Match, { kind: 'operation' }>,
  { besides, snapshot }: OpenedApi & { readonly besides: readonly Beside[] },
  { method, path }: RequestFacts,
  host: string,
): 'encoding' | 'overlap' | null {
  if (pathValues.length === 0 && !path.includes('%')) return null;
  const taken = { operation: operation.compiled, description: snapshot.compiled };
  for (const { served, isEverywhere, bases } of besides) {
    const isHere = isAnswering(served.snapshot, host);
    if (!isHere && !isEverywhere) continue;
    if (!bases.some((pair) => served.api.mayBeMeant(method, path, taken, pair))) continue;
    return isHere ? 'encoding' : 'overlap';
  }
  return null;
}

export function hostName(host: string | undefined): string {
  if (host === undefined) return '';
  return host.replace(/:[0-9]+$/, '').toLowerCase();
}
