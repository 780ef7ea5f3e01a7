import type { JWK } from 'jose';
import { type SigningKeyStore, signingPlan } from '../access/signing-keys/index.ts';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import { CLOCK_SKEW_MS } from './taking-back.ts';

export interface KeysInForce {
  /** With their private halves: those that sign first. */
  readonly keys: readonly JWK[];
  readonly publicKeys: readonly JWK[];
  /** When they are others, in milliseconds since 1970; null where nothing is planned. */
  readonly changesAt: number | null;
}

/** Throws where nothing signs with the algorithm that tokens are signed with. */
export async function keysInForce(
  { tokens }: IssuerSnapshot,
  signingKeys: SigningKeyStore,
  now: number,
): Promise<KeysInForce> {
  const terms = { tokenLifeMs: tokens.lifeSeconds * 1000 + CLOCK_SKEW_MS };
  const plan = signingPlan(await signingKeys.list(), terms, now);
  const signing = new Set([...plan.signing.values()].map(({ id }) => id));
  if (!plan.signing.has(tokens.algorithm)) {
    throw new Error(`there is no key to sign with ${tokens.algorithm}`);
  }
  const order = plan.published.toSorted(
    (one, other) => Number(signing.has(other.id)) - Number(signing.has(one.id)),
  );
  const keys: JWK[] = [];
  for (const { id } of order) keys.push(await signingKeys.open(id));
  const publicKeys = plan.published.map(({ publicJwk }) => publicJwk);
  return { keys, publicKeys, changesAt: plan.changesAt };
}
