import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { Detail, DetailTypes } from './detail-types.ts';

/** Who says yes to what, asked by whom. */
export interface AskedApproval {
  readonly account: string;
  readonly client: string;
  /** The request that it belongs to: a yes to another is none to this. */
  readonly request: string;
  readonly details: readonly Detail[];
}

/** What an authenticator signed, kept so that it can be shown. */
export interface ApprovalProof {
  readonly credential: string;
  readonly authenticatorData: string;
  readonly clientData: string;
  readonly signature: string;
}

/** RTS on strong customer authentication (EU 2018/389) art. 4(3)(b): what was generated is used within five minutes. */
export const APPROVAL_LIFE_MS = 300_000;
const PROOF_KIND = 'Approval';
/** As long as a payment can be disputed: thirteen months, PSD2 art. 71. */
const PROOF_LIFE_MS = 400 * 86_400_000;

/**
 * Dynamic linking, RTS art. 5: what a person signs is made of just what they were shown. One changed character, and
 * the signature is over something else.
 */
export function approvalChallenge(asked: AskedApproval, nonce: string): string {
  const text = canonicalize({ ...asked, nonce, purpose: 'approval' });
  if (text === undefined) throw new TypeError('nothing to approve');
  return createHash('sha256').update(text).digest('base64url');
}

/** Each that is to be signed is good once, by a name of its own, for a while from `at` on (milliseconds since the epoch). */
export function markApproved(
  details: readonly Detail[],
  types: Pick<DetailTypes, 'find'>,
  id: string,
  at: number,
): Detail[] {
  return details.map((detail, index) =>
    types.find(detail.type)?.isSigned === true
      ? { ...detail, approval: { id: `${id}.${index}`, at: Math.floor(at / 1000) } }
      : detail,
  );
}

export interface KeptApproval {
  readonly asked: AskedApproval;
  readonly nonce: string;
  readonly proof: ApprovalProof;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** It can be verified later that just these details were signed, by which passkey, and when. */
export function keepApproval(
  artefacts: Pick<ArtefactStore, 'put'>,
  id: string,
  { asked, nonce, proof, at }: KeptApproval,
): Promise<void> {
  return artefacts.put(PROOF_KIND, id, {
    payload: { ...asked, nonce, proof, at },
    account: asked.account,
    expiresAt: at + PROOF_LIFE_MS,
  });
}
