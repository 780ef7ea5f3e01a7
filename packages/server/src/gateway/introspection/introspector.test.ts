import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import { FakeWorld } from '../../platform/world/fake-world.fixture.ts';
import { IntrospectionCounts } from './introspection-counts.ts';
import { Introspector } from './introspector.ts';

const ENDPOINT: IntrospectionSnapshot = {
  ...{ issuer: 'https://login.example', url: 'https://login.example/introspect' },
  ...{ clientId: 'gate', proof: { kind: 'secret', secret: 'a b:c' } },
  ...{ cacheMs: 10_000, timeoutMs: 2_000, newTokensPerSecond: 50 },
};

interface Asked {
  readonly token: string;
  readonly init: RequestInit;
  readonly answer: (status: number, body?: string) => void;
  readonly fail: (code: string) => void;
}

/** An issuer that answers when the test says so. */
function world(endpoint: Partial<IntrospectionSnapshot> = {}) {
  const asked: Asked[] = [];
  const notices: string[] = [];
  const fake = new FakeWorld();
  const clock = { backMs: 0 };
  const fetch = (_url: unknown, init: RequestInit = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { signal } = init;
    signal?.addEventListener('abort', () => reject(signal.reason));
    asked.push({
      token: new URLSearchParams(String(init.body)).get('token') ?? '',
      init,
      answer: (status, body = '') => resolve(new Response(body, { status })),
      fail: (code) =>
        reject(Object.assign(new TypeError('fetch failed'), { cause: { code, message: code } })),
    });
    return promise;
  };
  const counts = new IntrospectionCounts();
  const introspector = new Introspector({
    world: { ...fake, now: () => fake.now() - clock.backMs, fetch: fetch as never },
    notify: ({ code }) => notices.push(code),
    count: (issuer, outcome) => counts.count(issuer, outcome),
  });
  const all = { ...ENDPOINT, ...endpoint };
  return {
    ...{ asked, notices, fake, clock },
    ask: (token: string) => introspector.ask(all, token),
    metrics: () => counts.metrics,
    kind: async (token: string) => {
      const { said } = await introspector.ask(all, token);
      return said.kind === 'unavailable' ? said.reason : said.kind;
    },
  };
}

