import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { makeAuthority } from './world/certificates.fixture.ts';
import { Directory } from './world/directory.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const TOKEN = randomBytes(32).toString('base64');

test('a gate that is silent keeps nobody signed in, and whoever takes a token back is told that it is not done', async (t) => {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const issuer = await startIssuer(t, upstream.url, {
    files: { ...linkFiles(authority, 'control'), 'directory.token': TOKEN },
    issuer: {
      directories: [
        { name: 'entra', tokens: ['file:./directory.token'], roles: { Keepers: ['keeper'] } },
      ],
    },
    link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a'] },
    // Longer than anybody here waits for it.
    gateway: { threads: 1, staleAfterMs: 60_000 },
  });
  const person = await enrol(issuer, 'griet@example.test');
  const application = await makeApplication(issuer, CALLBACK);
  const browser = new SoftBrowser(issuer.origin);
  const asked = await askFor(application);
  const back = await goThrough(browser, asked.url, person);
  const tokens = await redeem(application, asked, back);

  const directory = new Directory(issuer.origin, TOKEN);
  const made = await directory.post('/Users', { userName: 'dora@bank.example' });
  const dora = String(made.body['id']);
  const other = await directory.post('/Users', { userName: 'emil@bank.example' });
  const emil = String(other.body['id']);
  const members = [{ value: dora }];
  const group = await directory.post('/Groups', { displayName: 'Keepers', members });
  const keepers = String(group.body['id']);

  const away = await startGateway(t, { name: 'gw_a', control: `localhost:${port}`, authority });
  away.process.kill('SIGSTOP');
  t.after(() => away.process.kill('SIGCONT'));

  const takesBack = () =>
    assert.rejects(
      oidc.tokenRevocation(application.configuration, tokens.access_token),
      ({ cause }) => {
        const { status, headers } = cause as Response;
        assert.deepEqual([status, headers.get('retry-after')], [503, '5']);
        return true;
      },
    );
  const comesSecond = () =>
    assert.rejects(
      redeem(application, asked, back),
      ({ error }) => error === 'invalid_grant',
      'a code, the second time',
    );
  const signsOut = async () => {
    const { text } = await browser.get('/session/end');
    const [, secret = ''] = /name="xsrf" value="([0-9a-f]+)"/.exec(text) ?? [];
    const out = await browser.postForm('/session/end/confirm', { xsrf: secret, logout: 'yes' });
    assert.equal(out.location, `${issuer.origin}/session/end/success`);
  };
  const suspend = () =>
    directory.patch(`/Users/${dora}`, { op: 'replace', path: 'active', value: false });
  const suspends = async () => {
    const { status, headers, body } = await suspend();
    assert.deepEqual([status, headers['retry-after']], [503, '5'], JSON.stringify(body));
  };
  // What was asked before and had no answer is no more done than it was.
  const leaves = async () => {
    for (const _ of [1, 2]) {
      const left = await directory.patch(`/Groups/${keepers}`, { op: 'remove', path: 'members' });
      assert.equal(left.status, 503);
    }
  };
  const goes = async () => {
    for (const _ of [1, 2]) assert.equal((await directory.delete(`/Users/${emil}`)).status, 503);
  };
  await takesBack();
  await Promise.all([takesBack(), comesSecond(), signsOut(), suspends(), leaves(), goes()]);
  const kept = await directory.get(`/Users/${dora}`);
  assert.equal(kept.body['active'], false, 'it is kept');
  const silent = await askFor(application, { prompt: 'none' });
  const { location } = await browser.get(`${silent.url.pathname}${silent.url.search}`);
  assert.match(String(location), /error=login_required/);
  away.process.kill('SIGCONT');
  await oidc.tokenRevocation(application.configuration, tokens.access_token);
  assert.equal((await suspend()).status, 200, 'and done when it is asked once more');
  await issuer.poorter.awaitNotice('issuer_not_everywhere');
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
});
