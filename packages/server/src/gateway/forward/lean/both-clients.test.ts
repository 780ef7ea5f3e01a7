import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Question } from './question.ts';
import { canParse } from './response-parser.ts';
import {
  bodyOf,
  HEAD,
  outcome,
  overLean,
  overUndici,
  PATIENT_TIMES,
  question,
  type Script,
  service,
  TIMES,
} from './scripted-service.fixture.ts';

async function both(from: Script, asked: Question = question()): Promise<[unknown, unknown]> {
  const waits = from.end === 'stays' && WAITS.includes(from.pieces.join(''));
  const once = async (over: typeof overLean) => {
    service.script = from;
    service.heard = '';
    return over((client) => outcome(client, asked), waits ? TIMES : PATIENT_TIMES);
  };
  return [await once(overLean), await once(overUndici)];
}

const MESSAGES: readonly (readonly [text: string, end: Script['end'], method?: string])[] = [
  [`${HEAD}Content-Length: 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Content-Length: 5\r\n\r\nhello`, 'stays', 'HEAD'],
  [`${HEAD}Content-Length: 5\r\n\r\n`, 'stays', 'HEAD'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, 'stays', 'HEAD'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'stays'],
  [
    `${HEAD}Transfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: 1\r\nU: 2\r\n\r\n`,
    'stays',
  ],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, 'ends'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, 'resets'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'stays'],
  [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`, 'stays'],
  [`${HEAD}Transfer-Encoding: gzip\r\n\r\nab`, 'ends'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'ends'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'resets'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'stays'],
  [`${HEAD}Content-Length: 5, 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: -5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'stays'],
  [`${HEAD}\r\nuntil the end`, 'ends'],
  [`${HEAD}\r\nuntil the end`, 'resets'],
  [`${HEAD}\r\n`, 'stays'],
  ['HTTP/1.0 200 OK\r\n\r\nold', 'ends'],
  ['HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', 'stays'],
  ['HTTP/1.1 204 No Content\r\n\r\n', 'stays'],
  ['HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc', 'stays'],
  ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'stays'],
  ['HTTP/1.1 204\r\n\r\n', 'stays'],
  ['HTTP/1.1 600 Odd\r\nContent-Length: 1\r\n\r\na', 'stays'],
  ['HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\na', 'stays'],
  ['HTTP/1.1 600 Odd\r\n\r\nuntil the end', 'ends'],
  ['HTTP/1.1 099 Odd\r\nContent-Length: 1\r\n\r\na', 'stays'],
  ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 600 Odd\r\n\r\n', 'stays'],
  ['HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n', 'stays'],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na', 'stays'],
  [
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
    'stays',
  ],
  ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', 'ends'],
  ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', 'stays'],
  ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw', 'stays'],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 'stays'],
  ['HTTP/2.0 200 OK\r\n\r\n', 'ends'],
  ['HTTP/1.1 20 OK\r\n\r\n', 'ends'],
  ['HTTP/1.1 2000 OK\r\n\r\n', 'ends'],
  ['ICY 200 OK\r\n\r\n', 'ends'],
  ['SSH-2.0-x\r\n', 'ends'],
  ['', 'ends'],
  ['', 'resets'],
  ['', 'stays'],
  ['HTTP/1.1 200 OK\n\n', 'ends'],
  [`${HEAD}A: 1\r\n B: 2\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A : 1\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A: \x01\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A: \x00\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}: 1\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Set-Cookie: a\r\nSet-Cookie: b\r\nX: \r\nX:\t y \r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}${'N: 1\r\n'.repeat(300)}Content-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Connection: close\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}Keep-Alive: timeout=1\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}X: ${'y'.repeat(70_000)}\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}Content-Length: 1\r\n\r\na${HEAD}Content-Length: 4\r\n\r\nevil`, 'stays'],
  [`${HEAD}Content-Length: 1\r\n\r\nab`, 'stays'],
];

