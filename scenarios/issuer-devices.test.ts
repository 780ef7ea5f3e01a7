import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goOn } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';

const secretIn = (text: string) => /name="xsrf" value="([0-9a-f]+)"/.exec(text)?.[1] ?? '';

/** An application on a television: it keeps no secret, and nobody is sent back to it. */
/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

async function start() {
  const made = ['clients', 'create', '--name', 'Kijkdoos', '--profile', 'native'];
  const id = await issuer.run(...made, '--flows', 'device', '--scopes', 'accounts.read');
  const configuration = await oidc.discovery(new URL(issuer.origin), id, {}, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
  const person = await enrol(issuer, 'griet@example.test');
  const ask = () =>
    oidc.initiateDeviceAuthorization(configuration, { scope: 'openid accounts.read' });
  return { issuer, id, person, configuration, ask };
}

/** One question for the token, as it is answered. */
async function poll(
  { origin }: RunningIssuer,
  client: string,
  code: string,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await call(`${origin}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(
      new URLSearchParams({
        ...{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: client },
        device_code: code,
      }),
    ),
  });
  return { status: answer.status, ...(JSON.parse(answer.text) as Record<string, string>) };
}

test('somebody types the code of their device elsewhere, signs in, says yes, and the device calls for them', async () => {
  const { issuer, id, person, configuration, ask } = await start();
  const asked = await ask();
  assert.match(asked.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(asked.verification_uri, `${issuer.origin}/device`);
  assert.equal(asked.interval, 5);
  const early = await poll(issuer, id, asked.device_code);
  assert.deepEqual([early.status, early['error']], [400, 'authorization_pending']);
  const again = await poll(issuer, id, asked.device_code);
  assert.deepEqual([again.status, again['error']], [400, 'slow_down']);

  const browser = new SoftBrowser(issuer.origin);
  const link = new URL(String(asked.verification_uri_complete));
  const filled = await browser.get(`${link.pathname}${link.search}`);
  assert.equal(filled.status, 200);
  assert.doesNotMatch(filled.text, /<script/, 'a link sends nothing by itself');
  assert.ok(filled.text.includes(`value="${asked.user_code}"`));
  const typed = { xsrf: secretIn(filled.text), user_code: asked.user_code.toLowerCase() };
  const shown = await browser.postForm('/device', typed);
  assert.match(shown.text, /Connect Kijkdoos\?/);
  const yes = { xsrf: secretIn(shown.text), user_code: asked.user_code, confirm: 'yes' };
  const { location } = await browser.postForm('/device', yes);
  const { at } = await browser.follow(String(location));
  const done = await goOn(browser, at, person);
  assert.equal(new URL(done).pathname.split('/')[1], 'device');
  assert.match(browser.shown, /Your device is connected/);
  const tokens = await oidc.pollDeviceAuthorizationGrant(configuration, asked);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 200);
  const claims = decodeJwt(tokens.access_token);
  assert.deepEqual([claims['acr'], claims.sub], ['phr', tokens.claims()?.sub]);
  assert.ok(!JSON.stringify(claims).includes(person.id));
  const used = await poll(issuer, id, asked.device_code);
  assert.equal(used['error'], 'invalid_grant');
  // A code that was used twice ends what came of it.
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 401);
});

test('a form or a link of another browser is an error on a page, in the language of whoever sees it', async () => {
  for (const [language, said] of [
    ['en', 'This page has waited too long'],
    ['nl', 'Deze pagina heeft te lang gewacht'],
    ['fr', 'Cette page a attendu trop longtemps'],
    ['de', 'Diese Seite hat zu lange gewartet'],
  ] as const) {
    const headers = {
      ...{ accept: '*/*', 'accept-language': language },
      'content-type': 'application/x-www-form-urlencoded',
    };
    for (const [path, body] of [
      ['/device', 'a=b'],
      ['/device', 'xsrf=aa&user_code=BBBB-BBBB&confirm=yes'],
      ['/device/unknown', undefined],
    ] as const) {
      const asked = body === undefined ? { headers } : { method: 'POST', headers, body };
      const answer = await call(`${issuer.origin}${path}`, asked);
      assert.equal(answer.status, 400, `${path} ${answer.text}`);
      assert.ok(answer.text.includes(said), answer.text);
      assert.ok(answer.text.includes(`lang="${language}"`));
    }
  }
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
  assert.doesNotMatch(issuer.poorter.output(), /^ +at /m);
});

test('whoever is sent the code of a stranger can refuse it; a code that nobody shows is guessed in vain', async () => {
  const { issuer, id, ask } = await start();
  const asked = await ask();
  const browser = new SoftBrowser(issuer.origin);
  const page = await browser.get('/device');
  const wrong = await browser.postForm('/device', {
    ...{ xsrf: secretIn(page.text), user_code: '"><script>alert(1)</script>' },
  });
  assert.equal(wrong.status, 200);
  assert.match(wrong.text, /No device waits with this code/);
  assert.doesNotMatch(wrong.text, /<script/);
  const forged = await browser.postForm('/device', { xsrf: 'aa', user_code: asked.user_code });
  assert.equal(forged.status, 400);
  assert.match(forged.text, /Send the code once more/);
  assert.match(forged.text, /name="xsrf"/);
  const again = secretIn((await browser.get('/device')).text);
  const shown = await browser.postForm('/device', { xsrf: again, user_code: asked.user_code });
  const refused = await browser.postForm('/device', {
    ...{ xsrf: secretIn(shown.text), user_code: asked.user_code, abort: 'yes' },
  });
  assert.match(refused.text, /The device was refused/);
  const told = await poll(issuer, id, asked.device_code);
  assert.equal(told['error'], 'access_denied');
  await eventually('the wrong code is in the log', async () =>
    (await issuer.run('log', 'search', '--code', 'user_code_wrong')).includes('typeDeviceCode'),
  );

  // Of 25 thousand million codes a hundred are tried, and nothing more is asked of this address for a while. The
  // budget refills meanwhile, so that they come faster than that.
  const guess = async () => {
    const guesser = new SoftBrowser(issuer.origin);
    let { text } = await guesser.get('/device');
    for (let round = 0; round < 200 && text.includes('xsrf'); round += 1) {
      const typed = { xsrf: secretIn(text), user_code: 'BBBB-BBBB' };
      ({ text } = await guesser.postForm('/device', typed));
    }
    return text;
  };
  for (const text of await Promise.all(Array.from({ length: 10 }, guess))) {
    assert.match(text, /too_many_failures/);
  }
});
