import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { adminOf, operatorCredential } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type Lifetime, type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';

const ends: (() => unknown)[] = [];
const lifetime: Lifetime = { after: (end) => ends.push(end) };
let poorter: RunningPoorter;

before(async () => {
  const upstream = await startRawUpstream(lifetime);
  poorter = await startPoorter(lifetime, { description: things, upstream: upstream.url });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

interface Asked {
  readonly path: string;
  readonly method?: string;
  /** 127.0.0.2 is another machine, as far as the server can see. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask({
  path,
  from = '127.0.0.1',
  ...rest
}: Asked): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(poorter.controlUrl);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, localAddress: from, agent: false, ...rest }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    })
      .once('error', reject)
      .end();
  });
}

const PATHS = [
  '/health/live',
  '/health/ready',
  '/metrics',
  '/',
  '/nothing',
  '/v1/keys',
  '/v1/nothing',
];
const guess = { 'poorter-operator-key': `poorter_${'0'.repeat(49)}` };

test('a name of somebody else is answered on no path', async () => {
  for (const path of PATHS) {
    for (const host of ['evil.example', 'evil.example:80', 'localhost.evil.example']) {
      const { status, text } = await ask({ path, headers: { host } });
      assert.ok(status === 421 || status === 404, `${path} ${host}: ${status}`);
      assert.doesNotMatch(text, /poorter_|ready|live"/, `${path} says nothing of what is here`);
    }
  }
  assert.equal((await ask({ path: '/metrics', headers: { host: 'localhost' } })).status, 200);
});

test('guesses at a credential are counted by address on every path, and end on all', async () => {
  let made = 0;
  for (const path of PATHS) {
    const first = await ask({ path, from: '127.0.0.3', headers: guess });
    assert.ok([401, 404].includes(first.status), `${path}: ${first.status}`);
    made += 1;
  }
  const statuses = new Set<number>();
  // A path that says 404 to everybody is no place to guess for nothing.
  for (; made < 400 && !statuses.has(429); made++) {
    const path = made % 2 === 0 ? '/metrics' : '/v1/nothing';
    statuses.add((await ask({ path, from: '127.0.0.3', headers: guess })).status);
  }
  assert.ok(statuses.has(429), `${made} guesses`);
  for (const path of ['/metrics', '/health/ready', '/v1/keys', '/nothing']) {
    // The budget refills while this goes on: now and then one more guess is heard.
    let heard = 0;
    for (; heard < 20; heard++) {
      if ((await ask({ path, from: '127.0.0.3', headers: guess })).status === 429) break;
    }
    assert.ok(heard < 20, path);
  }
  const plain = await ask({ path: '/health/live', from: '127.0.0.3' });
  assert.equal(plain.status, 200, 'who only asks whether it lives is answered');
  const headers = { 'poorter-operator-key': operatorCredential(poorter) };
  assert.equal((await ask({ path: '/v1/keys', headers })).status, 200, 'other addresses go on');
  assert.equal((await ask({ path: '/metrics', headers })).status, 200);
});

test('a wrong credential is refused on every path, also where none is needed', async () => {
  for (const path of ['/health/live', '/metrics', '/nothing']) {
    for (const headers of [
      guess,
      { 'poorter-operator-key': 'x' },
      { 'poorter-operator-key': '' },
    ]) {
      assert.equal((await ask({ path, from: '127.0.0.4', headers })).status, 401, path);
    }
  }
});

test('an address that takes every connection keeps nobody out, nor its own operator', async (t) => {
  const { hostname, port } = new URL(poorter.controlUrl);
  const held: Socket[] = [];
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  let lost = 0;
  for (let at = 0; at < 150; at++) {
    const socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.5' });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      lost += 1;
    });
    held.push(socket);
    await once(socket, 'connect');
    // An unfinished head.
    socket.write('GET /metrics HTTP/1.1\r\n');
  }
  await eventually('the bound holds', () => lost >= 50);
  for (const from of ['127.0.0.6', '127.0.0.1', '127.0.0.5']) {
    assert.equal((await ask({ path: '/health/live', from })).status, 200, from);
  }
});

test('a decision or code that does not exist is an error, and no proof that nothing happened', async () => {
  const owner = adminOf(poorter);
  for (const [query, known] of [
    ['decision=denied', /^decision: is one of forwarded, allowed, refused/],
    ['code=rate_limit', /^code: is one of .*rate_limited.*not_found/],
  ] as const) {
    const answer = await owner('GET', `/v1/log/records?${query}`);
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.match(answer.body.reason, known);
  }
  assert.equal((await owner('GET', '/v1/log/records?decision=allowed')).status, 200);
});

test('a cursor that was garbled is an error that says what was expected, and no empty page', async () => {
  const owner = adminOf(poorter);
  const lists = ['/v1/log/records', '/v1/keys', '/v1/blocks', '/v1/operators'];
  for (const path of lists) {
    for (const cursor of [
      'x',
      '-1',
      '1e3',
      '0x10',
      '1.5',
      ' 7',
      '99999999999999999999',
      'bnVsbA',
    ]) {
      const answer = await owner('GET', `${path}?cursor=${encodeURIComponent(cursor)}`);
      assert.equal(answer.status, 422, `${path} ${cursor}: ${JSON.stringify(answer.body)}`);
      assert.match(answer.body.reason, /^cursor: is not `next`/);
    }
  }
});
