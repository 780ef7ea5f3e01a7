import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call, codeOf, sendRaw } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** Which host and scheme were asked for: in the target, in Host, or told by a proxy. */

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  security: [],
  paths: { '/things': { get: { responses: ok }, options: { responses: ok } } },
};

const service = await startService({ after });
const start = (proxies: string[]) =>
  startPoorter(
    { after },
    {
      description,
      upstream: service.url,
      threads: 1,
      configuration: {
        trust: { proxies },
        limits: { failures: 'off' },
        api: {
          hosts: ['a.test', 'b.test.'],
          upstream: { targets: [service.url], preserveHost: true },
        },
      },
    },
  );
const plain = await start([]);
const behind = await start(['127.0.0.1/32', '::1/128']);

async function ask(
  target: string,
  fields: string[],
  { version = '1.1', method = 'GET', port = plain.port } = {},
): Promise<{ status: number; head: string }> {
  const head = [`${method} ${target} HTTP/${version}`, ...fields, 'Connection: close', '', ''];
  const text = await sendRaw(port, head.join('\r\n'), 5_000);
  return { status: Number(text.split(' ')[1] ?? 0), head: text };
}

test('a target in absolute form is served where its authority is the Host, and goes on in origin form', async () => {
  for (const [target, host] of [
    ['http://a.test/things', 'a.test'],
    ['http://A.Test:80/things?', 'a.test'],
    ['HTTP://a.test./things', 'a.test'],
    ['http://b.test/things', 'b.test:80'],
  ] as const) {
    const before = service.seen.length;
    assert.equal((await ask(target, [`Host: ${host}`])).status, 200, target);
    assert.equal(service.seen.length, before + 1);
    assert.equal(service.last().target, '/things');
  }
  const old = await ask('http://a.test/things', [], { version: '1.0' });
  assert.equal(old.status, 200);
  assert.equal(service.last().headers['x-forwarded-host'], 'a.test');
});

test('a target in absolute form is decided as its path, not as its text', async () => {
  assert.equal((await ask('http://a.test/nothing', ['Host: a.test'])).status, 404);
  assert.equal((await ask('http://a.test', ['Host: a.test'])).status, 404);
  assert.equal((await ask('http://a.test/x/../things', ['Host: a.test'])).status, 200);
  assert.equal((await ask('http://a.test/..', ['Host: a.test'])).status, 400);
});

test('an authority that Host contradicts, user information, or another scheme is refused', async () => {
  const before = service.seen.length;
  for (const [target, host] of [
    ['http://b.test/things', 'a.test'],
    ['http://a.test:8080/things', 'a.test'],
    ['http://u@a.test/things', 'a.test'],
    ['http://u:p@a.test/things', 'u:p@a.test'],
    ['http://a.test@b.test/things', 'a.test'],
    ['https://a.test/things', 'a.test'],
    ['ftp://a.test/things', 'a.test'],
    ['ws://a.test/things', 'a.test'],
    ['http:///things', 'a.test'],
    ['http:things', 'a.test'],
    ['http://a.test%2f@b.test/things', 'a.test'],
    ['http://a.test\\things', 'a.test'],
  ] as const) {
    assert.equal((await ask(target, [`Host: ${host}`])).status, 400, target);
  }
  const whole = await ask('http://a.test', ['Host: a.test'], { method: 'OPTIONS' });
  assert.equal(whole.status, 400);
  assert.equal(service.seen.length, before);
});

test('a Host with a dot at its end is that host, to the gate and to the service', async () => {
  for (const host of ['a.test.', 'A.TEST.', 'a.test.:8080', 'b.test', 'b.test.']) {
    assert.equal((await ask('/things', [`Host: ${host}`])).status, 200, host);
    assert.doesNotMatch(String(service.last().headers.host), /\.(?::|$)/);
  }
  for (const host of ['a.test..', 'c.test.', '.', 'a.test.evil']) {
    assert.equal((await ask('/things', [`Host: ${host}`])).status, 404, host);
  }
});

test('scheme and host of a trusted proxy are believed, like the address that it tells', async () => {
  const told = {
    host: 'inside',
    'x-forwarded-for': '198.51.100.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'a.test',
  };
  const standard = { host: 'inside', forwarded: 'for=198.51.100.7;proto=https;host=a.test' };
  for (const headers of [told, standard]) {
    const answer = await call(`${behind.url}/things`, { headers });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.headers['strict-transport-security']);
    const seen = service.last().headers;
    assert.equal(seen['x-forwarded-for'], '198.51.100.7');
    assert.equal(seen['x-forwarded-proto'], 'https');
    assert.equal(seen['x-forwarded-host'], 'a.test');
    assert.equal(seen.host, 'a.test');
    assert.equal(seen.forwarded, undefined);
  }
  const absolute = await ask(
    'https://a.test/things',
    ['Host: a.test', 'X-Forwarded-Proto: https'],
    { port: behind.port },
  );
  assert.equal(absolute.status, 200);
});

test('scheme and host of anybody else are not believed', async () => {
  const forged = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'a.test',
    forwarded: 'proto=https;host=a.test',
  };
  const elsewhere = await call(`${plain.url}/things`, { headers: { host: 'c.test', ...forged } });
  assert.equal(codeOf(elsewhere), 'no_such_operation');
  const answer = await call(`${plain.url}/things`, { headers: { host: 'b.test', ...forged } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['strict-transport-security'], undefined);
  assert.equal(service.last().headers['x-forwarded-proto'], 'http');
  assert.equal(service.last().headers['x-forwarded-host'], 'b.test');
});

test('a proxy that passes on what contradicts its own word is not guessed at', async () => {
  const own = { host: 'a.test', 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'http' };
  const forged = { ...own, forwarded: 'for=198.51.100.7;proto=https' };
  const answer = await call(`${behind.url}/things`, { headers: forged });
  assert.equal(codeOf(answer), 'ambiguous_request');
  const broken = { ...own, 'x-forwarded-host': 'a.test/x' };
  assert.equal(
    codeOf(await call(`${behind.url}/things`, { headers: broken })),
    'malformed_request',
  );
});
