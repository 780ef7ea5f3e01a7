import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draw } from '@poorter/engine';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import { PATIENCE_MS } from '../../../../../scenarios/world/patience.fixture.ts';
import { hasRedis, RedisFixture } from '../../../../../scenarios/world/redis.fixture.ts';
import { unusedPort } from '../../../../../scenarios/world/unused-port.fixture.ts';
import { createCounterMemory } from './counter-memory.ts';
import { SharedCounters } from './shared-counters.ts';
import type { CountersTls } from './valkey-connection.ts';
import { ValkeyCounters } from './valkey-counters.ts';

const skip = { skip: !hasRedis && 'redis-server is not installed' };
const PROBE: Draw = {
  kind: 'rate',
  key: 'probe',
  rate: { requests: 1_000, perMs: 3_600_000, burst: 1_000_000 },
};

function open(t: TestContext, url: string, tls: CountersTls | null = null) {
  const trouble: string[] = [];
  const memory = createCounterMemory({ entries: 1_024, threads: 1, seed: [1, 2] });
  const counters = new ValkeyCounters({
    ...{ url, tls, machines: 1, timeoutMs: 1_000 },
    local: new SharedCounters(memory, 0),
    notify: ({ message }) => trouble.push(message),
  });
  t.after(() => counters.close());
  const answers = async () => (await counters.draw([PROBE], Date.now())) !== null;
  return { counters, trouble, answers };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, what);
    await sleep(20);
  }
}

async function startRedis(t: TestContext): Promise<RedisFixture> {
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  return redis;
}

/** What a name or a virtual address does: new connections lead where it points at the moment. */
async function startName(t: TestContext, target: string) {
  let port = Number(new URL(target).port);
  let made = 0;
  let dead = 0;
  const sockets = new Set<net.Socket>();
  const name = net.createServer((near) => {
    const number = (made += 1);
    const far = net.connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (data) => number > dead && other.write(data));
      one.on('error', () => undefined).on('close', () => number > dead && other.destroy());
    }
  });
  await new Promise<void>((resolve) => name.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    name.close();
  });
  return {
    url: `valkey://127.0.0.1:${(name.address() as net.AddressInfo).port}`,
    lead: (other: string) => {
      port = Number(new URL(other).port);
    },
    /** Connections of before are swallowed without a word; new ones work. */
    swallow: () => {
      dead = made;
    },
    made: () => made,
  };
}

test(
  'a server that has become a replica is left, and its name asked for the new primary',
  skip,
  async (t) => {
    const [first, second] = [await startRedis(t), await startRedis(t)];
    const name = await startName(t, first.url);
    const { answers, trouble } = open(t, name.url);
    await until('counted', answers);
    first.command('replicaof', '127.0.0.1', new URL(second.url).port);
    name.lead(second.url);
    await answers();
    await until('counted on the new primary', answers);
    assert.equal(second.command('exists', 'poorter:probe'), '1');
    assert.ok(
      trouble.some((one) => /is a replica \(READONLY\)/.test(one)),
      trouble.join('\n'),
    );
    assert.equal(trouble.filter((one) => /are back/.test(one)).length, 1);
  },
);

test('a server that answers, but cannot count, is not back', skip, async (t) => {
  const redis = await startRedis(t);
  const { answers, trouble } = open(t, redis.url);
  await until('counted', answers);
  redis.command('config', 'set', 'maxmemory', '1');
  assert.equal(await answers(), false);
  // Several greetings.
  await sleep(2_500);
  assert.equal(await answers(), false);
  assert.ok(trouble.some((one) => /memory of the server is full \(OOM\)/.test(one)));
  assert.equal(trouble.filter((one) => /are back/.test(one)).length, 0, trouble.join('\n'));
  redis.command('config', 'set', 'maxmemory', '0');
  await until('back', answers);
  assert.equal(trouble.filter((one) => /are back/.test(one)).length, 1);
});

test(
  'a connection that dies silently is replaced, whether or not calls wait on it',
  skip,
  async (t) => {
    const redis = await startRedis(t);
    const name = await startName(t, redis.url);
    const { answers } = open(t, name.url);
    await until('counted', answers);
    name.swallow();
    const startedAt = performance.now();
    assert.equal(await answers(), false);
    await until('back', answers);
    // One call's wait and the first retry; the rest is patience with a busy machine.
    assert.ok(performance.now() - startedAt < 10_000);

    const before = name.made();
    name.swallow();
    await until('replaced without a call', () => name.made() > before);
    await until('back', answers);
  },
);

test(
  'a wrong or missing password is said as such, and no log holds the password',
  skip,
  async (t) => {
    const redis = await startRedis(t);
    redis.command('config', 'set', 'requirepass', 'the right one');
    const { host } = new URL(redis.url);
    const wrong = open(t, `valkey://:s3cret-w0rd%21@${host}`);
    const named = open(t, `valkey://nobody:s3cret-w0rd%21@${host}`);
    const missing = open(t, `valkey://${host}`);
    const right = open(t, `valkey://:the%20right%20one@${host}`);
    await until('the right one counts', right.answers);
    for (const { trouble } of [wrong, named]) {
      await until('said', () =>
        trouble.some((one) => /refuses the user name or password/.test(one)),
      );
    }
    await until('said', () => missing.trouble.some((one) => /asks for a password/.test(one)));
    for (const { trouble } of [wrong, named, missing]) {
      assert.doesNotMatch(trouble.join('\n'), /s3cret|the right one/);
    }
  },
);

test(
  'TLS: the authority and the client certificate of the configuration are used, and nothing less passes',
  skip,
  async (t) => {
    const redis = await startRedis(t);
    const authority = makeAuthority(t);
    const stranger = makeAuthority(t, 'Stranger');
    const server = authority.issue('/CN=counters', { names: 'IP:127.0.0.1' });
    const client = authority.issue('/CN=gateway', {});
    const folder = mkdtempSync(join(tmpdir(), 'poorter-counters-tls-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const port = await unusedPort();
    const said = redis.command(
      ...['config', 'set', 'tls-cert-file', file('cert', server.certificate)],
      ...['tls-key-file', file('key', server.key)],
      ...['tls-ca-cert-file', file('ca', authority.certificate), 'tls-port', String(port)],
    );
    assert.equal(said, 'OK');
    const url = `valkeys://127.0.0.1:${port}`;
    const whole: CountersTls = {
      authorities: [authority.certificate],
      ...{ certificate: client.certificate, key: client.key, serverName: null },
    };
    const good = open(t, url, whole);
    await until('counted over TLS', good.answers);
    for (const [what, tls] of [
      ['the system store', { ...whole, authorities: [] }],
      ['another authority', { ...whole, authorities: [stranger.certificate] }],
      ['no client certificate', { ...whole, certificate: null, key: null }],
      ['another name', { ...whole, serverName: 'elsewhere.example' }],
    ] as const) {
      const { trouble, answers } = open(t, url, tls);
      await until(what, () => trouble.length > 0);
      assert.equal(await answers(), false, what);
    }
  },
);
