import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Chromium, skipChromium, startChromium } from './world/chromium.fixture.ts';
import { Directory } from './world/directory.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, startIssuer } from './world/own-issuer.fixture.ts';
import { faultsOf } from './world/page-faults.fixture.ts';

const CALLBACK = 'https://localhost:9/callback';

/** By the Tab key, as somebody who has no mouse. */
async function reach(chromium: Chromium, what: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    if ((await chromium.read(`document.activeElement?.matches(${JSON.stringify(what)})`)) === true)
      return;
    await chromium.press('Tab');
  }
  assert.fail(`no key leads to ${what}`);
}

const shows = (path: string, language: string) =>
  `location.pathname === '${path}' && document.readyState === 'complete' && document.documentElement.lang === '${language}'`;

test('in a real browser: somebody looks after their account, by keyboard, in both themes and four languages', {
  skip: skipChromium,
}, async (t) => {
  const upstream = await startRawUpstream(t);
  const token = randomBytes(32).toString('base64');
  const roles = { Auditors: ['poorter:auditor', 'poorter:security-officer'] };
  const issuer = await startIssuer(t, upstream.url, {
    files: { 'hr.token': token },
    issuer: {
      passwords: true,
      directories: [{ name: 'hr', tokens: ['file:./hr.token'], roles }],
    },
  });
  const directory = new Directory(issuer.origin, token);
  const chromium = await startChromium(t);
  const at = (path: string) => chromium.go(`${issuer.origin}${path}`);
  const press = async (what: string) => {
    await reach(chromium, what);
    await chromium.press('Enter');
  };
  await chromium.show('light', 'nl');
  const name = 'Wolfeschlegelsteinhausenbergerdorff van de Verbindingsweg';
  const said = { userName: 'an@example.test', displayName: name, preferredLanguage: 'nl' };
  const id = String((await directory.post('/Users', said)).body['id']);
  await directory.post('/Groups', { displayName: 'Auditors', members: [{ value: id }] });
  await chromium.go(await issuer.run('accounts', 'link', id));
  await chromium.until(`location.hash === '' && ${shows('/enrol', 'nl')}`);
  await press('button.first');
  await chromium.until(`document.querySelector('[data-done]').innerText.startsWith('Klaar')`);

  await at('/account');
  await chromium.until(shows('/account/sign-in', 'nl'));
  assert.deepEqual(await faultsOf(chromium), []);
  await press('button.first');
  await chromium.until(shows('/account', 'nl'));

  const application = await makeApplication(issuer, CALLBACK);
  await chromium.go((await askFor(application)).url.href);
  await chromium.until(`document.querySelector('button[value=allow]') !== null`);
  await press('button[value=allow]');
  await chromium.until(
    `location.protocol === 'chrome-error:' || location.href.startsWith('${CALLBACK}')`,
  );

  for (const [theme, language] of [
    ['light', 'nl'],
    ['dark', 'fr'],
    ['light', 'de'],
    ['dark', 'en'],
  ] as const) {
    await chromium.show(theme, language);
    for (const page of [
      '',
      '/sessions',
      '/credentials',
      '/grants',
      '/recovery-codes',
      '/passkey',
      '/operator',
    ]) {
      await at(`/account${page}`);
      await chromium.until(shows(`/account${page}`, language));
      assert.deepEqual(await faultsOf(chromium), [], `${page} ${theme} ${language}`);
    }
    await at('/recover');
    await chromium.until(shows('/recover', language));
    assert.deepEqual(await faultsOf(chromium), [], `/recover ${theme} ${language}`);
  }

  // Nothing but a passkey needs a script.
  await chromium.scripts(false);
  await at('/account/grants');
  await chromium.until(shows('/account/grants', 'en'));
  await press('form[action="/account/grants/take-back"] button');
  await chromium.until(
    `document.querySelector('[role=status]')?.innerText.startsWith('Taken back')`,
  );
  assert.deepEqual(await faultsOf(chromium), []);
  await at('/account/recovery-codes');
  await chromium.until(shows('/account/recovery-codes', 'en'));
  await press('button.first');
  await chromium.until(`document.querySelectorAll('.codes code').length === 10`);
  assert.deepEqual(await faultsOf(chromium), []);
  const code = String(await chromium.read(`document.querySelector('.codes code').innerText`));
  await at('/account/operator');
  await chromium.until(shows('/account/operator', 'en'));
  await press('button.first');
  await chromium.until(`document.querySelector('p > code') !== null`);
  assert.deepEqual(await faultsOf(chromium), []);
  await at('/account/sessions');
  await chromium.until(shows('/account/sessions', 'en'));
  await press('form[action="/account/sessions/end-all"] button');
  await chromium.until(shows('/account/sign-in', 'en'));

  await at('/recover');
  await chromium.until(shows('/recover', 'en'));
  await reach(chromium, 'input[name=code]');
  await chromium.type(code);
  await chromium.scripts(true);
  await chromium.press('Enter');
  await chromium.until(`location.hash === '' && ${shows('/enrol', 'en')}`);
  assert.deepEqual(
    chromium.complaints.filter((said) => !said.includes(CALLBACK)),
    [],
  );
});
