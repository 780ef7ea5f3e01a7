import { isPreferred } from '@poorter/openapi/checks';
import { compareNewFields } from './compare-fields.ts';
import { compareGates } from './compare-gates.ts';
import { compareHosts } from './compare-hosts.ts';
import { compareOperations } from './compare-operations.ts';
import { isOpen } from './compare-security.ts';
import { leadsCommon, Operations, overlap, type Placed } from './operations.ts';
import type { OperationProtection, Protection } from './protection.ts';
import type { Remark, Weakening } from './weakening.ts';

/**
 * In what `after` protects less than `before`. What protects more is not told, nor an operation that is
 * gone; a call that another operation answers instead is compared with that one, and one that reaches
 * the same service at another host with those through which it was reached.
 */
export function findWeakenings(before: Protection, after: Protection): Weakening[] {
  return [...compareGates(before, after), ...compareApis(before, after)];
}

function compareApis(before: Protection, after: Protection): Weakening[] {
  const isHead = ({ method }: OperationProtection) => method === 'HEAD';
  const withHeads = [...before.apis, ...after.apis].some((api) => api.operations.some(isHead));
  const old = new Operations(before.apis, withHeads);
  const next = new Operations(after.apis, withHeads);
  const found: Weakening[] = after.apis.flatMap((api) =>
    compareHosts(before.apis, after.apis, api),
  );
  const told = new Set<string>();
  // What HEAD is by GET alone is said of GET.
  for (const placed of next.all.toSorted((one, other) => +one.isImplied - +other.isImplied)) {
    for (const { operation, ...one } of comparePlaced(placed, old, next)) {
      const { method, path } = operation ?? placed.operation;
      const text = JSON.stringify([one, path]);
      if (placed.isImplied && told.has(text)) continue;
      if (method === 'GET') told.add(text);
      found.push({ ...one, operation: { method, path } });
    }
  }
  return found;
}

function comparePlaced(placed: Placed, old: Operations, next: Operations): Weakening[] {
  const { api, operation } = placed;
  const same = old.same(placed);
  const answeredBefore = [...same, ...replacedBy(placed, old, next)];
  // Where another one answers before it, it leads nowhere.
  const isReachedBy = (one: Placed) =>
    !isEverywhereOf(one, placed) ||
    !overlap(one.path, placed.path) ||
    !next.isForestalled(placed, one, old);
  const changes = answeredBefore.flatMap((one) => compareAnswers(one, placed, { old, next }));
  // What was there before is no other way to the service.
  const reached = same.length > 0 ? [] : old.reaching(placed).filter(isReachedBy);
  const elsewhere = compareElsewhere(placed, reached, answeredBefore);
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

/** At each host of `other`. */
function isEverywhereOf({ api }: Placed, other: Placed): boolean {
  if (api.hosts.length === 0) return true;
  const { hosts } = other.api;
  return hosts.length > 0 && hosts.every((host) => api.hosts.includes(host));
}

/** Other operations that answered, of the calls of this one, some that it answers from now on. */
function replacedBy(placed: Placed, old: Operations, next: Operations): readonly Placed[] {
  const { shape, method } = placed.operation;
  const isNew = old.same(placed).length === 0;
  return old.near(placed).filter((one) => {
    if (one.operation.method !== method || one.operation.shape === shape) return false;
    // The gate tells them apart; the service may not.
    if (!overlap(one.path, placed.path)) return isNew;
    return !old.isForestalled(one, placed, next) && !next.isForestalled(placed, one, old);
  });
}

function compareAnswers(
  one: Placed,
  placed: Placed,
  { old, next }: Readonly<Record<'old' | 'next', Operations>>,
): Weakening[] {
  const found = compareOperations(one, placed);
  if (one.operation.shape === placed.operation.shape) return found;
  const isAdded = old.same(placed).length === 0 && next.same(one).length > 0;
  if (isAdded) return found;
  const { method, path } = one.operation;
  return found.map((weakening) => ({
    ...weakening,
    operation: { method, path },
    sentence: `Calls are now answered by ${placed.operation.path}. ${weakening.sentence}`,
  }));
}

/** A new way to a service: held against those by which the same calls reached it. */
function compareElsewhere(
  placed: Placed,
  reached: readonly Placed[],
  told: readonly Placed[],
): Weakening[] {
  const outcomes = new Map<Placed, readonly Weakening[]>();
  const outcomeOf = (way: Placed) => {
    const found = outcomes.get(way) ?? compareOperations(way, placed);
    outcomes.set(way, found);
    return found;
  };
  const found = reached.flatMap((one) => {
    if (told.includes(one)) return [];
    const ways = reached.filter((way) => leadsCommon(way, placed, one));
    // A wider path does not lead where a nearer one of its API answers.
    const open = ways.filter(
      (way) => !ways.some((other) => other.api === way.api && isPreferred(other.path, way.path)),
    );
    if (!open.includes(one)) return [];
    // Of several ways, one that was as weak before is enough.
    const [least] = open.toSorted(
      (first, second) => outcomeOf(first).length - outcomeOf(second).length,
    );
    return least === undefined || told.includes(least) ? [] : outcomeOf(least);
  });
  return found.map((one) => ({
    ...one,
    sentence: `The same service is reached at another host. ${one.sentence}`,
  }));
}

const LIMITS = { rates: 'rate', quotas: 'quota', places: 'concurrency' } as const;

/**
 * A new operation has nothing to be held against, but for limits that all others of its service have,
 * and header fields that none of them lets through.
 */
function compareWithRest({ api, operation }: Placed, others: readonly Placed[]): Weakening[] {
  if (others.length === 0) return [];
  const unlimited = (['rates', 'quotas', 'places'] as const).flatMap((which): Remark[] => {
    const isLimited = (one: Placed) => one.operation[which].length > 0;
    if (operation[which].length > 0 || !others.every(isLimited)) return [];
    const sentence = `A new operation has no ${LIMITS[which]} limit, as all others of its service have.`;
    return [['limit-removed', sentence]];
  });
  const admitted = compareNewFields(
    others.map((one) => one.operation),
    operation,
  );
  return [...unlimited, ...admitted].map(([kind, sentence]) => ({
    ...{ kind, api: api.name, operation, sentence },
  }));
}

function distinct(weakenings: readonly Weakening[]): Weakening[] {
  return [...new Map(weakenings.map((one) => [JSON.stringify(one), one])).values()];
}
