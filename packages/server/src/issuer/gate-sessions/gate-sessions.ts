import { setTimeout as pause } from 'node:timers/promises';
import type { AccountStore, GrantStore } from '../../access/accounts/index.ts';
import type { ClientStore, StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot, ResourceSnapshot } from '../../messages/between-issuer.ts';
import type { ShownSession } from '../../messages/gate-sessions.ts';
import type { DenialStore } from '../../state/denials/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { Detail } from '../details/index.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import { detailsFor } from '../protocol/authorization-details.ts';
import type { Provider } from '../protocol/library.ts';
import type { PairwiseNames } from '../protocol/pairwise.ts';
import { resourceServerInfo } from '../protocol/resources.ts';
import { GATE_SESSION as KIND } from '../taking-back.ts';

/** What a browser has at a gate. It is found by what stands in the cookie, and by nothing else. */
export interface GateSession {
  /** What stands in the cookie. */
  readonly id: string;
  /** By which records name it, and gates refuse it: the `jti` of whatever is said of it. */
  readonly name: string;
  readonly client: string;
  readonly account: string;
  readonly grant: string;
  /** Of the person at our pages: it ends with that one. */
  readonly signedIn: string;
  readonly scopes: readonly string[];
  /** APIs that it is for. */
  readonly resources: readonly string[];
  readonly details: readonly Detail[];
  readonly acr: string | null;
  /** Seconds since the epoch. */
  readonly signedInAt: number | null;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

export interface GateSessionsPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'endAt' | 'remove' | 'listOfAccount'>;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly grants: Pick<GrantStore, 'stands'>;
  readonly denials: Pick<DenialStore, 'countsFrom'>;
  readonly pairwise: PairwiseNames;
  readonly roles: Pick<RolesOfPeople, 'at'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  /** Resolves when no gate lets them in. Throws NotEverywhereYet. */
  readonly end: (sessions: readonly GateSession[]) => Promise<void>;
}

/** While a sign-in gets another name, because its person signs in once more, it has none for a moment. */
const RENAMED_MS = 100;
const ID = /^[A-Za-z0-9_-]{43}$/;
const ID_BYTES = 32;
const NAME_BYTES = 16;

type SaidOfSession = Readonly<Record<string, unknown>>;

const INACTIVE: SaidOfSession = { active: false };

/** Sessions that browsers have at the gates, for pages that keep nothing themselves. */
export class GateSessions {
  readonly #ports: GateSessionsPorts;

  constructor(ports: GateSessionsPorts) {
    this.#ports = ports;
  }

  /** Of a client whose page may have them; null: it is none, or is no more. */
  async clientOf(id: string): Promise<StoredClient | null> {
    const client = await this.#ports.clients.show(id);
    const isOne = client?.disabledAt === null && client.flows.includes('session');
    return isOne ? client : null;
  }

  pageOf({ page }: StoredClient): string {
    return page ?? this.#terms.origin;
  }

  /** APIs that a page may call, of those that a client may ask for. */
  resourcesOf({ scopes }: StoredClient): readonly ResourceSnapshot[] {
    const offered = this.#ports.snapshot.resources.filter(({ flows }) => flows.includes('session'));
    const fitting = offered.filter((one) => one.scopes.some((scope) => scopes.includes(scope)));
    return fitting.length === 0 ? offered : fitting;
  }

