import type { DenialKind } from '@poorter/engine';
import type { JSONWebKeySet, JWK } from 'jose';
import {
  type Act,
  type Answer,
  type Contract,
  type Everywhere,
  type Handlers,
  iso,
  isoTime,
  type OperationId,
  pageLimit,
} from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { DenialStore } from '../../state/denials/index.ts';
import { judgeClient } from './client-profiles.ts';
import type { ClientStore, StoredClient } from './client-store.ts';
import { type ClientAuthentication, type ClientTerms, takesAway } from './client-terms.ts';

export interface ClientRoutePorts {
  readonly clients: ClientStore;
  readonly everywhere: Everywhere;
  /** Who gives tokens here, and for how long they can be shown; null: nobody does. */
  readonly issuer: () => { readonly origin: string; readonly tokenLifeMs: number } | null;
  /** Which of these no operation asks for: most likely mistyped, and told to whoever wrote it. */
  readonly remarksOn: (scopes: readonly string[]) => readonly string[];
}

type ClientOperation =
  | ('listClients' | 'createClient' | 'showClient' | 'replaceClient')
  | ('disableClient' | 'rotateClientSecret');

type ClientHandlers = Handlers<
  ClientOperation,
  { readonly clients: ClientStore; readonly denials: DenialStore }
>;

/** The applications that the authorization server knows. */
export function clientRoutes(ports: ClientRoutePorts): ClientHandlers {
  const { clients, everywhere } = ports;
  const reached = async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => {
    await everywhere.untilEnforced();
    return answer;
  };
  const stored = async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => answer;
  const deny = async (denials: DenialStore, value: string, nowMs: number, isEnded: boolean) => {
    const issuer = ports.issuer();
    if (issuer === null) return;
    const kind: DenialKind = 'client';
    const until = nowMs + issuer.tokenLifeMs;
    // Within this second as well: it is told in seconds.
    const givenBefore = Math.floor(nowMs / 1000) + 1;
    const denial = { kind, issuer: issuer.origin, value, until };
    await denials.deny([isEnded ? denial : { ...denial, givenBefore }]);
  };

  return {
    async listClients({ query }) {
      const page = await clients.list({
        limit: pageLimit(query),
        ...(query.cursor !== undefined && { cursor: query.cursor }),
      });
      return { status: 200, body: { items: page.items.map(shownClient), next: page.next } };
    },

    createClient: {
      async change({ body, operator }, stores) {
        const terms = termsOf(body);
        const { client, secret } = await stores.clients.create(terms, operator.client);
        const warnings = ports.remarksOn(terms.scopes);
        return {
          status: 201,
          body: {
            ...{ client: shownClient(client), secret },
            ...(warnings.length > 0 && { warnings }),
          },
          ...{ target: client.id, version: client.version },
        };
      },
      spread: stored,
    },

    async showClient({ path }) {
      return answerOf(await known(clients, path.id));
    },

    replaceClient: {
      async change({ path, body, version, nowMs }, stores) {
        const before = await active(stores.clients, path.id);
        const terms = termsOf(body);
        const client = await stores.clients.replace(path.id, terms, version);
        if (takesAway(before, terms)) await deny(stores.denials, client.id, nowMs, false);
        const answer = answerOf(client);
        const warnings = ports.remarksOn(terms.scopes);
        if (warnings.length === 0) return answer;
        return { ...answer, body: { ...answer.body, warnings } };
      },
      spread: reached,
    },

    disableClient: {
      async change({ path, nowMs }, stores) {
        const { disabledAt } = await known(stores.clients, path.id);
        const client = await stores.clients.disable(path.id);
        if (disabledAt === null) await deny(stores.denials, client.id, nowMs, true);
        return answerOf(client);
      },
      spread: reached,
    },

    rotateClientSecret: {
      async change({ path, body, nowMs }, stores) {
        const { authentication } = await active(stores.clients, path.id);
        if (authentication.method !== 'secret') {
          throw new AdminProblem('not_possible', { reason: `${authentication.method}: no secret` });
        }
        const formerUntil = nowMs + (body.overlapSeconds ?? 0) * 1000;
        const { client, secret } = await stores.clients.rotateSecret(path.id, formerUntil);
        return {
          status: 200,
          body: { client: shownClient(client), secret },
          ...{ target: client.id, version: client.version },
        };
      },
      spread: stored,
    },
  };
}

async function known(clients: ClientStore, id: string): Promise<StoredClient> {
  const client = await clients.show(id);
  if (client === undefined) throw new AdminProblem('not_found');
  return client;
}

async function active(clients: ClientStore, id: string): Promise<StoredClient> {
  const client = await known(clients, id);
  if (client.disabledAt !== null) throw new AdminProblem('not_possible', { reason: 'disabled' });
  return client;
}

function answerOf(client: StoredClient) {
  const body = shownClient(client);
  return { status: 200, body, version: client.version, target: client.id } as const;
}

