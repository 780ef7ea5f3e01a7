import type { AccountStore, GrantedRights, GrantStore } from '../../access/accounts/index.ts';
import type { ClientStore } from '../../access/clients/index.ts';
import type { Artefact, ArtefactStore, FoundArtefact } from '../artefacts/index.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { clientMetadata } from './client-metadata.ts';
import { errors, Provider } from './library.ts';
import type { PresentedTokens } from './presented-tokens.ts';
import { type Redemptions, whenAnswered } from './redemptions.ts';
import { isSignedIn } from './signed-in.ts';
import { wordsOf } from './space-delimited.ts';

type Payload = Record<string, unknown>;

export interface AdapterPorts {
  readonly artefacts: ArtefactStore;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly grants: Pick<GrantStore, 'keep' | 'stands'>;
  readonly now: () => number;
  readonly redemptions: Redemptions;
  readonly presented: PresentedTokens;
  readonly registrations: RegistrationKinds;
  /** Where browsers have sessions of their own; null: nowhere. */
  readonly gateOrigin: string | null;
  /** Nothing comes from this grant any more, and gates refuse what came from it. */
  readonly endGrant: (grantId: string) => Promise<void>;
  /** Gates refuse what came from this grant until now; it stands. */
  readonly endTokens: (grantId: string) => Promise<void>;
  /** What ended is stored, and some gate has not said yet that it goes by it. */
  readonly onLate: (error: NotEverywhereYet) => void;
}

/** Clients that keep themselves, and what they show. */
export interface RegistrationKinds {
  findInvitation(token: string): Promise<Payload | undefined>;
  findRegistration(token: string): Promise<Payload | undefined>;
  showsToken(token: string, payload: Payload): Promise<void>;
  dropToken(token: string): Promise<void>;
  /** As it was judged in this call. */
  keep(clientId: string): Promise<void>;
  end(clientId: string): Promise<void>;
}

/** As a client is told it, which knows none of our gates by name. */
export const NOT_EVERYWHERE = 'it was taken back, and some gate may still accept it';
/** A session without an end of its own, as the library asks for it, still ends. */
const LIFE_MAX_MS = 400 * 86_400_000;
/** RFC 8628 §3.5, CIBA Core §11: who asks too late is told that it is over, and not that it never was. */
const TOLD_LATER_MS: Readonly<Record<string, number>> = {
  ...{ DeviceCode: 3_600_000, BackchannelAuthenticationRequest: 3_600_000 },
};

/** What the library keeps of one kind, in our stores. It finds and then consumes: here only one wins. */
export class ProtocolAdapter {
  readonly #kind: string;
  readonly #ports: AdapterPorts;

  constructor(kind: string, ports: AdapterPorts) {
    this.#kind = kind;
    this.#ports = ports;
  }

