import { sharesHost, sharesService } from './operations.ts';
import type { ApiProtection, OperationProtection } from './protection.ts';
import { some, type Weakening } from './weakening.ts';

/** An API is found again by its name, and by operations that moved to it: an API may be renamed or divided. */
export function compareHosts(
  before: readonly ApiProtection[],
  after: readonly ApiProtection[],
  next: ApiProtection,
): Weakening[] {
  const named = before.filter(({ name }) => name === next.name);
  const had = new Set(named.flatMap(({ operations }) => operations.map(keyOf)));
  const come = new Set(next.operations.map(keyOf).filter((key) => !had.has(key)));
  const moved = before.filter((old) => old.name !== next.name && hasMoved(old, next, come, after));
  const widened = [...named, ...moved].flatMap((old): Weakening[] => {
    if (old.hosts.length === 0) return [];
    const more = next.hosts.filter((host) => !old.hosts.includes(host));
    if (next.hosts.length > 0 && more.length === 0) return [];
    const hosts = next.hosts.length === 0 ? 'any' : some(more);
    const sentence = `It answers at more host names: ${hosts}.`;
    return [{ kind: 'hosts-widened', api: next.name, operation: null, sentence }];
  });
  return widened.slice(0, 1);
}

function hasMoved(
  old: ApiProtection,
  next: ApiProtection,
  come: ReadonlySet<string>,
  after: readonly ApiProtection[],
): boolean {
  if (!sharesService(old, next) && !sharesHost(old, next)) return false;
  const kept = after.find(({ name }) => name === old.name);
  const left = new Set(kept?.operations.map(keyOf));
  return old.operations.map(keyOf).some((key) => come.has(key) && !left.has(key));
}

function keyOf({ method, shape }: OperationProtection): string {
  return `${method} ${shape}`;
}