/** Throws AdminProblem: what is not of its profile, with every reason. */
function termsOf(wish: Contract.ClientTerms): ClientTerms {
  const isBound = wish.profile === 'machine' || wish.profile === 'fapi2';
  const terms: ClientTerms = {
    ...{ name: wish.name, profile: wish.profile },
    authentication: authenticationOf(wish.authentication),
    binding: wish.binding ?? (isBound ? 'dpop' : 'none'),
    redirectUris: wish.redirectUris ?? [],
    postLogoutRedirectUris: wish.postLogoutRedirectUris ?? [],
    logoutNoticeUri: wish.logoutNoticeUri ?? null,
    decisionNoticeUri: wish.decisionNoticeUri ?? null,
    flows: wish.flows ?? (wish.profile === 'machine' ? [] : ['redirect']),
    scopes: wish.scopes ?? [],
    detailTypes: wish.detailTypes ?? [],
    messageSigning: wish.messageSigning ?? false,
    idTokenAlgorithm: wish.idTokenAlgorithm ?? 'ES256',
    accepts: wish.accepts ?? [],
  };
  const { faults, unaccepted } = judgeClient(terms);
  const weaker = unaccepted.map(
    (weakness) => `weaker than ${terms.profile}: ${weakness}; say so in accepts, or mend it`,
  );
  const reasons = [...faults, ...weaker];
  if (reasons.length > 0) {
    throw new AdminProblem('value_not_acceptable', { reason: reasons.join('; ') });
  }
  return terms;
}

const RSA_BITS_MIN = 2048;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function authenticationOf(wish: Contract.ClientAuthentication): ClientAuthentication {
  const { method, jwks, jwksUri, subject } = wish;
  const given = Object.keys(wish).filter((name) => name !== 'method');
  const only = (...names: readonly string[]) => {
    const isRight = given.length === 1 && names.includes(given[0] as string);
    if (!isRight)
      refuse(`authentication: ${method} has ${names.join(' or ')}, and nothing besides`);
  };
  switch (method) {
    case 'none':
    case 'secret':
      if (given.length > 0) refuse(`authentication: ${method} has nothing besides`);
      return { method };
    case 'certificate':
      only('subject');
      return { method, subject: subject as NonNullable<typeof subject> };
    case 'private_key_jwt':
    case 'self_signed_certificate':
      only('jwks', 'jwksUri');
      if (jwksUri !== undefined) return { method, keys: { uri: jwksUri } };
      return { method, keys: { jwks: publicKeys(jwks as NonNullable<typeof jwks>) } };
    default:
      return method satisfies never;
  }
}

function publicKeys(jwks: Contract.KeySet): JSONWebKeySet {
  for (const key of jwks.keys as readonly object[]) {
    if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name))) {
      refuse(
        'authentication: jwks holds a private or a secret key, which nobody else may have: make another',
      );
    }
    if (!Object.hasOwn(key, 'kty')) refuse('authentication: jwks holds something that is no key');
    if (isShort(key as JWK)) {
      refuse(`authentication: jwks holds an RSA key of less than ${RSA_BITS_MIN} bits`);
    }
  }
  return jwks as unknown as JSONWebKeySet;
}

/** FAPI 2.0 §5.4; RFC 7518 §3.5 for anybody. Other kinds of keys that are taken have one length each. */
function isShort({ kty, n }: JWK): boolean {
  if (kty !== 'RSA') return false;
  const modulus = Buffer.from(String(n ?? ''), 'base64url').toString('hex');
  const bits = BigInt(`0x0${modulus}`).toString(2).length;
  return !(bits >= RSA_BITS_MIN);
}

function refuse(reason: string): never {
  throw new AdminProblem('value_not_acceptable', { reason });
}

function shownClient(client: StoredClient): Contract.Client {
  const { id, name, profile, binding, flows, scopes, messageSigning, accepts } = client;
  const { detailTypes, logoutNoticeUri, decisionNoticeUri, idTokenAlgorithm } = client;
  return {
    ...{ id, name, profile, state: client.disabledAt === null ? 'active' : 'disabled' },
    authentication: shownAuthentication(client.authentication),
    ...{ binding, flows, scopes, detailTypes, messageSigning, idTokenAlgorithm, accepts },
    ...{ logoutNoticeUri, decisionNoticeUri },
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    created: isoTime(client.createdAt),
    createdBy: client.createdBy,
    disabled: iso(client.disabledAt),
    formerSecretUntil: iso(client.formerUntil),
  };
}

function shownAuthentication(authentication: ClientAuthentication): Contract.ClientAuthentication {
  switch (authentication.method) {
    case 'none':
    case 'secret':
      return { method: authentication.method };
    case 'certificate':
      return { method: authentication.method, subject: authentication.subject };
    case 'private_key_jwt':
    case 'self_signed_certificate': {
      const { method, keys } = authentication;
      if ('uri' in keys) return { method, jwksUri: keys.uri };
      return { method, jwks: { keys: keys.jwks.keys as Contract.KeySet['keys'] } };
    }
    default:
      return authentication satisfies never;
  }
}
