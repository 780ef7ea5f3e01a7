import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Directory } from './world/directory.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { makePage, PageBrowser, startGateWithSessions } from './world/gate-session.fixture.ts';
import { enrolById } from './world/person.fixture.ts';

test('a page may do what the groups of its person say, and no longer than they say it', async (t) => {
  const token = randomBytes(32).toString('base64');
  const upstream = await startRawUpstream(t);
  const gate = await startGateWithSessions(t, upstream.url, {
    files: { 'hr.token': token },
    issuer: {
      // So long that nothing here changes because a gate asked again.
      sessions: { cacheSeconds: 240 },
      directories: [{ name: 'hr', tokens: ['file:./hr.token'], roles: { Keepers: ['keeper'] } }],
    },
  });
  const { issuer } = gate;
  const directory = new Directory(issuer.origin, token);
  const made = await directory.post('/Users', { userName: 'griet@bank.example' });
  const id = String(made.body['id']);
  const passkey = await enrolById(issuer, id);
  const members = [{ value: id }];
  const group = await directory.post('/Groups', { displayName: 'Keepers', members });
  const browser = new PageBrowser(gate, await makePage(gate));
  await browser.signIn({ passkey });
  assert.equal((await browser.fetch('/settings')).status, 200);
  const path = `/Groups/${group.body['id']}`;
  const left = await directory.patch(path, { op: 'remove', path: 'members', value: members });
  assert.equal(left.status, 200);
  assert.equal((await browser.fetch('/settings')).status, 403, 'when the directory is answered');
  assert.equal((await browser.fetch('/accounts')).status, 200, 'they are still signed in');
  const off = { op: 'replace', path: 'active', value: false };
  assert.equal((await directory.patch(`/Users/${id}`, off)).status, 200);
  assert.equal((await browser.fetch('/accounts')).status, 401);
});
