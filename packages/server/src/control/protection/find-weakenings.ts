import { compareGates } from './compare-gates.ts';
import { compareOperations } from './compare-operations.ts';
import { isOpen } from './compare-security.ts';
import { Operations, type Placed, sharesHost, sharesService } from './operations.ts';
import type { ApiProtection, Protection } from './protection.ts';
import { some, type Weakening } from './weakening.ts';

/**
 * In what `after` protects less than `before`. What protects more is not told, nor an operation that is
 * gone; a call that another operation answers instead is compared with that one, and one that reaches
 * the same service at another host with those through which it was reached.
 */
export function findWeakenings(before: Protection, after: Protection): Weakening[] {
  return [...compareGates(before, after), ...compareApis(before, after)];
}

function compareApis(before: Protection, after: Protection): Weakening[] {
  const old = new Operations(before.apis);
  const next = new Operations(after.apis);
  const found: Weakening[] = after.apis.flatMap((api) => compareHosts(before.apis, api));
  for (const placed of next.all) found.push(...compareWithOld(placed, old));
  for (const placed of old.all) found.push(...compareWithNext(placed, old, next));
  return found.map((one) => ({
    ...one,
    operation: one.operation && { method: one.operation.method, path: one.operation.path },
  }));
}

function compareWithOld(placed: Placed, old: Operations): Weakening[] {
  const { api, operation } = placed;
  const same = old.same(placed);
  // Whoever is not described by name was answered by the operation whose path fits.
  const answeredBefore = same.length > 0 ? same : old.covering(placed);
  const changes = answeredBefore.flatMap((one) => compareOperations(one, placed));
  const reached = answeredBefore.some((one) => sharesService(one.api, api))
    ? []
    : old.reaching(placed);
  const elsewhere = least(reached.map((one) => compareOperations(one, placed))).map(alsoThere);
  const found = distinct([...changes, ...elsewhere]);
  const isOpenThere = reached.some(
    (one) => one.operation.shape === operation.shape && isOpen(one.operation),
  );
  const isTold = isOpenThere || found.some(({ kind }) => kind === 'operation-opened');
  if (same.length === 0 && isOpen(operation) && !isTold) {
    found.push({
      ...{ kind: 'operation-added-open', api: api.name, operation },
      sentence: 'A new operation asks for no credentials.',
    });
  }
  if (answeredBefore.length === 0 && reached.length === 0) {
    found.push(...compareWithRest(placed, old.besides(placed)));
  }
  return found;
}

/** Of several ways to the same service, one that was as weak before is enough. */
function least(found: readonly Weakening[][]): readonly Weakening[] {
  const [least = []] = found.toSorted((one, other) => one.length - other.length);
  return least;
}

function alsoThere(one: Weakening): Weakening {
  return { ...one, sentence: `The same service is reached at another host. ${one.sentence}` };
}

const LIMITS = { rates: 'rate', quotas: 'quota', places: 'concurrency' } as const;

/** A new operation has nothing to be held against, but for limits that all others of its service have. */
function compareWithRest({ api, operation }: Placed, others: readonly Placed[]): Weakening[] {
  if (others.length === 0) return [];
  return (['rates', 'quotas', 'places'] as const).flatMap((which): Weakening[] => {
    const isLimited = (one: Placed) => one.operation[which].length > 0;
    if (operation[which].length > 0 || !others.every(isLimited)) return [];
    const sentence = `A new operation has no ${LIMITS[which]} limit, as all others of its service have.`;
    return [{ kind: 'limit-removed', api: api.name, operation, sentence }];
  });
}

function compareWithNext(placed: Placed, old: Operations, next: Operations): Weakening[] {
  const { method, path } = placed.operation;
  // A wider path at a host where this operation is not: its calls get to the same service past it.
  const isNew = (one: Placed) => old.same(one).length === 0;
  const wider = next
    .reaching(placed)
    .filter((one) => !sharesHost(one.api, placed.api) && isNew(one))
    .filter(({ operation }) => operation.shape !== placed.operation.shape)
    .flatMap((one) => compareOperations(placed, one))
    .map(alsoThere);
  const isGone = next.same(placed).length === 0;
  const taken = isGone
    ? next.covering(placed).flatMap((one) => compareOperations(placed, one))
    : [];
  return [
    ...distinct(wider),
    ...distinct(taken).map((one) => ({
      ...one,
      operation: { method, path },
      sentence: `Calls are now answered by ${one.operation?.path}. ${one.sentence}`,
    })),
  ];
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
