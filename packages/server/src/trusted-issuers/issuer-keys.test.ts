import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { JSONWebKeySet } from 'jose';
import { checkedUrl, discoveryUrls } from './fetch-issuer.ts';
import { IssuerKeys, type IssuerSource } from './index.ts';
import { readKeySet } from './key-set.ts';

const ec = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
const keysNamed = (...ids: string[]) => ({ keys: ids.map((kid) => ({ ...ec, kid })) });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real server on loopback whose answers the test changes under way. */
async function serve(answers: Record<string, Answer>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers[request.url ?? ''];
    if (answer !== undefined) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, asked, answers };
}

function json(value: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
}

/** Follows issuers with a clock and timers in the test's hands. */
function follow(sources: readonly IssuerSource[], fetchTimeoutMs = 5000) {
  const timers: { work: () => void; delayMs: number }[] = [];
  const changes: (string[] | null)[] = [];
  const generations: number[] = [];
  const warnings: string[] = [];
  const answered: (string | null)[] = [];
  const clock = { now: 1_000_000 };
  const keys = new IssuerKeys(
    sources,
    {
      fetch: (url, init) => fetch(url, init),
      fetchTimeoutMs,
      readFile: (file) => readFile(file, 'utf8'),
      now: () => clock.now,
      setTimer: (work, delayMs) => {
        const timer = { work, delayMs };
        timers.push(timer);
        return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
      },
    },
    {
      onChange: (_issuer, jwks, generation) => {
        changes.push(jwks?.keys.map(({ kid }) => kid ?? '') ?? null);
        generations.push(generation);
      },
      onAnswered: (_issuer, keyIds) => answered.push(...keyIds),
      onWarning: (_issuer, message) => warnings.push(message),
    },
  );
  return { keys, timers, changes, generations, warnings, answered, clock };
}

async function discovered(set: Answer = json(keysNamed('a'))) {
  const server = await serve({});
  server.answers['/.well-known/openid-configuration'] = (request, response) =>
    json({ issuer: server.origin, jwks_uri: `${server.origin}/jwks` })(request, response);
  server.answers['/jwks'] = set;
  return server;
}

test('an issuer is discovered, and its keys told with a generation', async () => {
  const server = await discovered();
  const { keys, changes, generations, timers } = follow([{ issuer: server.origin }]);
  await keys.start();
  assert.deepEqual(changes, [['a']]);
  assert.deepEqual(
    timers.map(({ delayMs }) => delayMs),
    [600_000],
  );
  assert.equal(keys.keysOf(server.origin)?.generation, generations[0]);
});

test('an authorization server with a path is found where RFC 8414 puts it', async () => {
  const server = await serve({});
  const issuer = `${server.origin}/tenant`;
  server.answers['/.well-known/oauth-authorization-server/tenant'] = json({
    issuer,
    jwks_uri: `${server.origin}/jwks`,
  });
  server.answers['/jwks'] = json(keysNamed('a'));
  const { keys, changes } = follow([{ issuer }]);
  await keys.start();
  assert.equal(changes.length, 1);
  assert.deepEqual(server.asked.slice(0, 2), [
    '/tenant/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/tenant',
  ]);
  assert.deepEqual(discoveryUrls('https://a.example/'), [
    'https://a.example/.well-known/openid-configuration',
    'https://a.example/.well-known/oauth-authorization-server',
  ]);
});

test('a document of another issuer is not believed, nor one that differs by a slash', async () => {
  for (const described of ['https://evil.example', null, '/']) {
    const server = await serve({});
    server.answers['/.well-known/openid-configuration'] = json({
      issuer: described === '/' ? `${server.origin}/` : described,
      jwks_uri: `${server.origin}/jwks`,
    });
    server.answers['/jwks'] = json(keysNamed('a'));
    const { keys, changes, warnings } = follow([{ issuer: server.origin }]);
    await keys.start();
    assert.deepEqual(changes, []);
    assert.match(warnings.join(), /another issuer/);
    assert.ok(!server.asked.includes('/jwks'));
  }
});

test('keys come over https, or from this machine; nothing else is asked', async () => {
  for (const bad of [
    'http://login.example',
    'ftp://x',
    'file:///etc/passwd',
    'data:,{}',
    'https://u:p@x',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'x',
  ]) {
    assert.throws(() => checkedUrl(bad), bad);
  }
  for (const good of [
    'https://login.example',
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://localhost',
  ]) {
    checkedUrl(good);
  }
  assert.throws(() => follow([{ issuer: 'http://login.example' }]), /not https/);
  const server = await serve({});
  server.answers['/.well-known/openid-configuration'] = json({
    issuer: server.origin,
    jwks_uri: 'http://login.example/jwks',
  });
  const { keys, warnings } = follow([{ issuer: server.origin }]);
  await keys.start();
  assert.match(warnings.join(), /not https/);
});

