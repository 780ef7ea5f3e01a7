import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { GATE_SECRET } from '../../messages/gate-sessions.ts';
import type { World } from '../../platform/world/index.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import type { IssuerStores } from '../open-stores.ts';
import type { Handle } from '../pages/page-call.ts';
import type { Provider } from '../protocol/library.ts';
import type { PairwiseNames } from '../protocol/pairwise.ts';
import { GateDesk } from './gate-desk.ts';
import { type GateSession, GateSessions } from './gate-sessions.ts';
import { openGateSignIns } from './sign-ins.ts';
import { SigningIn } from './signing-in.ts';

export interface OpenGateSessionsPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly stores: IssuerStores;
  readonly pairwise: PairwiseNames;
  readonly roles: Pick<RolesOfPeople, 'at'>;
  readonly world: Pick<World, 'now' | 'random'>;
  readonly onLate: (error: NotEverywhereYet) => void;
  /** Resolves when no gate lets them in. Throws NotEverywhereYet. */
  readonly end: (sessions: readonly GateSession[]) => Promise<void>;
}

/** Sessions of browsers at the gates, over one snapshot: who asks about them, and what they are told. */
export function openGateSessions(ports: OpenGateSessionsPorts): {
  readonly handlerOf: (operation: string) => Handle | null;
} {
  const { snapshot, provider, stores, pairwise, world, onLate, end } = ports;
  if (snapshot.gateSessions === null) return { handlerOf: () => null };
  const { artefacts, clients, accounts, grants, ring } = stores;
  const { now, random } = world;
  const sessions = new GateSessions({
    ...{ snapshot, provider, artefacts, clients, accounts, grants, pairwise, random, now, end },
    ...{ roles: ports.roles, denials: stores.denials },
  });
  const endQuietly = async (id: string | undefined) => {
    const session = await sessions.find(id);
    if (session === undefined) return;
    // Nobody who has just signed in waits until every gate knows that an earlier session is over.
    end([session]).catch((error: unknown) => {
      if (!(error instanceof NotEverywhereYet)) throw error;
      onLate(error);
    });
  };
  const signingIn = new SigningIn({
    ...{ snapshot, provider, artefacts, sessions, now, endQuietly },
    signIns: openGateSignIns({ artefacts, random, now }),
  });
  const secret = ring.derive(GATE_SECRET).toString('base64url');
  const desk = new GateDesk({ snapshot, sessions, signingIn, secret, onLate });
  return { handlerOf: (operation) => desk.handlerOf(operation) };
}
