import type { ApplyOutcome } from '../configuration-routes.ts';
import type { ChangeDesk } from './change-desk.ts';

interface Applied {
  /** What somebody wants in force. */
  readonly digest: string;
  /** It waited when it was asked for. */
  readonly isWanted: boolean;
  /** Whether the newest version is served, and why not; null: none was ever in force. */
  readonly served: { readonly fault: string | null } | null;
  readonly version: number;
}

/** What became of `poorter apply`, after the files were read again. */
export function outcomeOf(
  changes: Pick<ChangeDesk, 'status' | 'digest'>,
  { digest, isWanted, served, version }: Applied,
): ApplyOutcome {
  const { state, refused, waiting } = changes.status;
  if (state === 'refused') {
    return { kind: 'refused', reason: refused[0]?.message ?? 'the files are refused' };
  }
  const isInForce = changes.digest === digest && served !== null;
  if ((isInForce || isWanted) && waiting === null && served?.fault != null) {
    return { kind: 'refused', reason: served.fault };
  }
  if (isInForce) return { kind: 'in-force', version };
  if (waiting !== null) return { kind: 'another-waits', digest: waiting.digest };
  return { kind: 'nothing-waits' };
}