test('a redirect is followed within the origin only, and not for ever', async () => {
  const elsewhere = await serve({ '/jwks': json(keysNamed('evil')) });
  const redirect =
    (to: string): Answer =>
    (_request, response) =>
      void response.writeHead(302, { location: to }).end();
  const cases: [string, RegExp | null][] = [
    ['/moved', null],
    [`${elsewhere.origin}/jwks`, /another origin/],
    ['/jwks', /too many/],
    ['http://169.254.169.254/latest', /not https/],
  ];
  for (const [location, fault] of cases) {
    const server = await discovered(redirect(location));
    server.answers['/moved'] = json(keysNamed('moved'));
    const { keys, changes, warnings } = follow([{ issuer: server.origin }]);
    await keys.start();
    if (fault === null) assert.deepEqual(changes[0], ['moved']);
    else assert.match(warnings.join(), fault);
  }
  assert.deepEqual(elsewhere.asked, []);
});

test('an answer that is too large, not JSON, or not 200 is refused, with the address in the words', async () => {
  const answers: [Answer, RegExp][] = [
    [json({ keys: [], filler: 'x'.repeat(300_000) }), /more than 262144 bytes/],
    [(_request, response) => void response.end('<html>'), /JSON/],
    [(_request, response) => void response.writeHead(500).end(), /answers 500/],
    [json([]), /not a JSON Web Key Set/],
    [json({ keys: [] }), /no usable key/],
  ];
  for (const [answer, words] of answers) {
    const server = await discovered(answer);
    const { keys, changes, warnings } = follow([{ issuer: server.origin }]);
    await keys.start();
    assert.deepEqual(changes, []);
    assert.match(warnings.join(), words);
  }
});

