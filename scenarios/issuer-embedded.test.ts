import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  CLAIMED,
  Installation,
  makeInstalled,
  shown,
  type Told,
} from './world/installed-application.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const ends: (() => unknown)[] = [];
let issuer: RunningIssuer;
let client: string;
let person: Person;

before(async () => {
  const t = { after: (end: () => unknown) => void ends.push(end) };
  const upstream = await startRawUpstream(t);
  issuer = await startIssuer(t, upstream.url, {
    issuer: { passwords: true },
    api: { flows: ['redirect', 'embedded'] },
  });
  client = await makeInstalled(issuer);
  person = await enrol(issuer, 'griet@example.test');
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** Somebody says yes on our page, led there by the application. */
async function allow(installation: Installation, told: Told, who: Person) {
  assert.deepEqual([told.status, told.body.error], [403, 'redirect_to_web'], told.text);
  const url = new URL('/auth', issuer.origin);
  url.searchParams.set('client_id', installation.client);
  url.searchParams.set('request_uri', told.body.request_uri ?? '');
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, who));
  assert.equal(`${back.origin}${back.pathname}`, CLAIMED);
  const code = back.searchParams.get('code') ?? '';
  return installation.redeem(code, { redirect_uri: CLAIMED });
}

test('somebody signs in within the application, allows it on our page once, and from then on is sent nowhere', async () => {
  const phone = await Installation.of(issuer, client);
  const first = await phone.begin();
  assert.deepEqual(
    [first.status, first.body.error],
    [403, 'insufficient_authorization'],
    first.text,
  );
  assert.equal(first.headers['cache-control'], 'no-store');
  assert.deepEqual(first.body.factors, ['passkey', 'password']);
  const told = await phone.goOn(first, { passkey: shown(person.passkey, first) });
  const web = await allow(phone, told, person);
  assert.equal(web.status, 200, web.text);

  const given = await phone.signIn(person.passkey);
  assert.deepEqual(
    [given.status, Object.keys(given.body)],
    [200, ['authorization_code']],
    given.text,
  );
  const tokens = await phone.redeem(given.body.authorization_code);
  assert.deepEqual([tokens.status, tokens.body.token_type], [200, 'DPoP'], tokens.text);
  const [one, other] = [web, tokens].map(({ body }) => decodeJwt(body.access_token ?? ''));
  assert.deepEqual(Object.keys(other ?? {}), Object.keys(one ?? {}), 'what gates decide by');
  const same = ({ sub, aud, acr, scope, client_id: client }: Record<string, unknown> = {}) =>
    [sub, aud, acr, scope, client] as const;
  assert.deepEqual(same(other), same(one));
  assert.equal(other?.['acr'], 'phr');
  assert.equal((other?.['cnf'] as { jkt?: string } | undefined)?.jkt, phone.thumbprint);
  assert.deepEqual(
    Object.keys(decodeJwt(tokens.body.id_token ?? '')).toSorted(),
    Object.keys(decodeJwt(web.body.id_token ?? '')).toSorted(),
  );
});
