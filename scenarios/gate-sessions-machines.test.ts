import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../packages/server/src/platform/database/backends.fixture.ts';
import { codeOf } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  FROM_PAGE,
  makePage,
  PageBrowser,
  SESSION_COOKIE,
  startGateWithSessions,
} from './world/gate-session.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { enrol } from './world/person.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

onEveryBackend('a session is one at every gate', ({ freshPlace }) => {
  test('whoever signs in at one gate calls at another, and whoever signs out there is out everywhere', async (t) => {
    const authority = makeAuthority(t);
    const upstream = await startRawUpstream(t);
    const linkPort = await unusedPort();
    const place = freshPlace();
    const gate = await startGateWithSessions(t, upstream.url, {
      ...(place.kind === 'postgres' && { storage: `${place.url}&schema=${place.schema}` }),
      dataDirectory: './data',
      ...{ files: linkFiles(authority, 'control') },
      link: { address: `127.0.0.1:${linkPort}`, ...LINK_FILES, gateways: ['gw_a'] },
    });
    const control = `localhost:${linkPort}`;
    const away = await startGateway(t, { name: 'gw_a', control, authority });
    const client = await makePage(gate);
    const person = await enrol(gate.issuer, 'griet@example.test');

    const here = new PageBrowser(gate, client);
    const left = await here.decide(person);
    // Whichever gate they come back to: what was begun at one is finished at the other.
    const origin = away.url.replace('127.0.0.1', 'localhost');
    const there = new PageBrowser({ ...gate, origin }, client);
    for (const [name, value] of here.cookies) there.cookies.set(name, value);
    assert.equal((await there.comeBack(left)).status, 303);
    here.cookies.set(SESSION_COOKIE, there.session);
    for (const browser of [there, here]) {
      assert.equal((await browser.ask('/accounts', { headers: FROM_PAGE })).status, 200);
    }
    const out = await there.ask(there.at('sign-out'), { method: 'POST', headers: FROM_PAGE });
    assert.equal(out.status, 200, out.text);
    assert.equal(codeOf(await here.ask('/accounts', { headers: FROM_PAGE })), 'session_invalid');
  });
});