test('an endless answer is cut off, and memory with it', async () => {
  let stopped = false;
  const server = await discovered((_request, response) => {
    response.writeHead(200);
    const pour = () => {
      if (!stopped) response.write('x'.repeat(65_536), () => setImmediate(pour));
    };
    response.on('close', () => {
      stopped = true;
    });
    pour();
  });
  const { keys, warnings } = follow([{ issuer: server.origin }]);
  await keys.start();
  assert.match(warnings.join(), /more than/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(stopped);
});

test('a failing issuer keeps its keys, is asked again ever more slowly, and is not believed after a day', async () => {
  const server = await discovered();
  const { keys, timers, changes, clock } = follow([{ issuer: server.origin }]);
  await keys.start();
  server.answers['/jwks'] = (_request, response) => void response.writeHead(503).end();
  const pauses: (number | undefined)[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    await keys.reload();
    pauses.push(timers.at(-1)?.delayMs);
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.equal(timers.length, 1);
  assert.equal(changes.length, 1);
  clock.now += 86_400_001;
  await keys.reload();
  assert.deepEqual(changes.at(-1), null);
  assert.equal(keys.keysOf(server.origin), null);
  server.answers['/jwks'] = json(keysNamed('a'));
  await keys.reload();
  assert.deepEqual(changes.at(-1), ['a']);
});

test('other keys are another generation; the same keys are the same one, also after a restart', async () => {
  const server = await discovered();
  const { keys, changes, generations } = follow([{ issuer: server.origin }]);
  await keys.start();
  await keys.reload();
  assert.equal(changes.length, 1);
  server.answers['/jwks'] = json(keysNamed('b'));
  await keys.reload();
  assert.deepEqual(changes.at(-1), ['b']);
  assert.notEqual(generations[0], generations[1]);
  const restarted = follow([{ issuer: server.origin }]);
  await restarted.keys.start();
  assert.deepEqual(restarted.generations, [generations[1]]);
});

test('an answer that trickles is given up in time', async () => {
  let timer: NodeJS.Timeout | undefined;
  const server = await discovered((_request, response) => {
    response.writeHead(200);
    timer = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(timer));
  });
  const { keys, changes, warnings } = follow([{ issuer: server.origin }], 150);
  await keys.start();
  assert.deepEqual(changes, []);
  assert.match(warnings.join(), /within 150 ms/);
});

/** The end of what is under way, whatever the machine has to do besides. */
async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !isSo(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(isSo());
}

const fetchesOf = (server: { asked: string[] }) =>
  server.asked.filter((url) => url === '/jwks').length;

test("a stranger's invented key id does not delay the key that the issuer publishes next", async () => {
  const server = await discovered();
  const { keys, changes, answered } = follow([{ issuer: server.origin }]);
  await keys.start();
  keys.refetch(server.origin, 'invented');
  await until(() => answered.includes('invented'));
  server.answers['/jwks'] = json(keysNamed('a', 'b'));
  keys.refetch(server.origin, 'b');
  await until(() => answered.includes('b'));
  assert.deepEqual(changes.at(-1), ['a', 'b']);
});

test('a flood of invented key ids costs a bounded number of fetches, and starves no rotation', async () => {
  const server = await discovered();
  const { keys, changes, timers, clock } = follow([{ issuer: server.origin }]);
  await keys.start();
  const before = fetchesOf(server);
  const flood = async (from: number) => {
    for (let wave = 0; wave < 40; wave += 1) {
      for (let id = 0; id < 50; id += 1) keys.refetch(server.origin, `x${from}-${wave}-${id}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await flood(1);
  await until(() => timers.some(({ delayMs }) => delayMs <= 1_000));
  assert.ok(fetchesOf(server) - before <= 5, 'a burst, and then a pause');
  server.answers['/jwks'] = json(keysNamed('a', 'b'));
  await flood(2);
  keys.refetch(server.origin, 'b');
  // One second later the budget allows the one fetch that shows every key.
  clock.now += 1_000;
  const paused = timers.findIndex(({ delayMs }) => delayMs <= 1_000);
  timers.splice(paused, 1)[0]?.work();
  await until(() => changes.length >= 2);
  assert.deepEqual(changes.at(-1), ['a', 'b']);
  assert.ok(fetchesOf(server) - before <= 7);
});

test('a fetch that began before the key was published is followed by one that shows it', async () => {
  const server = await discovered();
  const { keys, changes, answered } = follow([{ issuer: server.origin }]);
  await keys.start();
  let release = () => {};
  server.answers['/jwks'] = (request, response) => {
    release = () => json(keysNamed('a'))(request, response);
  };
  const before = fetchesOf(server);
  keys.refetch(server.origin, 'invented');
  await until(() => fetchesOf(server) > before);
  keys.refetch(server.origin, 'b');
  server.answers['/jwks'] = json(keysNamed('a', 'b'));
  release();
  await until(() => answered.includes('b'));
  assert.deepEqual(changes.at(-1), ['a', 'b']);
});

test('a key id that the issuer does not have is asked for ever more rarely, and every asker is answered', async () => {
  const server = await discovered();
  const { keys, answered, clock } = follow([{ issuer: server.origin }]);
  await keys.start();
  const before = fetchesOf(server);
  let asked = 0;
  for (let second = 0; second < 60; second += 1) {
    keys.refetch(server.origin, 'invented');
    asked += 1;
    await until(() => answered.length === asked);
    clock.now += 1_000;
  }
  assert.ok(fetchesOf(server) - before <= 6, `${fetchesOf(server) - before} fetches in a minute`);
  keys.refetch('https://stranger.example', 'b');
});

test('forged signatures under a published key id cost one fetch in half a minute', async () => {
  const server = await discovered();
  const { keys, answered } = follow([{ issuer: server.origin }]);
  await keys.start();
  const before = fetchesOf(server);
  for (let call = 1; call <= 50; call += 1) {
    keys.refetch(server.origin, 'a');
    await until(() => answered.length === call);
  }
  assert.equal(fetchesOf(server) - before, 1);
});

test('Cache-Control sets the pause, between a minute and an hour', async () => {
  const cases: [string, number][] = [
    ['max-age=1800', 1_800_000],
    ['public, max-age=5', 60_000],
    ['max-age=99999999', 3_600_000],
    ['no-store', 60_000],
    ['s-maxage=1800', 600_000],
  ];
  for (const [header, pause] of cases) {
    const server = await discovered(json(keysNamed('a'), { 'cache-control': header }));
    const { keys, timers } = follow([{ issuer: server.origin }]);
    await keys.start();
    assert.equal(timers[0]?.delayMs, pause, header);
  }
});

test('a key set in a file is read again on reload, without discovery', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'poorter-issuers-'));
  after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'jwks.json');
  await writeFile(file, JSON.stringify(keysNamed('a')));
  const { keys, changes, warnings } = follow([{ issuer: 'urn:any', jwks: `file:${file}` }]);
  await keys.start();
  await writeFile(file, JSON.stringify(keysNamed('b')));
  await keys.reload();
  assert.deepEqual(changes, [['a'], ['b']]);
  await writeFile(file, '{');
  await keys.reload();
  assert.match(warnings.join(), /reading the key set/);
  assert.deepEqual(keys.keysOf('urn:any')?.jwks.keys[0]?.kid, 'b');
});

test('secret keys in a published set are dropped aloud, others of no use silently', () => {
  const { jwks, warnings } = readKeySet({
    keys: [
      { ...ec, kid: 'good' },
      { ...ec, kid: 'private', d: 'd' },
      { kty: 'oct', k: 'c2VjcmV0' },
      { ...ec, use: 'enc' },
      { kty: 'NEW' },
      { ...ec, kid: 7 },
      null,
      'key',
    ],
  } as unknown as JSONWebKeySet);
  assert.deepEqual(
    jwks.keys.map(({ kid }) => kid),
    ['good'],
  );
  assert.deepEqual(warnings, [
    'key 1 is private, and is not used',
    'key 2 is symmetric, and is not used',
    'key 5 is without a valid kid, and is not used',
    'key 6 is not an object, and is not used',
    'key 7 is not an object, and is not used',
  ]);
  for (const none of [null, 7, [], {}, { keys: {} }]) assert.throws(() => readKeySet(none));
});

test('after close nothing is fetched and nothing is told', async () => {
  const server = await discovered();
  const { keys, changes, timers } = follow([{ issuer: server.origin }]);
  const started = keys.start();
  keys.close();
  await started;
  assert.deepEqual(changes, []);
  assert.deepEqual(timers, []);
  keys.refetch(server.origin, 'b');
});
