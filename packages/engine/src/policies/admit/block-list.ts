import type { SatisfiedAlternative } from '../../identity.ts';
import type { LiveBlock, LiveRights } from '../../live-rights.ts';
import { type Deny, deny } from '../../policy.ts';

/** What is asked on every call: it changes between two of them. */
export type BlockList = Pick<LiveRights, 'blockOfAddress' | 'blockOfPrincipal'>;

/** Before anyone asks who calls. */
export function checkAddress(blocks: BlockList, address: string, nowMs: number): Deny | null {
  const block = blocks.blockOfAddress(address, nowMs);
  return block === undefined ? null : refuseBlocked('address_blocked', block, nowMs);
}

/**
 * As soon as it is known who calls. Whoever takes part is looked at: a blocked key is no better beside a
 * good token.
 */
export function checkCallers(
  blocks: BlockList,
  satisfied: readonly SatisfiedAlternative[],
  nowMs: number,
): Deny | null {
  for (const { schemes } of satisfied) {
    for (const { principal } of schemes) {
      const block = blocks.blockOfPrincipal(principal, nowMs);
      if (block !== undefined) return refuseBlocked('caller_blocked', block, nowMs);
    }
  }
  return null;
}

function refuseBlocked(
  code: 'address_blocked' | 'caller_blocked',
  { id, kind, untilMs }: LiveBlock,
  nowMs: number,
): Deny {
  const evidence = { block: id, kind };
  if (untilMs === null) return deny(code, evidence);
  const seconds = Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
  return deny(code, evidence, {
    answerHeaders: ['retry-after', String(seconds)],
    // Said only where the header is there.
    details: { detail: 'Wait as Retry-After says, or ask the API provider why.' },
  });
}
