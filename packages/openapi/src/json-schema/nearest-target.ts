import { isRecord, type Resource } from './locations.ts';
import type { Registry } from './registry.ts';
import { nearest, suggestionOf } from './suggest.ts';

/** For a $ref that leads nowhere: the name beside the missing one that is most like it. */
export function nearestTarget(registry: Registry, ref: string, from: Resource): string | undefined {
  const cut = ref.lastIndexOf('/');
  if (cut < 0 || !ref.includes('#')) return undefined;
  const parent = registry.resolve(ref.slice(0, cut), from);
  if (!isRecord(parent?.node)) return undefined;
  const found = nearest(ref.slice(cut + 1), Object.keys(parent.node));
  return suggestionOf(found === undefined ? undefined : `${ref.slice(0, cut)}/${found}`);
}
