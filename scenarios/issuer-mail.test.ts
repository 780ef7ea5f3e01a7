import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readMail,
  startMailServer,
} from '../packages/server/src/issuer/mail/mail-server.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

test('people are told by mail, in their language, what happened to their account, and by whom they were signed out', async (t) => {
  const upstream = await startRawUpstream(t);
  const server = await startMailServer(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) =>
      password === 'kept in the environment'
        ? done(null, { user: username })
        : done(new Error('no')),
  });
  process.env['MAIL_PASSWORD'] = 'kept in the environment';
  const mail = {
    ...{ server: `smtp://127.0.0.1:${server.port}`, from: 'no-reply@bank.example' },
    ...{ user: 'poorter', password: 'env:MAIL_PASSWORD' },
  };
  const issuer = await startIssuer(t, upstream.url, { issuer: { mail } });
  const profile = ['--email', 'griet@example.test', '--language', 'de'];
  const person = await enrol(issuer, 'griet@example.test', ...profile);
  const silent = await enrol(issuer, 'jan@example.test');
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, person.passkey);
  const made = await browser.postForm('/account/recovery-codes', {});
  const [, code = ''] = /<code>([^<]+)<\/code>/.exec(made.text) ?? [];
  const used = await new SoftBrowser(issuer.origin).postForm('/recover', { code });
  assert.equal(used.status, 303);
  await issuer.run('accounts', 'sign-out', silent.id);
  await issuer.run('accounts', 'sign-out', person.id);

  const received = await server.until(4);
  const texts = received.map((one) => readMail(one).text);
  for (const [number, said] of [
    /wurde Ihrem Konto ein Passkey hinzugefügt/,
    /wurden neue Wiederherstellungscodes für Ihr Konto gemacht/,
    /wurde ein Wiederherstellungscode Ihres Kontos benutzt/,
    /hat der Betreiber dieses Dienstes Sie überall abgemeldet/,
  ].entries()) {
    assert.equal(texts.filter((text) => said.test(text)).length, 1, `${number}`);
  }
  const link = String(used.location).split('#')[1] ?? '';
  for (const { raw, to, user } of received) {
    assert.deepEqual([to, user], [['griet@example.test'], 'poorter']);
    assert.ok(!raw.includes(code) && !raw.includes(link), 'nothing that opens');
  }
  assert.deepEqual(issuer.poorter.notices('mail_away'), []);
  assert.doesNotMatch(issuer.poorter.output(), /kept in the environment/);
});
