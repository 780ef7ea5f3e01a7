import { parseJsonText } from '@poorter/openapi/json';
import {
  type ClientStore,
  type ClientTerms,
  type InvitationStore,
  type InvitationTerms,
  type RegistrationStore,
  type StoredInvitation,
  takesAway,
} from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { clientMetadata, SECRET_IS_HASHED } from '../protocol/client-metadata.ts';
import { errors, Provider } from '../protocol/library.ts';
import type { AskedMetadata } from './read-metadata.ts';
import { registrationAnswer } from './registration-answer.ts';
import { Statements } from './statements.ts';
import { termsWithin } from './terms-within.ts';

export interface RegistrationPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'registration'>;
  readonly clients: Pick<
    ClientStore,
    'create' | 'drawId' | 'isSecret' | 'replace' | 'rotateSecret' | 'show'
  >;
  readonly invitations: Pick<InvitationStore, 'findByToken' | 'show' | 'take'>;
  readonly registrations: RegistrationStore;
  readonly now: () => number;
  /** Gates refuse what this client was given until now. */
  readonly endTokens: (clientId: string) => Promise<void>;
  /** It is stored, and some gate has not said yet that it goes by it. */
  readonly onLate: (error: NotEverywhereYet) => void;
  /** Nothing comes of this client any more, whoever said yes to it. */
  readonly endClient: (clientId: string) => Promise<void>;
}

type Payload = Record<string, unknown>;

interface Context {
  readonly req: object;
  readonly path: string;
  status: number;
  body: unknown;
  readonly oidc: {
    readonly route?: string;
    readonly client?: { readonly clientId: string };
    getAccessToken(): string | undefined;
  };
}

/** What was judged of one call, for those steps of the library that know only its outcome. */
interface Judged {
  readonly terms: ClientTerms;
  readonly invitationId: string;
  /** Of those who are believed by their statements; null: an invitation counts itself. */
  readonly clientsMax: number | null;
  /** How it wants to show its secret: in either way it may, and whoever asked for one is told that one. */
  readonly method: unknown;
  /** Once it has one, and is told of it. */
  secret: string | null;
}

/** What a client may be at most, and what somebody who is believed says that it is. */
interface Bounds {
  readonly id: string;
  readonly terms: InvitationTerms;
  readonly clientsMax: number | null;
  readonly claims: AskedMetadata;
}

function boundsOf(invitation: StoredInvitation | undefined): Bounds {
  if (invitation === undefined) throw new errors.InvalidToken('access token not found');
  return { id: invitation.id, terms: invitation, clientsMax: null, claims: {} };
}

/** Tokens of ours have no dots. */
function isStatement(token: string): boolean {
  return token.split('.').length === 3;
}

const POLICY = 'terms';
/** Of clients that have been used, as many are remembered as not to ask the database for each token. */
const USED_MAX = 10_000;

/** Clients that register, change and end themselves: RFC 7591, RFC 7592. The library speaks; what holds is decided here. */
export class Registrations {
  readonly #ports: RegistrationPorts;
  readonly #judged = new WeakMap<object, Judged>();
  readonly #used = new Set<string>();
  readonly #statements: Statements;

  constructor(ports: RegistrationPorts) {
    this.#ports = ports;
    const { snapshot, now } = ports;
    this.#statements = new Statements(snapshot.registration?.statements ?? [], now);
  }

