import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { call, codeOf, eventually } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Control', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  paths: {
    '/things': {
      get: {
        operationId: 'list"things\\',
        security: [],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
    '/locked': {
      get: { security: [{ key: [] }], responses: { 200: { description: 'ok' } } },
    },
  },
};

const service = await startService({ after });
const poorter = await startPoorter({ after }, { description, upstream: service.url, threads: 2 });
const metrics = async () => (await call(`${poorter.controlUrl}/metrics`)).text;

/** Sum over all samples of a metric whose labels match. */
function sampleSum(text: string, name: string, labels: Record<string, string> = {}): number {
  return parseMetrics(text)
    .filter((sample) => sample.name === name)
    .filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL},?)*)\\})? (\\S+)(?: \\d+)?$`);

/** The text format 0.0.4, read as strictly as promtool reads it. */
function parseMetrics(text: string): Sample[] {
  assert.ok(text.endsWith('\n'), 'the last line has an end');
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') continue;
      assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/, line);
      assert.equal(types.has(name), false, `${name} has one TYPE`);
      types.set(name, rest);
      continue;
    }
    const [, name = '', inner = '', , , value = ''] = SAMPLE.exec(line) ?? [];
    assert.ok(name !== '', `not a sample: ${line}`);
    const family = name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(name) || types.has(family), `${name} has no TYPE`);
    const number = Number(value.replace(/^\+?Inf$/, 'Infinity'));
    // Prometheus reads NaN without regard to case.
    assert.ok(/^nan$/i.test(value) || !Number.isNaN(number), line);
    const series = line.slice(0, line.lastIndexOf(' '));
    assert.equal(seen.has(series), false, `${series} is given once`);
    seen.add(series);
    const labels = [...inner.matchAll(new RegExp(LABEL, 'g'))].map(([, key, text]) => [key, text]);
    samples.push({ name, labels: Object.fromEntries(labels), value: number });
  }
  return samples;
}

test('live and ready say so, and which version serves', async () => {
  const live = await call(`${poorter.controlUrl}/health/live`);
  assert.equal(live.status, 200);
  const ready = await call(`${poorter.controlUrl}/health/ready`);
  assert.equal(ready.status, 200);
  assert.deepEqual(JSON.parse(ready.text), {
    status: 'ready',
    snapshot: 1,
    configuration: 'current',
    attention: [],
  });
});

test('metrics are Prometheus text, and counters grow by what happened', async () => {
  const before = await metrics();
  const counted = (text: string, labels: Record<string, string>) =>
    sampleSum(text, 'poorter_calls_total', labels);
  for (let round = 0; round < 6; round++) await call(`${poorter.url}/things`);
  for (let round = 0; round < 3; round++) await call(`${poorter.url}/locked`);
  const refused = { decision: 'refused', code: 'credentials_required' };
  await eventually('the counters of both threads are told', async () => {
    const text = await metrics();
    return (
      counted(text, { decision: 'forwarded' }) - counted(before, { decision: 'forwarded' }) === 6 &&
      counted(text, refused) - counted(before, refused) === 3
    );
  });
  const text = await metrics();
  assert.equal(counted(text, { operation: 'GET /locked', ...refused }), 3);
  const duration = 'poorter_call_duration_seconds';
  assert.equal(
    sampleSum(text, `${duration}_bucket`, { le: '+Inf' }),
    sampleSum(text, `${duration}_count`),
  );
  assert.ok(sampleSum(text, `${duration}_sum`) > 0);
  const buckets = parseMetrics(text)
    .filter(({ name }) => name === `${duration}_bucket`)
    .map(({ value }) => value);
  assert.deepEqual(
    buckets,
    buckets.toSorted((a, b) => a - b),
    'buckets are cumulative',
  );
  assert.equal(sampleSum(text, 'poorter_snapshot_version', { state: 'applied' }), 1);
});

test('a refused configuration shows in readiness and metrics, and the last good one serves', async () => {
  const before = poorter.read('poorter.yaml');
  poorter.write('poorter.yaml', `${before}\ncolour: blue\n`);
  await eventually('the metric', async () => {
    return sampleSum(await metrics(), 'poorter_configuration_refused') === 1;
  });
  const ready = await call(`${poorter.controlUrl}/health/ready`);
  assert.equal(ready.status, 200);
  assert.match(ready.text, /refused; the last good one serves/);
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  poorter.write('poorter.yaml', before);
  await eventually('the mended one', async () => {
    return sampleSum(await metrics(), 'poorter_configuration_refused') === 0;
  });
});

test('a new version leaves listeners that stay, and the connections on them, alone', async () => {
  const configuration = { forwardAuth: [{ address: '127.0.0.1:0', for: 'traefik' }] };
  const trust = { proxies: ['127.0.0.1/32'] };
  const kept = await startPoorter(
    { after },
    { description, upstream: service.url, threads: 1, configuration: { ...configuration, trust } },
  );
  const agents = kept.addresses.map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  const ports = agents.map(() => new Set<number | undefined>());
  agents.forEach((agent, index) => {
    agent.on('free', (socket) => ports[index]?.add(socket.localPort));
  });
  const headers = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/things' };
  const callAll = async () => {
    for (const [index, address] of kept.addresses.entries()) {
      const answer = await call(`http://${address}/things`, { agent: agents[index], headers });
      assert.equal(answer.status, 200);
    }
  };
  await callAll();
  await kept.createKey('another');
  await callAll();
  assert.deepEqual(
    ports.map((known) => known.size),
    [1, 1],
  );
  for (const agent of agents) agent.destroy();
});

test('what is for operators is not on the listeners of callers', async () => {
  for (const path of ['/health/live', '/health/ready', '/metrics']) {
    assert.equal(codeOf(await call(`${poorter.url}${path}`)), 'no_such_operation');
  }
});

test('control answers nothing but its three addresses, to nothing but GET and HEAD', async () => {
  assert.equal((await call(`${poorter.controlUrl}/`)).status, 404);
  assert.equal((await call(`${poorter.controlUrl}/things`)).status, 404);
  assert.equal((await call(`${poorter.controlUrl}/metrics`, { method: 'POST' })).status, 405);
  assert.equal((await call(`${poorter.controlUrl}/health/live`, { method: 'HEAD' })).status, 200);
});

test('while it drains, it is not ready', async () => {
  const slow = await startService({ after }, (response) => setTimeout(() => response.end(), 1_500));
  const draining = await startPoorter({ after }, { description, upstream: slow.url, threads: 1 });
  const underWay = call(`${draining.url}/things`);
  await eventually('the call is under way', () => slow.seen.length >= 1);
  const ended = draining.stop();
  await eventually('readiness is off', async () => {
    return (await call(`${draining.controlUrl}/health/ready`)).status === 503;
  });
  assert.equal((await underWay).status, 200);
  assert.equal(await ended, 0);
});

test('the guide names every metric that there is, and no other', async () => {
  const guide = readFileSync(join(import.meta.dirname, '../docs/guides/running.md'), 'utf8');
  const told = [...guide.matchAll(/^\| `(poorter_[a-z_]+)` \|/gm)].map(([, name]) => name);
  const text = await (await fetch(`${poorter.controlUrl}/metrics`)).text();
  const there = [...text.matchAll(/^# TYPE (poorter_\S+)/gm)]
    .map(([, name]) => name as string)
    .filter((name) => !/^poorter_control_(?:nodejs|process)_/.test(name));
  assert.deepEqual(there.toSorted(), told.toSorted());
});