  /** With another id at each sign-in: whoever knew one before has nothing. Null: they are signed out meanwhile. */
  async begin(wish: Omit<GateSession, 'id' | 'name' | 'endsAt'>): Promise<GateSession | null> {
    const { artefacts, now, random } = this.#ports;
    const { idleMs, lifeMs } = this.#terms;
    const draw = (bytes: number) => Buffer.from(random(bytes)).toString('base64url');
    const endsAt = now() + lifeMs;
    const session = { ...wish, id: draw(ID_BYTES), name: `gs_${draw(NAME_BYTES)}`, endsAt };
    await artefacts.put(KIND, session.id, {
      ...{ payload: { ...session }, expiresAt: Math.min(now() + idleMs, endsAt) },
      ...{ grant: session.grant, account: session.account },
    });
    // Whoever signs them out ends what is there, and this may have come a moment later.
    if (await this.#stands(session)) return session;
    await artefacts.remove(KIND, session.id);
    return null;
  }

  /** Undefined: there is none, or it is over. */
  async find(id: string | undefined): Promise<GateSession | undefined> {
    if (id === undefined || !ID.test(id)) return undefined;
    const found = await this.#ports.artefacts.find(KIND, id);
    return found === undefined ? undefined : (found.payload as unknown as GateSession);
  }

  /**
   * RFC 7662: what a gate goes by for this call and the next ones, as an access token would say it. Asking is calling: the
   * session stays.
   */
  async resolve(id: string, audience: string): Promise<SaidOfSession> {
    const session = await this.find(id);
    if (session === undefined) return INACTIVE;
    // Before anything is read: what was taken back until then, this answer knows.
    const countsFrom = await this.#countsFrom(session);
    const client = await this.clientOf(session.client);
    const isFor = session.resources.includes(audience);
    if (client === null || !isFor || !(await this.#stands(session))) return INACTIVE;
    const scopes = await this.#scopesFor(session, client, audience);
    const subject = await this.#subjectOf(session);
    if (scopes === null || subject === null) return INACTIVE;
    const { artefacts, now, snapshot, roles } = this.#ports;
    const given = Math.max(Math.floor(now() / 1_000), countsFrom);
    const held = await roles.at(session.account, audience);
    const { endsAt, details, acr, signedInAt } = session;
    const nowMs = now();
    // Last of all: what was ended while this went on is not found.
    const until = Math.min(nowMs + this.#terms.idleMs, endsAt);
    if (!(await artefacts.endAt(KIND, id, until))) return INACTIVE;
    const here = detailsFor(audience, details, nowMs);
    return {
      ...{ active: true, token_type: 'Bearer', iss: snapshot.origin, aud: audience, sub: subject },
      ...{ client_id: client.id, scope: scopes.join(' '), jti: session.name, iat: given },
      exp: Math.min(given + snapshot.tokens.lifeSeconds, Math.floor(endsAt / 1_000)),
      grant_id: session.grant,
      ...(acr !== null && { acr }),
      ...(signedInAt !== null && { auth_time: signedInAt }),
      ...(here.length > 0 && { authorization_details: here }),
      ...(held.length > 0 && { roles: held }),
      page: this.pageOf(client),
    };
  }

  /** What its page may know. Looking is not calling: a page that looks every minute keeps no session. */
  async show(id: string | undefined, client: StoredClient): Promise<ShownSession> {
    const session = await this.find(id);
    const isOurs = session?.client === client.id && (await this.#stands(session));
    const subject = isOurs ? await this.#subjectOf(session) : null;
    if (session === undefined || subject === null) return { signedIn: false };
    const account = await this.#ports.accounts.show(session.account);
    const { scopes, acr, signedInAt, endsAt } = session;
    const isoTime = (ms: number) => new Date(ms).toISOString();
    return {
      ...{ signedIn: true, subject, scopes, acr },
      ...(scopes.includes('profile') && account !== undefined && { name: account.name }),
      ...(scopes.includes('email') && account?.email != null && { email: account.email }),
      ...{ signedInAt: isoTime((signedInAt ?? 0) * 1_000), endsAt: isoTime(endsAt) },
    };
  }

  /** Resolves when no gate lets it in. Throws NotEverywhereYet. */
  async end(id: string | undefined): Promise<GateSession | undefined> {
    const session = await this.find(id);
    await this.#ports.end(session === undefined ? [] : [session]);
    return session;
  }

  /** Within the second in which somebody lost a role, they are asked about anew, and go on with the rest. */
  #countsFrom({ grant, client }: GateSession): Promise<number> {
    const { denials, snapshot } = this.#ports;
    return denials.countsFrom(snapshot.origin, [
      { kind: 'grant', value: grant },
      { kind: 'client', value: client },
    ]);
  }

  /** The person signed in, the grant that it came from, and their sign-in at our pages. */
  async #stands({ account, grant, signedIn }: GateSession): Promise<boolean> {
    const { provider, grants } = this.#ports;
    let there = await provider.Session.findByUid(signedIn);
    if (there === undefined) {
      await pause(RENAMED_MS);
      there = await provider.Session.findByUid(signedIn);
    }
    return there?.accountId === account && (await grants.stands(grant));
  }

  /** Null: the person took it back. Never more than the client may have today. */
  async #scopesFor(
    { grant: id, scopes }: GateSession,
    client: StoredClient,
    audience: string,
  ): Promise<readonly string[] | null> {
    const { provider, snapshot } = this.#ports;
    const grant = await provider.Grant.find(id);
    const isOffered = this.resourcesOf(client).some(({ identifier }) => identifier === audience);
    if (grant === undefined || !isOffered) return null;
    const granted = grant.getResourceScopeFiltered(audience, new Set(scopes)).split(' ');
    const may = resourceServerInfo(snapshot, audience, client).scope.split(' ');
    return granted.filter((scope) => scope !== '' && may.includes(scope));
  }

  /** As the page's site calls them. */
  async #subjectOf({ client: id, account }: GateSession): Promise<string | null> {
    const client = await this.#ports.provider.Client.find(id);
    const sector = (client as { readonly sectorIdentifier?: string } | undefined)?.sectorIdentifier;
    return sector === undefined ? null : this.#ports.pairwise.nameOf(account, sector);
  }

  get #terms(): NonNullable<IssuerSnapshot['gateSessions']> {
    const terms = this.#ports.snapshot.gateSessions;
    if (terms === null) throw new Error('there are no sessions at gates');
    return terms;
  }
}