const ACTIVE = '{"active":true,"sub":"anna"}';
const INACTIVE = '{"active":false}';
/** Until what was begun has come as far as it can without the clock. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
};

test('a hundred who show one token at once make one question, and share one answer', async () => {
  const { asked, ask } = world();
  const all = Array.from({ length: 100 }, () => ask('t'));
  await settle();
  assert.equal(asked.length, 1);
  asked[0]?.answer(200, ACTIVE);
  assert.equal(new Set(await Promise.all(all)).size, 1);
  await ask('t');
  assert.equal(asked.length, 1);
});

test('the question says who asks and what about, as RFC 7662 has it, and follows no redirect', async () => {
  const { asked, ask } = world();
  const answer = ask('to/ken+');
  await settle();
  const { init, token } = asked[0] as Asked;
  assert.equal(token, 'to/ken+');
  assert.equal(init.method, 'POST');
  assert.equal(init.redirect, 'manual');
  const headers = init.headers as Record<string, string>;
  const pair = Buffer.from(String(headers['authorization']).slice(6), 'base64').toString();
  assert.equal(pair, 'gate:a+b%3Ac');
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
  asked[0]?.answer(200, ACTIVE);
  await answer;
});

test('an answer counts as long as the configuration says from when it was asked for, and a no for 2 s', async () => {
  for (const [body, countsMs, kind] of [
    [ACTIVE, 10_000, 'active'],
    [INACTIVE, 2_000, 'inactive'],
  ] as const) {
    const { asked, kind: ask, fake } = world();
    const first = ask('t');
    await settle();
    fake.advance(1_500);
    asked[0]?.answer(200, body);
    assert.equal(await first, kind);
    fake.advance(countsMs - 1_501);
    assert.equal(await ask('t'), kind);
    assert.equal(asked.length, 1);
    fake.advance(1);
    const again = ask('t');
    await settle();
    assert.equal(asked.length, 2, 'its time is over');
    asked[1]?.answer(200, INACTIVE);
    assert.equal(await again, 'inactive');
  }
});

test('no answer counts beyond the end that it names, and none at all where the configuration says 0', async () => {
  const { asked, ask, fake } = world();
  const first = ask('t');
  await settle();
  const exp = Math.floor(fake.now() / 1000) + 3;
  asked[0]?.answer(200, `{"active":true,"exp":${exp}}`);
  const { untilMs } = await first;
  assert.ok(untilMs <= fake.bootMs() + 3_000);
  const never = world({ cacheMs: 0 });
  for (let count = 1; count <= 3; count++) {
    const one = never.ask('t');
    await settle();
    assert.equal(never.asked.length, count);
    never.asked.at(-1)?.answer(200, ACTIVE);
    await one;
  }
});

test('a clock that is set back makes no answer count longer; a machine that slept finds none', async () => {
  const { asked, ask, fake, clock } = world();
  const first = ask('t');
  await settle();
  asked[0]?.answer(200, ACTIVE);
  await first;
  clock.backMs = 3_600_000;
  fake.advance(10_000);
  void ask('t');
  await settle();
  assert.equal(asked.length, 2);
});

test('an issuer that is silent, broken or elsewhere never makes a token good', async () => {
  for (const answer of [
    (one: Asked) => one.answer(500),
    (one: Asked) => one.answer(302),
    (one: Asked) => one.answer(401),
    (one: Asked) => one.answer(201, ACTIVE),
    (one: Asked) => one.answer(200, ''),
    (one: Asked) => one.answer(200, 'active'),
    (one: Asked) => one.answer(200, '{"active":"true"}'),
    (one: Asked) => one.answer(200, `{"active":true,"x":"${'x'.repeat(70_000)}"}`),
    (one: Asked) => one.fail('ECONNREFUSED'),
  ]) {
    const { asked, kind, notices } = world();
    const said = kind('t');
    await settle();
    answer(asked[0] as Asked);
    assert.equal(await said, 'not-answered');
    assert.deepEqual(notices, ['introspection_failing']);
  }
  const { asked, kind, fake } = world();
  const said = kind('t');
  await settle();
  fake.advance(2_000);
  assert.equal(await said, 'not-answered');
  assert.equal(asked[0]?.init.signal?.aborted, true);
});

test('a connection that the other end closed is opened again, once', async () => {
  const { asked, kind } = world();
  const said = kind('t');
  await settle();
  asked[0]?.fail('UND_ERR_SOCKET');
  await settle();
  assert.equal(asked.length, 2);
  asked[1]?.answer(200, ACTIVE);
  assert.equal(await said, 'active');
  const twice = kind('u');
  await settle();
  asked[2]?.fail('ECONNRESET');
  await settle();
  asked[3]?.fail('ECONNRESET');
  assert.equal(await twice, 'not-answered');
  assert.equal(asked.length, 4);
});

test('a dead endpoint is left alone after five failures, tried by one question, and back with its answer', async () => {
  const { asked, kind, fake, notices } = world();
  for (let failures = 0; failures < 5; failures++) {
    const said = kind(`t${failures}`);
    await settle();
    asked.at(-1)?.fail('ECONNREFUSED');
    await said;
  }
  assert.equal(await kind('u'), 'endpoint-rests');
  assert.equal(asked.length, 5);
  fake.advance(1_000);
  const tried = kind('v');
  await settle();
  assert.equal(await kind('w'), 'endpoint-rests', 'one tries it');
  asked[5]?.fail('ECONNREFUSED');
  assert.equal(await tried, 'not-answered');
  fake.advance(1_999);
  assert.equal(await kind('x'), 'endpoint-rests', 'for twice as long');
  fake.advance(1);
  const back = kind('y');
  await settle();
  asked[6]?.answer(200, ACTIVE);
  assert.equal(await back, 'active');
  const next = kind('z');
  await settle();
  asked[7]?.answer(200, INACTIVE);
  assert.equal(await next, 'inactive');
  assert.deepEqual(notices, ['introspection_failing', 'introspection_recovered']);
});

test('a stranger who finds a token over which the endpoint stumbles takes it from nobody else', async () => {
  const { asked, kind, fake } = world();
  for (let calls = 0; calls < 20; calls++) {
    const said = kind('poisoned');
    await settle();
    asked.at(-1)?.answer(500);
    assert.equal(await said, 'not-answered');
    assert.equal(await kind('poisoned'), 'not-answered', 'not asked again at once');
    fake.advance(1_000);
  }
  assert.equal(asked.length, 20);
  const honest = kind('honest');
  await settle();
  asked.at(-1)?.answer(200, ACTIVE);
  assert.equal(await honest, 'active');
});

test('nobody has an endpoint left alone by a token over which it is late, while it answers others', async () => {
  const { asked, kind, fake } = world();
  const late = Array.from({ length: 10 }, (_, index) => kind(`late-${index}`));
  await settle();
  fake.advance(1_000);
  const honest = kind('honest');
  await settle();
  asked.at(-1)?.answer(200, ACTIVE);
  assert.equal(await honest, 'active');
  fake.advance(1_000);
  assert.deepEqual([...new Set(await Promise.all(late))], ['not-answered']);
  const other = kind('other');
  await settle();
  asked.at(-1)?.answer(200, ACTIVE);
  assert.equal(await other, 'active');
});

test('an endpoint that rests is back when it answers anything, also to a token over which it stumbles', async () => {
  const { asked, kind, fake } = world();
  for (let failures = 0; failures < 5; failures++) {
    const said = kind(`t${failures}`);
    await settle();
    asked.at(-1)?.answer(503);
    await said;
  }
  assert.equal(await kind('u'), 'endpoint-rests');
  fake.advance(1_000);
  const poisoned = kind('poisoned');
  await settle();
  asked.at(-1)?.answer(500);
  assert.equal(await poisoned, 'not-answered');
  const honest = kind('honest');
  await settle();
  asked.at(-1)?.answer(200, ACTIVE);
  assert.equal(await honest, 'active');
});

test('what came of asking is counted, by issuer and outcome', async () => {
  const { asked, kind, metrics } = world({ newTokensPerSecond: 2 });
  const both = [kind('good'), kind('bad'), kind('beyond')];
  await settle();
  asked[0]?.answer(200, ACTIVE);
  asked[1]?.answer(200, INACTIVE);
  await Promise.all(both);
  const [{ name, values } = { name: '', values: [] }] = metrics();
  assert.equal(name, 'poorter_introspections_total');
  const { issuer } = ENDPOINT;
  assert.deepEqual(
    values.map(({ value, labels }) => [value, labels['issuer'], labels['outcome']]).toSorted(),
    [
      [1, issuer, 'active'],
      [1, issuer, 'inactive'],
      [1, issuer, 'too-many-new-tokens'],
    ],
  );
});

test('invented tokens flood nobody, and those that were good are asked about all the same', async () => {
  const { asked, kind, fake, notices } = world({ newTokensPerSecond: 5 });
  const good = kind('good');
  await settle();
  asked[0]?.answer(200, ACTIVE);
  assert.equal(await good, 'active');
  fake.advance(10_000);
  const invented = Array.from({ length: 1_000 }, (_, index) => kind(`invented-${index}`));
  await settle();
  assert.equal(asked.length, 1 + 5);
  const again = kind('good');
  await settle();
  assert.equal(asked.length, 1 + 5 + 1);
  for (const one of asked.slice(1)) one.answer(200, one.token === 'good' ? ACTIVE : INACTIVE);
  assert.equal(await again, 'active');
  const kinds = await Promise.all(invented);
  assert.equal(kinds.filter((one) => one === 'too-many-new-tokens').length, 995);
  assert.deepEqual(notices, ['introspection_flooded']);
  fake.advance(200);
  void kind('newer');
  await settle();
  assert.equal(asked.length, 8, 'a fifth of a second brings one');
});

test('no more than 64 questions are under way; the rest wait, within their own time', async () => {
  const { asked, kind, fake } = world({ newTokensPerSecond: 10_000 });
  const kinds = Array.from({ length: 100 }, (_, index) => kind(`t${index}`));
  await settle();
  assert.equal(asked.length, 64);
  for (const one of asked.slice(0, 10)) one.answer(200, ACTIVE);
  await settle();
  assert.equal(asked.length, 74);
  fake.advance(2_000);
  const said = await Promise.all(kinds);
  assert.equal(said.filter((one) => one === 'active').length, 10);
  assert.equal(said.filter((one) => one === 'not-answered').length, 64);
  assert.equal(said.filter((one) => one === 'no-place-in-time').length, 26);
  fake.advance(60_000);
  const after = kind('after');
  await settle();
  asked.at(-1)?.answer(200, ACTIVE);
  assert.equal(await after, 'active', 'every place was given back');
});

test('what is asked elsewhere, or as somebody else, is not answered from what was said before', async () => {
  const { asked, kind } = world();
  const first = kind('t');
  await settle();
  asked[0]?.answer(200, ACTIVE);
  await first;
  const other = world({ clientId: 'other' });
  void other.kind('t');
  await settle();
  assert.equal(other.asked.length, 1);
});
