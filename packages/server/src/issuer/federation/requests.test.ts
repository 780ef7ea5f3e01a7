import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { migrate, openDatabase } from '../../platform/database/index.ts';
import { type Lifetime, openGround } from '../../state/ground.fixture.ts';
import { ArtefactStore, type ArtefactTables, issuerMigrations } from '../artefacts/index.ts';
import type { PageCall } from '../pages/page-call.ts';
import { type FederationRequest, FederationRequests } from './requests.ts';

const REQUEST: FederationRequest = {
  ...{ provider: 'bank', issuer: 'https://login.bank.example', nonce: 'n', verifier: 'v' },
  ...{ purpose: { kind: 'account', place: 'account' }, notBefore: null, language: 'nl' },
};

/** A browser that keeps what it is sent. */
function browser(cookie = '') {
  const kept = { cookie, rules: '' };
  const ask = () => {
    const request = new IncomingMessage(new Socket());
    if (kept.cookie !== '') request.headers.cookie = kept.cookie;
    const response = new ServerResponse(request);
    const asked = { request, response } as unknown as PageCall;
    const keep = () => {
      const [pair = '', ...rules] = String(response.getHeader('set-cookie')).split('; ');
      Object.assign(kept, { cookie: pair, rules: rules.join('; ') });
    };
    return { asked, keep };
  };
  return { kept, ask };
}

onEveryBackend('requests at other providers', ({ freshPlace }) => {
  const open = async (t: Lifetime, isSecure = true) => {
    const { ring, clock } = await openGround<object>(t, freshPlace());
    const place = freshPlace();
    const all: FederationRequests[] = [];
    for (let opened = 0; opened < 2; opened += 1) {
      const database = await openDatabase<ArtefactTables>(place);
      t.after(() => database.close());
      await migrate(database, issuerMigrations(), Date.now);
      const artefacts = new ArtefactStore(database, ring, () => clock.now);
      const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
      const now = () => clock.now;
      all.push(new FederationRequests({ ...{ artefacts, random, now, isSecure } }));
    }
    return { all: all as [FederationRequests, FederationRequests], clock };
  };
  const begun = async (requests: FederationRequests, by = browser()) => {
    const { asked, keep } = by.ask();
    const state = requests.draw();
    await requests.keep(asked, state, REQUEST);
    keep();
    return { state, by };
  };

  test('of a hundred who come back at once over two connections one is let in, in every round', async (t) => {
    const { all } = await open(t);
    for (let round = 0; round < 10; round += 1) {
      const { state, by } = await begun(all[0]);
      const tries = Array.from({ length: 100 }, (_, at) =>
        (at % 2 === 0 ? all[0] : all[1]).take(by.ask().asked, state),
      );
      const won = (await Promise.all(tries)).filter((one) => one !== null);
      assert.deepEqual(won, [REQUEST]);
    }
  });

  test('it is over after five minutes, and another browser uses up nothing', async (t) => {
    const { all, clock } = await open(t);
    const [requests] = all;
    const { state, by } = await begun(requests);
    const stranger = await begun(requests);
    assert.equal(await requests.take(stranger.by.ask().asked, state), null);
    assert.equal(await requests.take(browser().ask().asked, state), null);
    clock.now += 299_999;
    assert.notEqual(await requests.take(by.ask().asked, state), null);
    const late = await begun(requests);
    clock.now += 300_000;
    assert.equal(await requests.take(late.by.ask().asked, late.state), null);
  });

  test('its cookie is of this host alone, over TLS, and read by no script; what is not ours is not taken for it', async (t) => {
    const { all } = await open(t);
    const [requests] = all;
    const { by } = await begun(requests);
    assert.match(by.kept.cookie, /^__Host-poorter-federation=[\w-]{43}$/);
    assert.equal(by.kept.rules, 'Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure');
    for (const cookie of [
      'poorter-federation=x',
      '__Host-poorter-federation=',
      `__Host-poorter-federation=${'a'.repeat(44)}`,
      `x__Host-poorter-federation=${'a'.repeat(43)}`,
    ]) {
      const planted = browser(cookie);
      await begun(requests, planted);
      assert.match(planted.kept.cookie, /^__Host-poorter-federation=[\w-]{43}$/);
      assert.ok(!planted.kept.cookie.includes('aaaa'), cookie);
    }
    const here = (await open(t, false)).all[0];
    const plain = await begun(here);
    assert.match(plain.by.kept.cookie, /^poorter-federation=/);
    assert.doesNotMatch(plain.by.kept.rules, /Secure/);
  });
});
