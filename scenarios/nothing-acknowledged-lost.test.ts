import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  skipPostgres,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import { type AdminCall, adminOf } from './world/admin.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  LINK_FILES,
  linkFiles,
  type RunningGateway,
  startGateway,
} from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { hasRedis, RedisFixture } from './world/redis.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Payments', version: '1' },
  paths: {
    '/payments': {
      post: {
        operationId: 'pay',
        security: [],
        'x-poorter': {
          audit: 'durable',
          limit: { requests: 1_000_000, per: 'hour', by: 'operation', name: 'payments' },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
};

const skip = skipPostgres || (!hasRedis && 'redis-server is not installed');

/** Calls one gateway after the other, until it is told to stop; counts what was answered. */
class Payer {
  answered = 0;
  failed = 0;
  readonly #work: Promise<unknown>;
  #isDone = false;

  readonly #gateways: readonly { url: string }[];

  constructor(gateways: readonly { url: string }[]) {
    this.#gateways = gateways;
    this.#work = Promise.all(Array.from({ length: 8 }, (_, index) => this.#pay(index)));
  }

  async stop(): Promise<void> {
    this.#isDone = true;
    await this.#work;
  }

  async #pay(offset: number): Promise<void> {
    for (let number = offset; !this.#isDone; number++) {
      const { url } = this.#gateways[number % this.#gateways.length] as { url: string };
      try {
        const answer = await fetch(`${url}/payments`, {
          method: 'POST',
          signal: AbortSignal.timeout(10_000),
        });
        await answer.arrayBuffer();
        if (answer.status === 200) this.answered++;
        else this.failed++;
      } catch {
        this.failed++;
        await sleep(20);
      }
    }
  }
}

async function recordsOf(admin: AdminCall, type: string): Promise<number> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await admin('GET', `/v1/log/records?operation=pay&limit=1000${more}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    for (const { leaf } of page.body.items) if (leaf.type === type) ids.add(leaf.id);
    cursor = page.body.next;
  } while (cursor !== null);
  return ids.size;
}

test('two gateways, one control, PostgreSQL and Redis: each is killed in turn, and nothing acknowledged is lost', {
  skip,
}, async (t: TestContext) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const linkPort = await unusedPort();
  const place = postgres.freshPlace();
  const control = await startPoorter(t, {
    description,
    upstream: upstream.url,
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      link: { address: `127.0.0.1:${linkPort}`, ...LINK_FILES, gateways: ['gw_a', 'gw_b'] },
      storage: `${place.url}&schema=scenario`,
      dataDirectory: './data',
      counters: { url: redis.url, machines: 2, timeoutMs: 200 },
    },
  });
  const admin = adminOf(control);
  const link = `localhost:${linkPort}`;
  const portA = await unusedPort();
  const start = (name: string, port: number, folder?: string) =>
    startGateway(t, {
      name,
      control: link,
      authority,
      port,
      ...(folder !== undefined && { folder }),
    });
  let a: RunningGateway = await start('gw_a', portA);
  const b = await start('gw_b', await unusedPort());
  const payer = new Payer([a, b]);
  t.after(() => payer.stop());
  const told: string[] = [];
  const during = async (what: string, harm: () => unknown, ms = 1_500) => {
    const before = { ...payer };
    await harm();
    await sleep(ms);
    told.push(
      `${what}: ${payer.answered - before.answered} answered, ${payer.failed - before.failed} failed`,
    );
  };

  await during('all is well', () => undefined);
  await during(
    'control is killed',
    () => process.kill(control.children().control, 'SIGKILL'),
    3_000,
  );
  await during('Redis is killed', () => redis.end());
  await during('Redis is back', () => redis.begin());
  await during('PostgreSQL is killed', () => postgres.kill());
  await during('PostgreSQL is back', () => postgres.restart(), 3_000);
  await during('a gateway machine is killed', () => a.stop('SIGKILL'));
  await during('it is back', async () => {
    a = await start('gw_a', portA, a.folder).catch((error: Error) => {
      throw new Error(`${error.message}\n${told.join('\n')}\n${control.output()}`);
    });
  });
  await payer.stop();

  let intents = 0;
  let outcomes = 0;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    [intents, outcomes] = [await recordsOf(admin, 'intent'), await recordsOf(admin, 'outcome')];
    if (outcomes >= payer.answered && intents >= upstream.requests()) break;
    assert.ok(
      Date.now() < deadline,
      `${payer.answered} answered, ${outcomes} outcomes; ${upstream.requests()} forwarded, ${intents} intents\n${told.join('\n')}\n${control.output()}`,
    );
    await sleep(1_000);
  }
  t.diagnostic(told.join('; '));
  t.diagnostic(
    `${payer.answered} answered, ${outcomes} outcomes; ${upstream.requests()} forwarded, ${intents} intents; lost: 0`,
  );
  assert.ok(payer.answered > 100, String(payer.answered));
});
