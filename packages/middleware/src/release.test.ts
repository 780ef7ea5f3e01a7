import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { OperationGate } from '@poorter/engine';
import { AnswerMemory } from './answer-copy.ts';
import { type Answer, codeOf, type Handler, startGuarded } from './guarded.fixture.ts';
import { type AnswerOutcome, releaseChecked } from './release.ts';

/** What becomes of an answer of a handler, in each mode. */

const TYPE = { 'content-type': 'application/json' };
const SECRET = 'NL91ABNA0417164300';
const LEAKY = `{ "id":"a",\t"iban":"${SECRET}", "at":1.50 }`;

/** As handlers answer: all at once, in pieces, by `setHeader` or by `writeHead`. */
const WAYS: Readonly<Record<string, (response: ServerResponse, text: string) => void>> = {
  'by end alone': (response, text) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(text);
  },
  'with a length': (response, text) => {
    response.writeHead(200, { ...TYPE, 'content-length': Buffer.byteLength(text) }).end(text);
  },
  'in pieces': (response, text) => {
    response.writeHead(200, TYPE);
    for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
    response.end();
  },
  'by a list of fields': (response, text) => {
    response.writeHead(200, 'Fine', ['Content-Type', 'application/json']);
    response.write(text.slice(0, 5), 'latin1');
    response.end(text.slice(5), 'utf8');
  },
};

for (const [way, answerBy] of Object.entries(WAYS)) {
  test(`what nobody described is told, cut or withheld: answered ${way}`, async (t) => {
    let text = LEAKY;
    const { ask, reported } = await startGuarded(t, (response) => answerBy(response, text));
    const report = await ask('/report');
    assert.equal(report.text, LEAKY);
    const redact = await ask('/redact');
    assert.equal(redact.text, '{ "id":"a", "at":1.50 }');
    assert.equal(redact.headers['content-length'], String(redact.text.length));
    assert.equal(redact.headers['transfer-encoding'], undefined);
    const block = await ask('/block');
    assert.equal(block.status, 502);
    assert.equal(codeOf(block), 'answer_invalid');
    assert.ok(!JSON.stringify(block).includes(SECRET));
    const told = reported.map(({ kind, code, status, path, findings }) => [
      ...[kind, code, status, path],
      (findings['undocumented'] as string[]).join(),
    ]);
    assert.deepEqual(told, [
      ['released', null, 200, '/report', '/iban'],
      ['cut', null, 200, '/redact', '/iban'],
      ['withheld', 'answer_invalid', 200, '/block', '/iban'],
    ]);
    assert.ok(!JSON.stringify(reported).includes(SECRET));

    // As described, it arrives byte for byte, and nobody is told.
    text = '{ "id":"é" }';
    for (const path of ['/report', '/redact', '/block']) {
      const answer = await ask(path);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, text, path);
    }
    assert.equal(reported.length, 3);
  });
}

test('what cannot be looked at leaves in report alone, and for the reason that is told', async (t) => {
  const odd: [Handler, unknown][] = [
    [(response) => response.writeHead(418, TYPE).end('{}'), 'undocumented'],
    [
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(SECRET),
      'undocumented',
    ],
    [(response) => response.end(SECRET), 'undocumented'],
    [
      (response) =>
        response
          .writeHead(200, { ...TYPE, 'content-encoding': 'gzip' })
          .end(gzipSync('{"id":"a"}')),
      'undocumented',
    ],
    [(response) => response.writeHead(200, TYPE).end(`"${'x'.repeat(200_000)}"`), 'unchecked'],
    [
      (response) => {
        response.writeHead(200, TYPE);
        for (let piece = 0; piece < 200; piece++) response.write('x'.repeat(1_000));
        response.end();
      },
      'unchecked',
    ],
  ];
  let handler: Handler = () => undefined;
  const { ask, reported } = await startGuarded(t, (response, native) => handler(response, native), {
    answerBytesMax: 100_000,
  });
  for (const [index, [answer, reason]] of odd.entries()) {
    handler = answer;
    const before = reported.length;
    const released = await ask('/report');
    assert.notEqual(released.status, 502, String(index));
    for (const path of ['/redact', '/block']) {
      const withheld = await ask(path);
      assert.equal(codeOf(withheld), 'answer_invalid', `${index} ${path}`);
      assert.ok(!withheld.text.includes(SECRET));
    }
    const told = reported.slice(before);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['released', 'withheld', 'withheld'],
    );
    for (const { findings } of told)
      assert.ok((reason as string) in findings, JSON.stringify(told));
  }
});

