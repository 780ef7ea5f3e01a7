import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { Agent, request } from 'undici';
import { onEveryBackend } from '../packages/server/src/platform/database/backends.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Application,
  askFor,
  makeApplication,
  makeMachine,
  type RunningIssuer,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { SoftPasskey } from './world/soft-passkey.fixture.ts';

/** A hundred by hand: POORTER_RACE_ROUNDS=100. */
const ROUNDS = Number(process.env['POORTER_RACE_ROUNDS'] ?? 2);
const AT_ONCE = 100;
const CALLBACK = 'https://budget.test/callback';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CIBA = 'urn:openid:params:grant-type:ciba';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
};
const ORDER = { amount: 12.5, currency: 'EUR', to: { iban: 'BE71096123456769' } };

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly location: string;
}

/** Whoever tries: from an address of their own, since a hundred wrong tries are all that one address has. */
let tries = 0;
const agent = new Agent({ connections: AT_ONCE, pipelining: 1 });

async function ask(url: string, headers: Record<string, string>, body?: string): Promise<Asked> {
  tries += 1;
  const address = `10.${(tries >> 16) & 255}.${(tries >> 8) & 255}.${tries & 255}`;
  const answer = await request(url, {
    ...{ method: body === undefined ? 'GET' : 'POST', dispatcher: agent },
    ...(body !== undefined && { body }),
    headers: { ...headers, 'x-forwarded-for': address },
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, location: String(answer.headers.location ?? '') };
}

const formOf = (fields: Record<string, string>) => String(new URLSearchParams(fields));

/** What became of a try: WON, or what was said. */
type Outcome = string;
const WON = 'won';

const outcomeOf = ({ status, text }: Asked): Outcome =>
  status === 200 ? WON : `${status} ${/"(?:error|code)":"([a-z_]+)"/.exec(text)?.[1] ?? ''}`;

/** A hundred at once, as often as there are rounds: one of them succeeds. */
async function race(prepare: () => Promise<(index: number) => Promise<Outcome>>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const attempt = await prepare();
    const outcomes = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => attempt(index)),
    );
    const counts = Object.entries(Object.groupBy(outcomes, (one) => one)).map(
      ([outcome, all = []]) => `${all.length} × ${outcome}`,
    );
    const won = outcomes.filter((one) => one === WON).length;
    assert.equal(won, 1, `round ${round}: ${counts.join(', ')}`);
  }
}

