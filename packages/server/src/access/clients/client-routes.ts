import type { DenialKind } from '@poorter/engine';
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
import type { ClientStore, StoredClient } from './client-store.ts';
import { type ClientAuthentication, type ClientTerms, takesAway } from './client-terms.ts';
import { clientTermsOf } from './client-wish.ts';
import type { RegistrationStore } from './registration-store.ts';

export interface ClientRoutePorts {
  readonly clients: ClientStore;
  readonly everywhere: Everywhere;
  /** Who gives tokens here, and for how long they can be shown; null: nobody does. */
  readonly issuer: () => { readonly origin: string; readonly tokenLifeMs: number } | null;
  /** What of these leads nowhere as the server is configured: most likely a mistake, and told to whoever wrote it. */
  readonly remarksOn: (terms: ClientTerms) => readonly string[];
}

type ClientOperation =
  | ('listClients' | 'createClient' | 'showClient' | 'replaceClient')
  | ('disableClient' | 'rotateClientSecret');

type ClientHandlers = Handlers<
  ClientOperation,
  {
    readonly clients: ClientStore;
    readonly denials: DenialStore;
    readonly registrations: RegistrationStore;
  }
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
        const terms = clientTermsOf(body);
        const { client, secret } = await stores.clients.create(terms, operator.client);
        const warnings = ports.remarksOn(terms);
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
        const terms = clientTermsOf(body);
        const client = await stores.clients.replace(path.id, terms, version);
        // What an operator says counts: a client that registered itself could take it back.
        await stores.registrations.forget(client.id);
        if (takesAway(before, terms)) await deny(stores.denials, client.id, nowMs, false);
        const answer = answerOf(client);
        const warnings = ports.remarksOn(terms);
        if (warnings.length === 0) return answer;
        return { ...answer, body: { ...answer.body, warnings } };
      },
      spread: reached,
    },

    disableClient: {
      async change({ path, nowMs }, stores) {
        const { disabledAt } = await known(stores.clients, path.id);
        const client = await stores.clients.disable(path.id);
        await stores.registrations.forget(client.id);
        if (disabledAt === null) await deny(stores.denials, client.id, nowMs, true);
        return answerOf(client);
      },
      spread: reached,
    },

    rotateClientSecret: {
      async change({ path, body }, stores) {
        const { authentication } = await active(stores.clients, path.id);
        if (authentication.method !== 'secret') {
          throw new AdminProblem('not_possible', { reason: `${authentication.method}: no secret` });
        }
        const overlapMs = (body.overlapSeconds ?? 0) * 1000;
        const { client, secret } = await stores.clients.rotateSecret(path.id, overlapMs);
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

function shownClient(client: StoredClient): Contract.Client {
  const { id, name, profile, binding, flows, scopes, messageSigning, accepts } = client;
  const { detailTypes, logoutNoticeUri, decisionNoticeUri, idTokenAlgorithm, page } = client;
  return {
    ...{ id, name, profile, state: client.disabledAt === null ? 'active' : 'disabled' },
    authentication: shownAuthentication(client.authentication),
    ...{ binding, flows, scopes, detailTypes, messageSigning, idTokenAlgorithm, accepts },
    ...{ logoutNoticeUri, decisionNoticeUri, page },
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
