import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { IncomingMessage, ServerResponse } from '../../platform/http/index.ts';
import type { World } from '../../platform/world/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import type { IssuerStores } from '../open-stores.ts';
import type { Handle } from '../pages/page-call.ts';
import type { PairwiseNames } from '../protocol/pairwise.ts';
import { signInPolicy } from '../protocol/people.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import type { PasswordHashes } from '../sign-in/password-hashes.ts';
import type { PasswordSignIn } from '../sign-in/password-sign-in.ts';
import { AuthSessions } from './auth-sessions.ts';
import type { ChallengeContext, ChallengeRefusal } from './challenge-context.ts';
import { Challenges } from './challenges.ts';
import { Factors } from './factors.ts';
import { GivenCodes } from './given-codes.ts';
import { KnownApplications } from './known-applications.ts';
import { type RedeemedContext, trustRedeemer } from './trust-redeemer.ts';

export interface OpenEmbeddedPorts {
  readonly snapshot: IssuerSnapshot;
  readonly stores: IssuerStores;
  readonly passkeys: Passkeys;
  readonly passwords: PasswordSignIn;
  readonly hashes: PasswordHashes;
  readonly pairwise: PairwiseNames;
  readonly world: Pick<World, 'now' | 'random'>;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<ToldOfCall>;
}

export interface Embedded {
  readonly handlerOf: (operation: string) => Handle | null;
  /** What the library has judged goes on here. */
  readonly finish: (ctx: ChallengeContext) => Promise<ChallengeRefusal | null>;
  /** A code was redeemed: whoever signed in for it trusts the installation that has the key. */
  readonly redeemed: (ctx: RedeemedContext) => Promise<void>;
  /** A token request, with what its code was made with. */
  readonly complete: (form: Uint8Array) => Promise<Uint8Array>;
}

/** Signing in within applications of the provider's own, over one snapshot. */
export function openEmbedded(ports: OpenEmbeddedPorts): Embedded {
  const { snapshot, stores, passkeys, passwords, hashes, pairwise, world, answer } = ports;
  const { accounts, artefacts, attempts, clients, grants } = stores;
  const { now, random } = world;
  const known = new KnownApplications({ artefacts, notices: stores.accountNotices, now });
  const factors = new Factors({ accounts, passkeys, passwords, hashes, attempts, known });
  const codes = new GivenCodes({ artefacts, now });
  const challenges = new Challenges({
    ...{ clients, artefacts, factors, passkeys, codes, answer },
    sessions: new AuthSessions({ artefacts, random, now }),
    code: { snapshot, accounts, grants, pairwise, policy: signInPolicy(snapshot), now },
  });
  const isOffered = snapshot.resources.some(({ flows }) => flows.includes('embedded'));
  return {
    handlerOf: (operation) =>
      operation === 'challenge' ? (asked) => challenges.answer(asked) : null,
    finish: (ctx) => challenges.finish(ctx),
    redeemed: async (ctx) => {
      if (isOffered) await trustRedeemer(ctx, { clients, accounts, factors, codes });
    },
    complete: (form) => (isOffered ? codes.complete(form) : Promise.resolve(form)),
  };
}
