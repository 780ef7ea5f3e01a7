import type { CompiledApi } from '@poorter/openapi';
import { HeldRoles } from '../access/accounts/index.ts';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import type { SharedCounters } from '../platform/counters/index.ts';
import type { IncomingMessage, ServerResponse } from '../platform/http/index.ts';
import type { World } from '../platform/world/index.ts';
import type { BrowserSessions } from './account/browser-sessions.ts';
import { openAccount } from './account/open-account.ts';
import { Decisions } from './decisions/index.ts';
import { DetailTypes } from './details/index.ts';
import { openDirectories } from './directories/open-directories.ts';
import { RolesOfPeople } from './directories/roles-of-people.ts';
import { TakingBackFromPeople } from './directories/taking-back-from-people.ts';
import { applicationLinks, applicationOrigins } from './embedded/application-links.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { openFederation } from './federation/open-federation.ts';
import { openGateSessions } from './gate-sessions/open-gate-sessions.ts';
import { IssuerDoor } from './issuer-door.ts';
import { openIssuerGate } from './issuer-gate.ts';
import type { ToldOfCall } from './issuer-record.ts';
import type { KeysInForce } from './keys-in-force.ts';
import type { NotEverywhereYet } from './not-everywhere-yet.ts';
import type { IssuerStores } from './open-stores.ts';
import { formAsLink } from './pages/form-as-link.ts';
import type { AskPace } from './protocol/ask-pace.ts';
import { actorsOf } from './protocol/exchange/exchange-rules.ts';
import type { Provider } from './protocol/library.ts';
import { openProvider } from './protocol/open-provider.ts';
import { originsOf } from './protocol/origins.ts';
import { PairwiseNames } from './protocol/pairwise.ts';
import type { PollPace } from './protocol/poll-pace.ts';
import { PresentedTokens } from './protocol/presented-tokens.ts';
import type { Redemptions } from './protocol/redemptions.ts';
import { Registrations } from './registration/registrations.ts';
import { Consent } from './sign-in/consent.ts';
import { KnownDevices } from './sign-in/known-devices.ts';
import { Passkeys } from './sign-in/passkeys.ts';
import type { PasswordHashes } from './sign-in/password-hashes.ts';
import { PasswordSignIn } from './sign-in/password-sign-in.ts';
import { SignIn } from './sign-in/sign-in.ts';
import type { TakingBack } from './taking-back.ts';

/** What outlives one snapshot and its keys. */
export interface Lasting {
  readonly world: World;
  readonly contract: CompiledApi;
  readonly counters: SharedCounters;
  readonly pace: PollPace;
  readonly askPace: AskPace;
  readonly hashes: PasswordHashes;
  readonly takingBack: TakingBack;
  readonly redemptions: Redemptions;
  readonly stores: IssuerStores;
  readonly inFlight: () => number;
  readonly admitted: (change: 1 | -1) => void;
  readonly onFault: (error: unknown) => void;
  readonly onLate: (error: NotEverywhereYet) => void;
  /** An application could not be told of what concerns it. */
  readonly onUntold: (client: string, error: Error) => void;
}

const NOTHING_TOLD: ToldOfCall = { client: null, subject: null, error: null };
const NAMES_TOKEN: ReadonlySet<string> = new Set(['lookAtToken', 'takeBackToken']);

export interface OpenedIssuer {
  readonly door: IssuerDoor;
  readonly sessions: BrowserSessions;
  /** Nobody is an operator by a role that this configuration does not give them. */
  readonly endStaleOperators: () => Promise<void>;
}

