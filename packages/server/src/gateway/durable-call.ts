import { type Deny, deny, problems } from '@poorter/engine';
import type { Call } from './call.ts';

/** The call was forwarded, or nearly: what became of it is on disk before the caller hears. */
export async function failDurably(call: Call, denial: Deny): Promise<void> {
  const { status } = problems[denial.code];
  const isKept = await call.commitOutcome({ decision: 'failed', code: denial.code, status });
  call.fail(isKept ? denial : unrecorded({ upstream: denial.code }));
}

/**
 * An intent or an outcome could not be kept. The call's own record comes late, but it comes: it says
 * whether the call was forwarded, and what the service made of it.
 */
export function unrecorded(forwarded: { readonly upstream: number | string } | null): Deny {
  return deny(
    'record_unavailable',
    { forwarded: forwarded !== null, ...forwarded },
    forwarded === null ? {} : { details: { mayHaveTakenEffect: true } },
  );
}