onEveryBackend('what is good once is good once, of a hundred at once', ({ freshPlace }) => {
  let issuer: RunningIssuer;
  let person: Person;
  let application: Application;
  let basic: Record<string, string>;
  const ends: (() => unknown)[] = [];
  test.after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  before(async () => {
    const lifetime = { after: (end: () => unknown) => void ends.push(end) };
    const upstream = await startRawUpstream(lifetime);
    const place = freshPlace();
    const storage =
      place.kind === 'postgres' ? { storage: `${place.url}&schema=${place.schema}` } : {};
    const trust = { proxies: ['127.0.0.1'] };
    issuer = await startIssuer(lifetime, upstream.url, {
      ...storage,
      trust,
      dataDirectory: './data',
    });
    person = await enrol(issuer, 'griet@example.test');
    const more = ['--flows', 'redirect,decoupled', '--detail-types', 'payment_initiation'];
    application = await makeApplication(issuer, CALLBACK, ...more);
    const { client_id: id, client_secret: secret } = application.configuration.clientMetadata();
    const shown = Buffer.from(`${id}:${String(secret)}`).toString('base64');
    basic = { ...FORM, authorization: `Basic ${shown}` };
  });

  const token = async (fields: Record<string, string>, headers = basic) =>
    outcomeOf(await ask(`${issuer.origin}/token`, headers, formOf(fields)));

  test('a code', async () => {
    const browser = new SoftBrowser(issuer.origin);
    await race(async () => {
      const asked = await askFor(application);
      const back = new URL(await goThrough(browser, asked.url, person));
      const code = back.searchParams.get('code') ?? '';
      const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
      return () => token({ ...fields, code_verifier: asked.verifier });
    });
  });

  test('a pushed request', async () => {
    const browser = new SoftBrowser(issuer.origin);
    await goThrough(browser, (await askFor(application)).url, person);
    await race(async () => {
      const { searchParams } = (await askFor(application)).url;
      const pushed = await ask(`${issuer.origin}/request`, basic, String(searchParams));
      const { request_uri: uri } = JSON.parse(pushed.text) as { request_uri: string };
      const query = formOf({ client_id: searchParams.get('client_id') ?? '', request_uri: uri });
      return async () => {
        const { location } = await ask(`${issuer.origin}/auth?${query}`, {
          cookie: browser.cookie,
        });
        return /[?&]code=/.test(location) ? WON : (/error=([a-z_]+)/.exec(location)?.[1] ?? 'page');
      };
    });
  });

  test('an assertion', async () => {
    const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
    const machine = await makeMachine(issuer, 'accounts.read', ...free);
    await race(async () => {
      const assertion = await assertionOf(issuer, machine);
      return () => token(machineForm(machine.id, assertion), FORM);
    });
  });

  test('a proof of possession', async () => {
    const machine = await makeMachine(issuer, 'accounts.read');
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    await race(async () => {
      const proof = await new SignJWT({ htm: 'POST', htu: `${issuer.origin}/token` })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .sign(privateKey);
      const assertions = await Promise.all(
        Array.from({ length: AT_ONCE }, () => assertionOf(issuer, machine)),
      );
      return (index) =>
        token(machineForm(machine.id, assertions[index] ?? ''), { ...FORM, dpop: proof });
    });
  });

  test('a refresh token of an application that keeps no secret', async () => {
    const made = ['clients', 'create', '--name', 'Zakboek', '--profile', 'native'];
    const id = await issuer.run(
      ...[...made, '--redirect-uri', 'http://127.0.0.1/callback', '--scopes', 'accounts.read'],
    );
    const configuration = await oidc.discovery(new URL(issuer.origin), id, {}, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    });
    const installed = { configuration, callback: 'http://127.0.0.1:7777/callback' };
    const browser = new SoftBrowser(issuer.origin);
    await race(async () => {
      const wish = { scope: 'openid offline_access accounts.read', prompt: 'consent' };
      const asked = await askFor(installed, wish);
      const back = await goThrough(browser, asked.url, person);
      const { refresh_token: refresh = '' } = await redeem(installed, asked, back);
      return () =>
        token({ grant_type: 'refresh_token', refresh_token: refresh, client_id: id }, FORM);
    });
  });

  test('a request that somebody decided elsewhere', async () => {
    const browser = new SoftBrowser(issuer.origin);
    await signIn(browser, person.passkey, 'decision');
    await race(async () => {
      const wish = formOf({ scope: 'openid accounts.read', login_hint: person.login });
      const asked = await ask(`${issuer.origin}/backchannel`, basic, wish);
      const { auth_req_id: id } = JSON.parse(asked.text) as { auth_req_id: string };
      const begun = await browser.postJson('/account/decision/begin', {});
      const credential = person.passkey.get(JSON.parse(begun.text));
      const done = await browser.postJson('/account/decision/finish', { credential });
      assert.equal(done.status, 200, done.text);
      return () => token({ grant_type: CIBA, auth_req_id: id });
    });
  });

  test('a decision of somebody', async () => {
    const browser = new SoftBrowser(issuer.origin);
    await signIn(browser, person.passkey, 'decision');
    await race(async () => {
      const wish = formOf({ scope: 'openid accounts.read', login_hint: person.login });
      await ask(`${issuer.origin}/backchannel`, basic, wish);
      const begun = await Promise.all(
        Array.from({ length: AT_ONCE }, () => browser.postJson('/account/decision/begin', {})),
      );
      const headers = { 'content-type': 'application/json', origin: issuer.origin };
      return async (index) => {
        const credential = person.passkey.get(JSON.parse(begun[index]?.text ?? '{}'));
        const shown = { ...headers, cookie: browser.cookie };
        const body = JSON.stringify({ credential });
        return outcomeOf(await ask(`${issuer.origin}/account/decision/finish`, shown, body));
      };
    });
  });

  test('the code of a device', async () => {
    const made = ['clients', 'create', '--name', 'Kijkdoos', '--profile', 'native'];
    const id = await issuer.run(...made, '--flows', 'device', '--scopes', 'accounts.read');
    const browser = new SoftBrowser(issuer.origin);
    const secretIn = (text: string) => /name="xsrf" value="([0-9a-f]+)"/.exec(text)?.[1] ?? '';
    await race(async () => {
      const wish = formOf({ client_id: id, scope: 'openid accounts.read' });
      const asked = JSON.parse((await ask(`${issuer.origin}/device/auth`, FORM, wish)).text);
      const form = await browser.get('/device');
      const typed = { xsrf: secretIn(form.text), user_code: asked.user_code };
      const shown = await browser.postForm('/device', typed);
      const yes = { ...typed, xsrf: secretIn(shown.text), confirm: 'yes' };
      const { location } = await browser.postForm('/device', yes);
      await goThrough(browser, new URL(String(location), issuer.origin), person);
      const fields = { grant_type: DEVICE, device_code: asked.device_code, client_id: id };
      return () => token(fields, FORM);
    });
  });

  test('a link by which somebody comes in', async () => {
    const headers = { 'content-type': 'application/json', origin: issuer.origin };
    let made = 0;
    await race(async () => {
      made += 1;
      const profile = ['--login', `p${made}@example.test`, '--name', 'Piet'];
      const id = await issuer.run('accounts', 'create', ...profile);
      const link = new URL(await issuer.run('accounts', 'link', id)).hash.slice(1);
      const begun = await Promise.all(
        Array.from({ length: AT_ONCE }, () =>
          ask(`${issuer.origin}/enrol/begin`, headers, JSON.stringify({ link })),
        ),
      );
      return async (index) => {
        const credential = new SoftPasskey(issuer.origin).create(
          JSON.parse(begun[index]?.text ?? ''),
        );
        const body = JSON.stringify({ link, credential });
        return outcomeOf(await ask(`${issuer.origin}/enrol/finish`, headers, body));
      };
    });
  });

  test('what somebody approved', async () => {
    const browser = new SoftBrowser(issuer.origin);
    await race(async () => {
      const details = { authorization_details: JSON.stringify([PAYMENT]) };
      const asked = await askFor(application, details);
      const back = await goThrough(browser, asked.url, person);
      const { access_token: shown } = await redeem(application, asked, back);
      const headers = { authorization: `Bearer ${shown}`, 'content-type': 'application/json' };
      return async () =>
        outcomeOf(await ask(`${issuer.poorter.url}/payments`, headers, JSON.stringify(ORDER)));
    });
  });
});

function machineForm(id: string, assertion: string): Record<string, string> {
  return {
    ...{ grant_type: 'client_credentials', scope: 'accounts.read', client_id: id },
    ...{ client_assertion_type: ASSERTION, client_assertion: assertion },
  };
}

function assertionOf({ origin }: RunningIssuer, { id, key }: { id: string; key: CryptoKey }) {
  return new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(origin)
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(key);
}