test('without a place in memory nothing is released unseen, and the place returns', async (t) => {
  const waiting: (() => void)[] = [];
  const { ask } = await startGuarded(
    t,
    (response, native) => {
      response.writeHead(200, TYPE);
      response.write(`{"id":"${'x'.repeat(50_000)}`);
      if (native.headers['x-wait'] === undefined) response.end('"}');
      else waiting.push(() => response.end('"}'));
    },
    { heldBytesMax: 250_000 },
  );
  const first = ask('/block', { headers: { 'x-wait': '1' } });
  while (waiting.length === 0) await new Promise(setImmediate);
  assert.equal(codeOf(await ask('/block')), 'answer_invalid');
  waiting[0]?.();
  assert.equal((await first).status, 200);
  assert.equal((await ask('/block')).status, 200);

  // Whoever leaves before it is answered leaves its place, too.
  const left = new AbortController();
  const gone = ask('/block', { headers: { 'x-wait': '1' }, signal: left.signal });
  while (waiting.length === 1) await new Promise(setImmediate);
  left.abort();
  await assert.rejects(gone);
  for (;;) {
    const answer = await ask('/block');
    if (answer.status === 200) break;
  }
  waiting[1]?.();
});

test('an answer without content is judged by its head alone', async (t) => {
  const { ask, reported } = await startGuarded(t, (response, { method }) => {
    if (method === 'HEAD') response.writeHead(200, { ...TYPE, 'content-length': 17 }).end();
    else response.writeHead(204).end();
  });
  for (const path of ['/report', '/redact', '/block']) {
    const head = await ask(path, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], '17');
    const empty = await ask(path);
    assert.equal(empty.status, 204);
    assert.equal(empty.headers['content-length'], undefined);
    assert.equal(empty.headers['transfer-encoding'], undefined);
  }
  assert.deepEqual(reported, []);
});

test('a cut answer has no validator, digest or trailer of the bytes that it was', async (t) => {
  const { ask } = await startGuarded(t, (response) => {
    response.writeHead(200, {
      ...{ ...TYPE, etag: '"original"', 'content-digest': 'sha-256=:b3JpZ2luYWw=:' },
      ...{ 'accept-ranges': 'bytes', 'set-cookie': ['a=1', 'b=2'] },
    });
    response.end(LEAKY);
  });
  const { headers } = await ask('/redact');
  assert.notEqual(headers.etag, '"original"');
  assert.ok(!String(headers['content-digest']).includes('b3JpZ2luYWw='));
  assert.equal(headers['accept-ranges'], undefined);
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  assert.ok(headers.date);
});

test('nothing that the handler said of a withheld answer stands in the problem', async (t) => {
  const { ask } = await startGuarded(t, (response) => {
    response.statusMessage = `Found ${SECRET}`;
    response.setHeader('Set-Cookie', [`session=${SECRET}`]);
    response.setHeader('Date', 'Thu, 01 Jan 1970 00:00:00 GMT');
    response.writeHead(200, { ...TYPE, 'x-account': SECRET, trailer: 'x-sum' });
    response.write('{');
    response.addTrailers({ 'x-sum': SECRET });
    response.end();
  });
  for (const method of ['GET', 'POST']) {
    const answer = await ask('/block', { method });
    assert.equal(answer.status, 502);
    assert.ok(!JSON.stringify(answer).includes(SECRET), JSON.stringify(answer));
    assert.equal(answer.reason, 'Bad Gateway');
    const problem = JSON.parse(answer.text) as Record<string, unknown>;
    assert.equal(problem['code'], 'answer_invalid');
    assert.equal(problem['mayHaveTakenEffect'], method === 'POST' ? true : undefined);
    assert.ok(answer.headers['poorter-call']);
    assert.notEqual(answer.headers.date, 'Thu, 01 Jan 1970 00:00:00 GMT');
  }
});

