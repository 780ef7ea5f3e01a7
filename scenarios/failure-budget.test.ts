import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { request, things } from './world/things.fixture.ts';

const GUESS = `X-Api-Key: ptr_${'a'.repeat(40)}\r\n`;

test('guesses at keys exhaust the budget of their address and nobody else’s', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: {
      limits: { failures: { failures: 50, per: 'hour' } },
      trust: { proxies: ['127.0.0.1'] },
    },
  });
  const call = async (from: string, fields = '', target = '/mine') => {
    const sent = request('GET', target, `X-Forwarded-For: ${from}\r\n${fields}`);
    const { answers } = await sendRaw(poorter.port, sent, { answers: 1 });
    return answers[0]?.status;
  };
  for (let guess = 0; guess < 5; guess++) assert.equal(await call('198.51.100.7', GUESS), 401);
  assert.equal(await call('198.51.100.7', GUESS), 429);
  assert.equal(await call('198.51.100.7', '', '/things'), 429, 'good calls of that address too');
  assert.equal(await call('198.51.100.8', '', '/things'), 200);
  assert.equal(await call('203.0.113.1, 198.51.100.7', '', '/things'), 429, 'whatever it invents');
  assert.equal(await call('198.51.100.7, 198.51.100.9', '', '/things'), 200);

  // One subscriber holds a /64: its addresses share one budget.
  for (let guess = 0; guess < 5; guess++) {
    assert.equal(await call(`2001:db8:1:1::${guess}`, GUESS), 401);
  }
  assert.equal(await call('2001:db8:1:1:ffff::1', '', '/things'), 429);
  assert.equal(await call('2001:db8:1:2::1', '', '/things'), 200);
  const [refused] = await poorter.awaitRecords(1, ({ code }) => code === 'too_many_failures');
  assert.equal(refused?.['client'], '198.51.100.7');
});

test('of the networks that cover an address, the smallest decides', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: {
      trust: { proxies: ['127.0.0.1'] },
      network: {
        allow: ['198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'],
        deny: ['198.51.100.128/25', '2001:db8:bad::/48'],
      },
    },
  });
  for (const [from, status] of [
    ['198.51.100.1', 200],
    ['198.51.100.129', 403],
    ['203.0.113.255', 200],
    ['192.0.2.1', 403],
    ['2001:db8::1', 200],
    ['2001:db8:bad::1', 403],
    ['::ffff:198.51.100.1', 200],
    ['::ffff:198.51.100.200', 403],
  ] as const) {
    const sent = request('GET', '/things', `X-Forwarded-For: ${from}\r\n`);
    const { answers } = await sendRaw(poorter.port, sent, { answers: 1 });
    assert.equal(answers[0]?.status, status, from);
  }
});