  /** For the library; off: nothing of it is there, not even its address. */
  settings(): object {
    const isOn = this.#ports.snapshot.registration !== null;
    if (!isOn) return {};
    return {
      registration: {
        enabled: true,
        initialAccessToken: true,
        issueRegistrationAccessToken: true,
        idFactory: () => this.#ports.clients.drawId(),
        // Drawn where the client is kept, by which it is known.
        secretFactory: () => SECRET_IS_HASHED,
        policies: { [POLICY]: (ctx: Context, asked: Payload) => this.#judge(ctx, asked) },
      },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    };
  }

  /** An initial access token, or a statement that stands for one. */
  async findInvitation(token: string): Promise<Payload | undefined> {
    if (isStatement(token)) {
      await this.#statements.read(token);
      return this.#token('InitialAccessToken', token, this.#ports.now());
    }
    const found = await this.#ports.invitations.findByToken(token);
    return found && this.#token('InitialAccessToken', token, found.createdAt);
  }

  /** A registration access token. */
  async findRegistration(token: string): Promise<Payload | undefined> {
    const found = await this.#ports.registrations.findByToken(token);
    if (found === undefined) return undefined;
    const { clientId, registeredAt } = found;
    return { ...this.#token('RegistrationAccessToken', token, registeredAt), clientId };
  }

  showsToken(token: string, { clientId }: Payload): Promise<void> {
    return this.#ports.registrations.showsToken(String(clientId), token);
  }

  async dropToken(token: string): Promise<void> {
    await this.#ports.registrations.spend(token);
  }

  /** As it was judged in this call. */
  async keep(id: string): Promise<void> {
    const { clients, invitations, registrations } = this.#ports;
    const ctx = Provider.ctx as unknown as Context;
    const judged = this.#judged.get(ctx.req);
    if (judged === undefined) throw new Error('a client that nobody judged');
    if (ctx.oidc.client === undefined) {
      const { terms, invitationId, clientsMax } = judged;
      // Of many at once, as many come of it as may.
      const isTaken =
        clientsMax === null
          ? await invitations.take(invitationId)
          : await registrations.keepWithin(id, invitationId, clientsMax);
      if (!isTaken) throw new errors.InvalidToken('initial access token not found');
      judged.secret = (await clients.create(terms, invitationId, id)).secret;
      if (clientsMax === null) await registrations.keep(id, invitationId);
      return;
    }
    // Of many at once with one token one changes it.
    const isFirst = await registrations.spend(String(ctx.oidc.getAccessToken()));
    if (!isFirst) throw new errors.InvalidToken('registration access token not found');
    await this.#change(id, judged);
  }

  end(id: string): Promise<void> {
    return this.#late(this.#ports.endClient(id));
  }

  /** Null: there is none, or nobody here is believed who makes one. */
  statementIn(body: Uint8Array): string | null {
    if (!this.#statements.areBelieved) return null;
    const asked = parseJsonText(Buffer.from(body).toString('utf8')) as Payload | null;
    const statement = asked?.['software_statement'];
    return typeof statement === 'string' && isStatement(statement) ? statement : null;
  }

  /**
   * RFC 7592 §2.2: who sends its secret along shows that it is the one. The library compares it with what it knows, which
   * is not the secret.
   */
  async withSecretJudged(body: Uint8Array): Promise<Uint8Array> {
    const asked = parseJsonText(Buffer.from(body).toString('utf8')) as Payload | null;
    const { client_secret: secret, client_id: id } = asked ?? {};
    if (typeof secret !== 'string' || typeof id !== 'string') return body;
    const isRight = await this.#ports.clients.isSecret(id, secret);
    const judged = { ...asked, client_secret: isRight ? SECRET_IS_HASHED : 'another' };
    return Buffer.from(JSON.stringify(judged));
  }

  /** What the library would tell of a client is not what is kept of it. */
  async tell(ctx: Omit<Context, 'oidc'> & Partial<Pick<Context, 'oidc'>>): Promise<void> {
    // Where the library has no such address it says nothing of the call.
    const { route, client } = ctx.oidc ?? {};
    const isTold = route === 'registration' || route === 'client' || route === 'client_update';
    if (!isTold || client === undefined || ctx.status >= 300) return;
    const known = await this.#ports.clients.show(client.clientId);
    if (known === undefined) {
      // It ended in the meantime.
      ctx.status = 401;
      ctx.body = { error: 'invalid_token', error_description: 'client not found' };
      return;
    }
    const { registration_access_token: token, registration_client_uri: uri } = ctx.body as Payload;
    const { secret = null, method } = this.#judged.get(ctx.req) ?? {};
    ctx.body = {
      ...registrationAnswer(known),
      ...(method === 'client_secret_post' && { token_endpoint_auth_method: method }),
      ...(secret !== null && { client_secret: secret, client_secret_expires_at: 0 }),
      ...{ registration_access_token: token, registration_client_uri: uri },
    };
  }

  /** It was given a token. */
  async wasUsed(clientId: string): Promise<void> {
    if (this.#used.has(clientId)) return;
    const oldest = this.#used.values().next().value;
    if (this.#used.size >= USED_MAX && oldest !== undefined) this.#used.delete(oldest);
    this.#used.add(clientId);
    await this.#ports.registrations.wasUsed(clientId);
  }

  async #judge(ctx: Context, asked: Payload): Promise<void> {
    const { clients, now } = this.#ports;
    const known = ctx.oidc.client;
    const {
      id: invitationId,
      terms: bounds,
      clientsMax,
      claims,
    } = await this.#boundsOf(ctx, asked);
    const terms = termsWithin({ ...asked, ...claims }, bounds);
    const id = String(known?.clientId ?? asked['client_id']);
    const { token_endpoint_auth_method: method } = asked;
    this.#judged.set(ctx.req, { terms, invitationId, clientsMax, method, secret: null });
    const before = known === undefined ? undefined : await clients.show(id);
    // The library looks at what the client will be whenever it is asked for, and at nothing that was sent.
    for (const member of Object.keys(asked)) delete asked[member];
    Object.assign(
      asked,
      clientMetadata(
        {
          ...terms,
          ...{ id, createdBy: invitationId, createdAt: before?.createdAt ?? now() },
          ...{ disabledAt: null, formerUntil: null, version: 1 },
        },
        // None of these is kept by the gate.
        null,
      ),
    );
  }

  /** Also of an invitation that is over: what came of it stays within it. */
  async #boundsOf({ oidc }: Context, asked: Payload): Promise<Bounds> {
    const { invitations, registrations } = this.#ports;
    const token = String(oidc.getAccessToken());
    if (oidc.client === undefined && isStatement(token)) return this.#stated(token);
    if (oidc.client === undefined) return boundsOf(await invitations.findByToken(token));
    const registered = await registrations.findByToken(token);
    const id = registered?.invitationId ?? '';
    if (!id.startsWith('statements_')) return boundsOf(await invitations.show(id));
    // What was said of it is said again with each change, by the same.
    const stated = await this.#stated(String(asked['software_statement'] ?? ''));
    if (stated.id !== id) throw new errors.InvalidToken('another one said what it is');
    return stated;
  }

  async #stated(statement: string): Promise<Bounds> {
    const { claims, ...stated } = await this.#statements.read(statement);
    return { ...stated, claims: { ...claims, software_statement: undefined } };
  }

  async #change(id: string, judged: Judged): Promise<void> {
    const { clients, endTokens } = this.#ports;
    const before = await clients.show(id);
    if (before === undefined || before.disabledAt !== null) {
      throw new errors.InvalidToken('client not found');
    }
    const { terms } = judged;
    await clients.replace(id, terms);
    const isNewSecret =
      terms.authentication.method === 'secret' && before.authentication.method !== 'secret';
    if (isNewSecret) judged.secret = (await clients.rotateSecret(id, 0)).secret;
    if (takesAway(before, terms)) await this.#late(endTokens(id));
  }

  /** It is stored: whoever asked is answered, also while a gate is silent. */
  async #late(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof NotEverywhereYet)) throw error;
      this.#ports.onLate(error);
    }
  }

  #token(kind: string, jti: string, createdAt: number): Payload {
    return { kind, jti, iat: Math.floor(createdAt / 1000), policies: [POLICY] };
  }
}
