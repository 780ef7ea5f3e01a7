import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { codeOf } from './world/calls.fixture.ts';
import { makePage, PageBrowser, startGateWithSessions } from './world/gate-session.fixture.ts';
import { enrol } from './world/person.fixture.ts';
import { startService } from './world/service.fixture.ts';

const described = (path: string, scope: string, more: object = {}) =>
  stringify({
    openapi: '3.1.0',
    info: { title: path, version: '1' },
    paths: {
      [path]: {
        get: {
          security: [{ oauth: [scope] }, more],
          responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
        },
      },
    },
    components: {
      securitySchemes: {
        oauth: {
          type: 'oauth2',
          flows: {
            clientCredentials: { tokenUrl: 'https://login.test/token', scopes: { [scope]: scope } },
          },
        },
        theirs: { type: 'apiKey', in: 'cookie', name: 'theirs' },
      },
    },
  });

const service = await startService({ after });
const upstream = service.url;
const gate = await startGateWithSessions({ after }, upstream, {
  apis: [
    { name: 'accounts', spec: './api.yaml', upstream, flows: ['redirect', 'session'] },
    { name: 'cards', spec: './cards.yaml', upstream, flows: ['session'] },
    { name: 'open', spec: './open.yaml', upstream, flows: ['redirect'] },
  ],
  files: {
    'cards.yaml': described('/cards', 'cards.read', { theirs: [] }),
    'open.yaml': described('/open', 'open.read', {}),
  },
});
const person = await enrol(gate.issuer, 'griet@example.test');

async function signedIn(scopes: string): Promise<PageBrowser> {
  const browser = new PageBrowser(gate, await makePage(gate, '--scopes', scopes));
  await browser.signIn(person);
  return browser;
}

test('a session is for the APIs that its client may call, each by its own scopes', async () => {
  const both = await signedIn('accounts.read,cards.read');
  assert.equal((await both.fetch('/accounts')).status, 200);
  assert.equal((await both.fetch('/cards')).status, 200);
  const one = await signedIn('cards.read');
  assert.equal((await one.fetch('/cards')).status, 200);
  assert.equal(codeOf(await one.fetch('/accounts')), 'session_invalid');
});

test('an API that offers no sessions takes none, and its service sees the cookie as little as any other', async () => {
  const browser = await signedIn('accounts.read,open.read');
  const headers = { cookie: `${browser.cookie}; more=1` };
  assert.equal((await browser.fetch('/open', { headers })).status, 200, 'anonymously');
  assert.equal(service.last().headers.cookie, 'more=1');
  const [record] = await gate.issuer.poorter.awaitRecords(
    ...([1, ({ api }: Record<string, unknown>) => api === 'open'] as const),
  );
  assert.equal(record?.['principal'], null);
});

test('a key in a cookie that the description names is still asked for by its name', async () => {
  const browser = await signedIn('accounts.read');
  const key = await gate.issuer.poorter.createKey('theirs');
  const headers = { cookie: `${browser.cookie}; theirs=${key}` };
  assert.equal((await browser.fetch('/cards', { headers })).status, 200);
  assert.equal(service.last().headers.cookie, undefined, 'neither reaches the service');
});
