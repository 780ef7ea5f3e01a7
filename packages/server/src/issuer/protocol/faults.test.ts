import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { catchFaults } from './faults.ts';
import { Provider } from './library.ts';

const origin = 'http://localhost:1';
const provider = new Provider(origin);
const emitted: string[] = [];
const records: unknown[] = [];
provider.on('server_error', (_: unknown, { message }: Error) => void emitted.push(message));
catchFaults(provider, { snapshot: { origin }, told: (_, told) => void records.push(told) });
provider.use((ctx) => {
  ctx.set('location', '/elsewhere');
  ctx.set('poorter-call', 'call-1');
  if (ctx.path === '/loops') {
    const loop: { self?: object } = {};
    loop.self = loop;
    ctx.body = loop;
    return undefined;
  }
  throw new TypeError('the innermost thing');
});
const server = createServer((...call) => void provider.callback()(...call));
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const { port } = server.address() as AddressInfo;
const ask = async (path: string, headers: Record<string, string>) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
  return { answer, text: await answer.text() };
};

test('what the library throws is told to whoever asked without a word of it, and noted once', async (t) => {
  const traces = t.mock.method(console, 'error', () => undefined);
  for (const [language, title] of [
    ['en', 'This cannot go on'],
    ['nl', 'Dit kan niet verder'],
    ['fr', 'Impossible de continuer'],
    ['de', 'So geht es nicht weiter'],
  ] as const) {
    const page = await ask('/device', { accept: 'text/html', 'accept-language': language });
    assert.equal(page.answer.status, 500);
    assert.match(page.text, new RegExp(`<h1>${title}</h1>`));
    assert.ok(page.text.includes('call-1'));
    assert.doesNotMatch(page.text, /innermost|TypeError|faults\.test/);
    assert.equal(page.answer.headers.get('location'), null);
    assert.match(String(page.answer.headers.get('content-security-policy')), /default-src 'none'/);
  }
  const { answer, text } = await ask('/token', { accept: 'application/json' });
  assert.deepEqual([answer.status, text], [500, '{"error":"server_error"}']);
  assert.deepEqual(emitted.splice(0), Array(5).fill('the innermost thing'));
  const record = { client: null, subject: null, error: 'server_error' };
  assert.deepEqual(records.splice(0), Array(5).fill(record));
  assert.equal(traces.mock.callCount(), 0);
});

test('an answer that cannot be written leaves no trace in the output', async (t) => {
  const traces = t.mock.method(console, 'error', () => undefined);
  const { answer, text } = await ask('/loops', {});
  assert.deepEqual([answer.status, text], [500, 'Internal Server Error']);
  assert.equal(emitted.length, 1);
  assert.equal(traces.mock.callCount(), 0);
});