/** Everything that answers by one snapshot and the keys of one moment, behind its door. */
export function openIssuer(
  snapshot: IssuerSnapshot,
  { keys, publicKeys }: KeysInForce,
  lasting: Lasting,
): OpenedIssuer {
  const { world, stores, onFault } = lasting;
  const told = new WeakMap<object, ToldOfCall>();
  const details = new DetailTypes(snapshot.detailTypes);
  const presented = presentedTokens(snapshot, publicKeys, lasting);
  const { takingBack } = lasting;
  const registrations = new Registrations({
    ...{ snapshot, clients: stores.clients, invitations: stores.invitations, now: world.now },
    registrations: stores.registrations,
    endTokens: (client) => takingBack.endTokensOf(client, stores, snapshot),
    endClient: (client) => takingBack.endClient(client, stores, snapshot),
    onLate: lasting.onLate,
  });
  const pairwise = new PairwiseNames(stores.ring.derive('issuer pairwise subject'));
  const signingIn = openSignIn(snapshot, lasting);
  const embedded = openEmbedded({
    ...{ snapshot, stores, pairwise, world, ...signingIn, hashes: lasting.hashes },
    answer: (request, response) => answer(request, response),
  });
  const roles = new RolesOfPeople({
    snapshot,
    held: new HeldRoles({
      ...{ sources: snapshot, groups: stores.directoryGroups, identities: stores.identities },
    }),
  });
  const provider = openProvider({
    registrations,
    ...{ snapshot, keys, presented, details, now: world.now },
    ...{ challenged: embedded.finish, redeemed: embedded.redeemed, pairwise },
    ...{ artefacts: stores.artefacts, clients: stores.clients, singleUse: stores.singleUse },
    ...{ accounts: stores.accounts, grants: stores.grants },
    roles,
    ...{ pace: lasting.pace, askPace: lasting.askPace, onUntold: lasting.onUntold },
    ...{ onLate: lasting.onLate, redemptions: lasting.redemptions },
    whenEnforced: () => lasting.takingBack.whenEnforced('what was taken back'),
    gateOrigin: snapshot.gateSessions?.origin ?? null,
    endGateSessions: async (ended) => {
      if (snapshot.gateSessions === null) return;
      await takingBack.endGateSessionsOf(ended, stores, snapshot);
    },
    endGrant: (grant) => lasting.takingBack.endGrant(grant, true, stores, snapshot),
    endTokens: (grant) => lasting.takingBack.endGrant(grant, false, stores, snapshot),
    told: (request, found) => void told.set(request, found),
    cookieKey: stores.ring.derive('issuer cookies').toString('base64url'),
    nonceSecret: stores.ring.derive('issuer proof nonces'),
  });
  provider.on('backchannel.error', (_: unknown, error: Error, client: { clientId: string }) =>
    lasting.onUntold(client.clientId, error),
  );
  provider.on('server_error', (_: unknown, error: Error) => onFault(error));
  const gateSessions = openGateSessions({
    ...{ snapshot, provider, stores, pairwise, roles, world, onLate: lasting.onLate },
    end: (ended) => takingBack.endGateSessions(ended, stores, snapshot),
  });
  const pages = openPages(snapshot, { provider, details, roles, ...signingIn }, lasting);
  const callback = provider.callback();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    await callback(request, response);
    return told.get(request) ?? NOTHING_TOLD;
  };
  const door = new IssuerDoor({
    ...{ world, records: stores.records.spool, trustedProxies: snapshot.trustedProxies },
    isSecure: snapshot.origin.startsWith('https:'),
    gate: openIssuerGate(lasting.contract, {
      ...{ counters: lasting.counters, inFlight: lasting.inFlight, limit: snapshot.limit },
      hosts: originsOf(snapshot).map((origin) => new URL(origin).hostname),
    }),
    bodyFor: async (operation, body, response) => {
      if (operation === 'askToken') return embedded.complete(body);
      if (operation === 'changeRegistration') return registrations.withSecretJudged(body);
      return NAMES_TOKEN.has(operation) ? presented.rename(body, response) : body;
    },
    statementIn: (body) => registrations.statementIn(body),
    pageOf: (operation) =>
      embedded.handlerOf(operation) ??
      gateSessions.handlerOf(operation) ??
      applicationLinks(operation, snapshot) ??
      pages.handlerOf(operation),
    ...{ answer, admitted: lasting.admitted, onFault },
  });
  return {
    ...{ door, sessions: pages.sessions },
    endStaleOperators: () => endStaleOperators(stores.operators, roles),
  };
}