test('a stream leaves piece by piece, and so does what is only reported', async (t) => {
  const first = '{"id":"a"';
  let more: ServerResponse | null = null;
  const { open } = await startGuarded(t, (response, { url }) => {
    const type = url === '/stream' ? 'text/event-stream' : 'application/json';
    response.setHeader('content-type', type);
    response.flushHeaders();
    response.write(first);
    more = response;
  });
  for (const path of ['/stream', '/report']) {
    const incoming = await open(path);
    incoming.setEncoding('utf8');
    const [piece] = (await once(incoming, 'data')) as [string];
    assert.equal(piece, first, path);
    (more as ServerResponse | null)?.end('}');
    const [last] = (await once(incoming, 'data')) as [string];
    assert.equal(last, '}');
  }
});

test('an answer that nobody asked to check is not touched', async (t) => {
  const own: string[][] = [];
  const { ask } = await startGuarded(
    t,
    (response, native) => {
      own.push([
        ...Object.keys(response).filter((name) => name in ServerResponse.prototype),
        String(native.headers['accept-encoding']),
      ]);
      response.end('whatever');
    },
    { reported: undefined as never },
  );
  const headers = { 'accept-encoding': 'br' };
  assert.equal((await ask('/report', { headers })).text, 'whatever');
  assert.equal(codeOf((await ask('/block', { headers })) as Answer), 'answer_invalid');
  const [plain = [], checked = []] = own;
  const added = checked.filter((name) => !plain.includes(name));
  assert.ok(added.includes('writeHead') && !plain.includes('writeHead'), String(own));
  // Where it is checked, it is asked for as it can be read.
  assert.equal(plain.at(-1), 'br');
  assert.equal(checked.at(-1), 'identity');
});

test('a fault of ours while an answer is judged lets nothing out, and does not reach the handler', async (t) => {
  const broken = (fails: 'expectAnswer' | 'checkAnswer', response: 'report' | 'block') => {
    const works = { expectAnswer: () => ({ kind: 'validate' }), checkAnswer: () => null };
    const fault = () => {
      throw new TypeError('a fault');
    };
    return { response, operation: { ...works, [fails]: fault } } as unknown as OperationGate;
  };
  let operation = broken('expectAnswer', 'block');
  const told: AnswerOutcome[] = [];
  const server = createServer((native, response) => {
    releaseChecked(response, {
      ...{ method: 'GET', operation },
      memory: new AnswerMemory({ bytesMax: 1_000, heldBytesMax: 1_000 }),
      told: (outcome) => told.push(outcome),
      problemFor: ({ code }) => [500, ['x-for', native.url ?? ''], Buffer.from(code)],
    });
    response.end(SECRET);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.equal(await ask(), 'internal_fault');
  operation = broken('checkAnswer', 'block');
  assert.equal(await ask(), 'internal_fault');
  // What has left cannot be called back.
  operation = broken('checkAnswer', 'report');
  assert.equal(await ask(), SECRET);
  assert.deepEqual(
    told.map(({ kind, code, findings }) => [kind, code, findings]),
    [
      ['withheld', 'internal_fault', { unchecked: 'fault' }],
      ['withheld', 'internal_fault', { unchecked: 'fault' }],
      ['released', null, { unchecked: 'fault' }],
    ],
  );
});
