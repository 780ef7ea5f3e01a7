import type { Caller } from '../../messages/spool-line.ts';
import { gapText, type Leaf } from '../leaf.ts';
import { decisionOf } from '../record-words.ts';

/** A record on its way to another system, with as much of the caller as the export may show. */
export interface SiemRecord {
  readonly node: string;
  readonly index: number;
  readonly leaf: Leaf;
  readonly caller: Caller | null;
  readonly version: string;
}

/** Callers by name where they may be shown, by pseudonym otherwise. */
export function namesOf({ leaf, caller }: SiemRecord): {
  readonly client: string | null;
  readonly subject: string | null;
  readonly address: string | null;
  /** Of API keys: tells an old key from the new one of the same client. */
  readonly credential: string | null;
  readonly isAddress: boolean;
} {
  if (caller !== null) {
    const { client, subject, address, credentialId: credential } = caller;
    return { client, subject, address, credential, isAddress: true };
  }
  const { client = null, subject = null, address = null, credential = null } = leaf.who ?? {};
  return { client, subject, address, credential, isAddress: false };
}

/** Gaps, retention and intents have no decision of a call. */
export function isDenied(leaf: Leaf): boolean {
  return leaf.decision === 'refused' || leaf.decision === 'failed';
}

export function titleOf(leaf: Leaf): string {
  if (leaf.type === 'gap') return gapText(leaf);
  if (leaf.type === 'retention') return `records before ${leaf.before} were dropped`;
  const what = leaf.operation ?? leaf.path ?? 'call';
  return leaf.type === 'call' ? `${what} ${decisionOf(leaf)}` : `${leaf.type} of ${what}`;
}