/** Also while nobody was there to hear of it: what they may do is looked at by the configuration of this moment. */
async function endStaleOperators(
  operators: IssuerStores['operators'],
  roles: RolesOfPeople,
): Promise<void> {
  for (const { id, accountId, roles: had } of await operators.credentials()) {
    if (accountId === null) continue;
    const may: readonly string[] = await roles.asOperator(accountId);
    if (had.some((role) => !may.includes(role))) await operators.revoke(id);
  }
}

/** By what people show who they are, on pages and within applications. */
function openSignIn(snapshot: IssuerSnapshot, { world, stores, hashes }: Lasting) {
  const { accounts, artefacts, attempts, credentials, ring } = stores;
  const { origin } = snapshot;
  const { now, random } = world;
  const known = new KnownDevices({
    ...{ key: ring.derive('issuer known devices'), random },
    isSecure: origin.startsWith('https:'),
  });
  return {
    known,
    passkeys: new Passkeys({
      ...{ origin, credentials, artefacts, now },
      applicationOrigins: applicationOrigins(snapshot),
    }),
    passwords: new PasswordSignIn({ accounts, credentials, hashes, attempts, known, now }),
  };
}

interface PagePorts extends ReturnType<typeof openSignIn> {
  readonly provider: Provider;
  readonly details: DetailTypes;
  readonly roles: RolesOfPeople;
}

/** What people look at. */
function openPages(
  snapshot: IssuerSnapshot,
  { provider, details, roles, passkeys, passwords, known }: PagePorts,
  lasting: Lasting,
): Pick<ReturnType<typeof openAccount>, 'handlerOf' | 'sessions'> {
  const { world, stores, hashes, askPace, onUntold, takingBack } = lasting;
  const { accounts, artefacts, clients, singleUse } = stores;
  const { now } = world;
  const consent = new Consent({ snapshot, provider, clients, details, passkeys, artefacts, now });
  const signIn = new SignIn({
    ...{ snapshot, provider, accounts, clients, passkeys, consent, known },
    notices: stores.accountNotices,
  });
  const decisions = new Decisions({
    ...{ snapshot, provider, clients, details, passkeys, artefacts, singleUse, now },
    ...{ askPace, onUntold },
  });
  const account = openAccount({
    ...{ snapshot, provider, stores, passkeys, passwords, known, hashes, world, details },
    ...{ decisions, onUntold, roles },
    whenEnforced: () => takingBack.whenEnforced('a credential'),
    endGrant: (grant) => takingBack.endGrant(grant, true, stores, snapshot),
  });
  const { sessions, door } = account;
  const takingBackFromPeople = new TakingBackFromPeople({
    ...{ snapshot, accounts, artefacts, sessions, world, onLate: lasting.onLate },
    whenEnforced: (what) => takingBack.whenEnforced(what),
  });
  const federation = openFederation({
    ...{ snapshot, provider, stores, door, sessions, world },
    onLate: lasting.onLate,
    endTokens: (grant) => takingBack.endGrant(grant, false, stores, snapshot),
    lessen: (account) => takingBackFromPeople.lessen(account),
  });
  const directories = openDirectories({
    ...{ snapshot, stores, takingBack: takingBackFromPeople, onLate: lasting.onLate },
  });
  return {
    sessions,
    handlerOf: (operation) =>
      directories.handlerOf(operation) ??
      signIn.handlerOf(operation) ??
      account.handlerOf(operation) ??
      federation.handlerOf(operation) ??
      formAsLink(operation, snapshot),
  };
}

function presentedTokens(
  snapshot: IssuerSnapshot,
  keys: KeysInForce['publicKeys'],
  { world, stores, takingBack }: Lasting,
): PresentedTokens {
  const { origin } = snapshot;
  const { denials } = stores;
  return new PresentedTokens({
    ...{ issuer: origin, keys, now: world.now },
    isDenied: ({ jti, client_id: client, grant_id: grant, act, iat }) =>
      denials.isDenied(
        origin,
        [
          { kind: 'token', value: jti },
          ...[client, ...actorsOf(act)].map((value) => ({ kind: 'client' as const, value })),
          ...(grant === undefined ? [] : [{ kind: 'grant' as const, value: grant }]),
        ],
        iat,
      ),
    deny: (token) => takingBack.endToken(token, denials, snapshot),
  });
}
