import { setImmediate as turn } from 'node:timers/promises';
import type { KeyStore } from '../access/keys/index.ts';
import { type RotationPolicy, rotationOf } from '../access/keys/key-routes.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { Attention } from './serving.ts';

const DAY_MS = 86_400_000;
/** Keys that are told of in one answer of the status. */
const ATTENTION_MAX = 20;
/** Names are opened one by one: between two pages, others are served. */
const PAGE = 200;

export function rotationPolicy({ keyRotation }: Configuration): RotationPolicy {
  const { warnAfterDays, refuseAfterDays } = keyRotation;
  return {
    warnAfterMs: warnAfterDays === undefined ? null : warnAfterDays * DAY_MS,
    refuseAfterMs: refuseAfterDays === undefined ? null : refuseAfterDays * DAY_MS,
  };
}

/** Keys that are old enough to be replaced. */
export async function rotationAttention(
  keys: KeyStore,
  policy: RotationPolicy,
  nowMs: number,
): Promise<Attention[]> {
  if (policy.warnAfterMs === null && policy.refuseAfterMs === null) return [];
  const attention: Attention[] = [];
  const ages = [policy.warnAfterMs, policy.refuseAfterMs].filter((age) => age !== null);
  const newest = nowMs - Math.min(...ages);
  for (let cursor: string | null = ''; cursor !== null && attention.length < ATTENTION_MAX; ) {
    const page: Awaited<ReturnType<KeyStore['list']>> = await keys.list({
      limit: PAGE,
      ...(cursor !== '' && { cursor }),
    });
    for (const key of page.items) {
      const verdict = rotationOf(key, nowMs, policy);
      if (verdict !== 'due' && verdict !== 'overdue') continue;
      const days = Math.floor((nowMs - key.createdAt) / DAY_MS);
      const refused = verdict === 'overdue' ? ' and refused' : '';
      const message = `${key.id} (${key.name}) is ${days} days old${refused}; poorter keys rotate ${key.id}`;
      attention.push({ code: `key_rotation_${verdict}`, message });
    }
    // Oldest first: those that follow are younger.
    const isYoung = (page.items.at(-1)?.createdAt ?? 0) > newest;
    cursor = isYoung ? null : page.next;
    if (cursor !== null) await turn();
  }
  return attention.slice(0, ATTENTION_MAX);
}
