import { exportJWK, generateKeyPair } from 'jose';
import type { ClientTerms } from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { type DemoPlace, readDemoPlace, writeDemoPlace } from './demo-place.ts';
import { enrolPlayed } from './played-person.ts';
import { Teller } from './teller.ts';

export interface DemoAddresses {
  /** Where the API is called, without a slash at its end. */
  readonly api: string;
  /** Of the authorization server. */
  readonly origin: string;
  /** Origin of the sample page; absent: there is none. */
  readonly page?: string;
}

export interface PreparedDemo {
  readonly place: DemoPlace;
  /** By which its reader comes in and makes a passkey of their own; null: they have one. */
  readonly link: string | null;
}

/**
 * Clients and people for the flows of `poorter demo`, made once by the admin API of a server that runs, and
 * kept beside its data. Whoever removes `demo.json` gets others.
 */
export async function prepareDemo(
  data: string,
  { page, ...at }: DemoAddresses,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PreparedDemo> {
  const server = AdminClient.find({ data, url: undefined }, environment);
  const known = readDemoPlace(data);
  const made = known === null ? await makeAll(server, at) : { ...known, ...at };
  const place = page === undefined ? made : { ...made, page: await pageAt(page, made, server) };
  writeDemoPlace(data, place);
  const { body: reader } = await server.call('showAccount', { path: { id: place.reader.id } });
  if (reader.credentials.length > 0) return { place, link: null };
  return { place, link: await linkFor(server, reader.id) };
}

/** The page stands where it stood, or is another. */
async function pageAt(
  origin: string,
  { page }: DemoPlace,
  server: AdminClient,
): Promise<NonNullable<DemoPlace['page']>> {
  if (page?.origin === origin) return page;
  const { id } = await makeClient(server, {
    ...{ name: 'Demo page', profile: 'browser', authentication: { method: 'none' } },
    ...{ flows: ['session'], page: origin, scopes: ['accounts'] },
  });
  return { id, origin };
}

async function makeAll(
  server: AdminClient,
  at: { readonly api: string; readonly origin: string },
): Promise<DemoPlace> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: 'demo', alg: 'ES256' };
  const shown = { ...(await exportJWK(publicKey)), kid: 'demo', alg: 'ES256' };
  const scopes = ['accounts'];
  const detailTypes = ['payment_initiation'];
  const application = await makeClient(server, {
    ...{ name: 'Demo application', profile: 'native', authentication: { method: 'none' } },
    ...{ flows: ['redirect', 'device'], redirectUris: ['http://127.0.0.1/callback'] },
    ...{ scopes, detailTypes },
  });
  const phone = await makeClient(server, {
    ...{ name: 'Demo telephone', profile: 'native', authentication: { method: 'none' } },
    ...{
      binding: 'dpop',
      flows: ['embedded'],
      redirectUris: ['http://127.0.0.1/callback'],
      scopes,
    },
  });
  const till = await makeClient(server, {
    ...{ name: 'Demo till', profile: 'browser', authentication: { method: 'secret' } },
    ...{ flows: ['decoupled'], scopes },
  });
  const machine = await makeClient(server, {
    ...{ name: 'Demo export', profile: 'machine', scopes },
    authentication: { method: 'private_key_jwt', jwks: { keys: [shown] } as never },
  });
  const reader = await makePerson(server, 'an@demo.example', 'An (you)');
  const played = await makePerson(server, 'bo@demo.example', 'Bo (played)');
  const silent = new Teller(() => undefined);
  const passkey = await enrolPlayed(at.origin, await linkFor(server, played.id), silent);
  return {
    ...at,
    application: { id: application.id },
    phone: { id: phone.id },
    till,
    machine: { id: machine.id, key },
    reader,
    played: { id: passkey.user, login: played.login, passkey: passkey.jwk, credential: passkey.id },
  };
}

async function makeClient(server: AdminClient, terms: ClientTerms) {
  const { body } = await server.call('createClient', { body: terms });
  return { id: body.client.id, secret: body.secret ?? '' };
}

async function makePerson(server: AdminClient, login: string, name: string) {
  const { body } = await server.call('createAccount', { body: { login, name, language: 'en' } });
  return { id: body.id, login };
}

async function linkFor(server: AdminClient, id: string): Promise<string> {
  const { body } = await server.call('linkAccount', { path: { id }, body: { purpose: 'enrol' } });
  return body.link;
}