  async upsert(id: string, payload: Payload, expiresInSeconds?: number): Promise<void> {
    const { artefacts, grants, now, registrations } = this.#ports;
    if (this.#kind === 'Client') return registrations.keep(id);
    if (this.#kind === 'RegistrationAccessToken') return registrations.showsToken(id, payload);
    const life = expiresInSeconds === undefined ? LIFE_MAX_MS : expiresInSeconds * 1000;
    const text = (name: string) => {
      const value = payload[name];
      return typeof value === 'string' ? value : undefined;
    };
    const grant = text('grantId');
    const account = text('accountId');
    const second = text('uid') ?? text('userCode');
    const artefact: Artefact = {
      payload,
      expiresAt: now() + Math.min(life, LIFE_MAX_MS) + (TOLD_LATER_MS[this.#kind] ?? 0),
      ...(account !== undefined && { account }),
      // An interaction has the uid of nothing but itself, and goes on where what was granted before has ended.
      ...(this.#kind !== 'Interaction' && {
        ...(grant !== undefined && { grant }),
        ...(second !== undefined && { second }),
      }),
    };
    const client = text('clientId');
    if (this.#kind === 'Grant' && account !== undefined && client !== undefined) {
      const { expiresAt } = artefact;
      const rights = rightsOf(payload);
      const wish = { id, accountId: account, clientId: client, rights, expiresAt };
      for (const gone of await grants.keep(wish)) {
        await artefacts.removeGrant(gone);
        await artefacts.remove('Grant', gone);
      }
    }
    await artefacts.put(this.#kind, id, artefact);
  }

  async find(id: string): Promise<Payload | undefined> {
    if (this.#kind === 'Client') return this.#client(id);
    const { presented, registrations } = this.#ports;
    if (this.#kind === 'InitialAccessToken') return registrations.findInvitation(id);
    if (this.#kind === 'RegistrationAccessToken') return registrations.findRegistration(id);
    if (presented.isName(id)) return presented.find(this.#kind, id);
    // It is taken back in the state, by people and by operators; what is kept of it here follows.
    if (this.#kind === 'Grant' && !(await this.#ports.grants.stands(id))) return undefined;
    const found = await this.#ports.artefacts.find(this.#kind, id);
    // The library ends at once what came of something that was used.
    if (found != null && found.consumedAt !== null) {
      await this.#ports.redemptions.settled(this.#nameOf(id));
    }
    return this.#current(asFound(found));
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return this.#current(asFound(await this.#ports.artefacts.findBySecond(this.#kind, uid)));
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return asFound(await this.#ports.artefacts.findBySecond(this.#kind, userCode));
  }

  /** RFC 6749 §4.1.2, RFC 9700 §4.14: whoever comes second ends what the first was given. */
  async consume(id: string): Promise<void> {
    const { artefacts, endGrant, redemptions } = this.#ports;
    const name = this.#nameOf(id);
    const end = redemptions.begin(name);
    const isFirst = await artefacts.consume(this.#kind, id).catch((error: unknown) => {
      end();
      throw error;
    });
    const response = Provider.ctx?.res;
    if (isFirst && response !== undefined) return whenAnswered(response, end);
    end();
    if (isFirst) return;
    await redemptions.settled(name);
    const found = await artefacts.find(this.#kind, id);
    const grant = found?.payload['grantId'];
    if (typeof grant === 'string') await this.#ended(endGrant(grant));
    throw new errors.InvalidGrant('it was used already');
  }

  #nameOf(id: string): string {
    return `${this.#kind} ${id}`;
  }

  async destroy(id: string): Promise<void> {
    if (this.#kind === 'Grant') return this.#ended(this.#ports.endGrant(id));
    if (this.#kind === 'Client') return this.#ended(this.#ports.registrations.end(id));
    if (this.#kind === 'RegistrationAccessToken') return this.#ports.registrations.dropToken(id);
    // A JWT is known to the library by its own id.
    await this.#ended(this.#ports.presented.destroy(this.#kind, id));
    await this.#ports.artefacts.remove(this.#kind, id);
  }

  /** The library asks each kind in turn, and always this one. Tokens for an API are not kept: gates are told. */
  async revokeByGrantId(grantId: string): Promise<void> {
    if (this.#kind === 'AccessToken') await this.#ended(this.#ports.endTokens(grantId));
  }

  /**
   * It is stored before any gate is asked: whoever signs out is signed out, and a code shown twice gives nothing, also
   * while a gate is silent. Who takes a token back is told that it is not done. RFC 7009 §2.2.1.
   */
  async #ended(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof NotEverywhereYet)) throw error;
      this.#ports.onLate(error);
      if (Provider.ctx?.oidc?.route !== 'revocation') return;
      const told = new errors.TemporarilyUnavailable(NOT_EVERYWHERE);
      throw Object.assign(told, { statusCode: 503 });
    }
  }

  /** Whoever was signed out everywhere, or may come in no more, has no session: nothing goes on from it. */
  async #current(payload: Payload | undefined): Promise<Payload | undefined> {
    const account = payload?.['accountId'];
    if (this.#kind !== 'Session' || typeof account !== 'string') return payload;
    const known = await this.#ports.accounts.show(account);
    return known !== undefined && isSignedIn(known, payload ?? {}) ? payload : undefined;
  }

  async #client(id: string): Promise<Payload | undefined> {
    const client = await this.#ports.clients.show(id);
    if (client === undefined || client.disabledAt !== null) return undefined;
    return { ...clientMetadata(client, this.#ports.gateOrigin) };
  }
}

function asFound(found: FoundArtefact | undefined): Payload | undefined {
  if (found === undefined) return undefined;
  const { payload, consumedAt } = found;
  return consumedAt === null ? { ...payload } : { ...payload, consumed: consumedAt / 1000 };
}

/** Of a Grant, as the library writes it. */
function rightsOf(payload: Payload): GrantedRights {
  const { openid, resources, rar } = payload as {
    readonly openid?: { readonly scope?: string };
    readonly resources?: Readonly<Record<string, string>>;
    readonly rar?: GrantedRights['details'];
  };
  return {
    own: wordsOf(openid?.scope),
    apis: Object.fromEntries(
      Object.entries(resources ?? {}).map(([resource, text]) => [resource, wordsOf(text)]),
    ),
    details: rar ?? [],
  };
}