/** Where undici takes less care. */
const BETTER: readonly { text: string; end: Script['end']; lean: unknown }[] = [
  {
    // RFC 9112 §8: a connection that broke off is not the end of an answer.
    text: `${HEAD}\r\nuntil the end`,
    end: 'resets',
    lean: { status: 200, headers: [], body: 'until the end', cut: 'unreachable' },
  },
  ...['Upgrade: x\r\nConnection: upgrade\r\n\r\nraw', '\r\n'].map((rest) => ({
    text: `HTTP/1.1 101 Switching Protocols\r\n${rest}`,
    end: 'stays' as const,
    lean: { failure: 'invalid', nothingSent: false },
  })),
  {
    // RFC 9110 §5.5: blanks around a value are no part of it.
    text: `${HEAD}Set-Cookie: a\r\nSet-Cookie: b\r\nX: \r\nX:\t y \r\nContent-Length: 0\r\n\r\n`,
    end: 'stays',
    lean: {
      ...{ status: 200, body: '', trailers: [] },
      headers: [
        ['content-length', ['0']],
        ['set-cookie', ['a', 'b']],
        ['x', ['', 'y']],
      ],
    },
  },
];

/** These end with a deadline. */
const WAITS = [
  '',
  `${HEAD}Content-Length: 5\r\n\r\nhel`,
  `${HEAD}\r\n`,
  'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n',
];

test('an answer is the same over both clients, however it comes and however it ends', async () => {
  assert.ok(canParse());
  for (const [text, end, method = 'GET'] of MESSAGES) {
    const [lean, undici] = await both({ pieces: [text], end }, question({ method }));
    const better = BETTER.find((one) => one.text === text && one.end === end);
    assert.deepEqual(
      lean,
      better?.lean ?? undici,
      JSON.stringify([text.slice(0, 200), end, method]),
    );
    assert.equal(isDeepStrictEqual(lean, undici), better === undefined, 'a difference is known');
  }
});

test('an answer with a status that HTTP does not have reaches nobody, over either client', async () => {
  for (const status of ['000', '099', '600', '999']) {
    const text = `HTTP/1.1 ${status} Odd\r\nContent-Length: 1\r\n\r\na`;
    const answers = await both({ pieces: [text], end: 'stays' });
    const broken = { failure: 'invalid', nothingSent: false };
    assert.deepEqual(answers, [broken, broken], status);
  }
});

test('an answer is the same wherever it is cut into pieces', async () => {
  const anyMessage = fc.constantFrom(...MESSAGES.filter(([text]) => text.length < 2_000));
  await fc.assert(
    fc.asyncProperty(
      anyMessage,
      fc.array(fc.nat(200), { maxLength: 12 }),
      async ([text, end, method = 'GET'], cuts) => {
        // What waits for a deadline takes its time, and has nothing to do with pieces.
        fc.pre(end !== 'stays' || !WAITS.includes(text));
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted(byNumber);
        const pieces = [0, ...places].map((from, at) => text.slice(from, places[at]));
        const asked = question({ method });
        const whole = await overLeanOnce({ pieces: [text], end }, asked);
        assert.deepEqual(await overLeanOnce({ pieces, end }, asked), whole, JSON.stringify(pieces));
      },
    ),
    { numRuns: 150 },
  );
});

const byNumber = (one: number, other: number) => one - other;

async function overLeanOnce(from: Script, asked: Question): Promise<unknown> {
  service.script = from;
  service.heard = '';
  return overLean((client) => outcome(client, asked), PATIENT_TIMES);
}

test('a question is the same over both clients, byte for byte but for the order of its fields', async () => {
  const pieces = [`${HEAD}Content-Length: 0\r\n\r\n`];
  const text = (size: number) => Buffer.alloc(size, 'ab\xe9');
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH']) {
    const bodies = ['POST', 'PUT', 'PATCH'].includes(method)
      ? [null, text(0), text(1), text(16_384), text(16_385), text(300_000)]
      : [null];
    for (const body of bodies) {
      const texts: string[] = [];
      const path = '/a%20b?c=d&e';
      const headers = ['x', 'caf\xe9', 'y', '', 'X-Forwarded-For', '1.2.3.4'];
      const asked = question({ method, body, headers, path });
      for (const over of [overLean, overUndici]) {
        service.script = { pieces, end: 'stays', bodyBytes: body?.length ?? 0 };
        service.heard = '';
        await over((client) => outcome(client, asked));
        texts.push(sortedHead(service.heard));
      }
      assert.equal(texts[0], texts[1], method);
    }
  }
});

function sortedHead(text: string): string {
  const [first, ...fields] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  // After a HEAD, undici does not keep a connection.
  const isHead = text.startsWith('HEAD ');
  const kept = fields.filter((field) => !isHead || !field.startsWith('connection:'));
  return JSON.stringify([first, kept.toSorted(), bodyOf(text)]);
}
