import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { codeOf, type Handler, startGuarded } from './guarded.fixture.ts';

/**
 * What handlers, and the middlewares between them and the guard, do with a `ServerResponse`. Each is a way in
 * which somebody who stood in front of it has broken it for others.
 */

const TYPE = { 'content-type': 'application/json' };
const GOOD = '{"id":"a"}';
const LEAKY = '{"id":"a","iban":"x"}';
const MODES = ['/report', '/redact', '/block'] as const;

function everyMode(name: string, handler: Handler, check: (answer: Told) => void): void {
  for (const path of MODES) {
    test(`${name}: ${path.slice(1)}`, async (t) => {
      const { ask } = await startGuarded(t, handler);
      check(await ask(path));
    });
  }
}

type Told = Awaited<ReturnType<Awaited<ReturnType<typeof startGuarded>>['ask']>>;

const arrives = (answer: Told) => {
  assert.equal(answer.status, 200);
  assert.equal(answer.text, GOOD);
};

// senchalabs/connect#541: 'wait' was said, and 'drain' never.
for (const path of MODES) {
  test(`a large answer that is piped to a slow caller arrives whole: ${path.slice(1)}`, async (t) => {
    const text = JSON.stringify({ id: 'x'.repeat(3_000_000) });
    const { open } = await startGuarded(
      t,
      (response) => {
        response.writeHead(200, TYPE);
        const pieces = text.match(/.{1,60000}/g) ?? [];
        Readable.from(pieces, { objectMode: false }).pipe(response);
      },
      { bodyBytesMax: 4_000_000 },
    );
    const incoming = await open(path);
    let length = 0;
    for await (const piece of incoming) {
      length += (piece as Buffer).length;
      await new Promise(setImmediate);
    }
    assert.equal(length, text.length);
  });
}

// expressjs/session#477, QwikDev/qwik#8620
for (const path of [...MODES, '/block-leaky'] as const) {
  test(`callbacks of write and end are called, in their order: ${path.slice(1)}`, async (t) => {
    const text = path === '/block-leaky' ? LEAKY : GOOD;
    const called: string[] = [];
    const done: Promise<unknown>[] = [];
    const { ask } = await startGuarded(t, async (response) => {
      response.writeHead(200, TYPE);
      for (const letter of text.slice(0, -2)) {
        await new Promise<void>((resolve) => response.write(letter, () => resolve()));
        called.push('write');
      }
      await new Promise<void>((resolve) => response.write(text.at(-2), 'utf8', () => resolve()));
      done.push(
        new Promise<void>((resolve) =>
          response.end(text.at(-1), 'utf8', () => {
            called.push('end');
            resolve();
          }),
        ),
      );
      done.push(once(response, 'finish'));
    });
    const answer = await ask(path === '/block-leaky' ? '/block' : path);
    assert.equal(answer.status, path === '/block-leaky' ? 502 : 200);
    await Promise.all(done);
    assert.equal(called.length, text.length - 1);
    assert.equal(called.at(-1), 'end');
  });
}

for (const [name, end] of Object.entries({
  'end(callback)': (response: ServerResponse, done: () => void) => {
    response.write(GOOD);
    response.end(done);
  },
  'end(piece, callback)': (response: ServerResponse, done: () => void) => response.end(GOOD, done),
  'end(piece, encoding, callback)': (response: ServerResponse, done: () => void) =>
    response.end(Buffer.from(GOOD).toString('hex'), 'hex', done),
})) {
  for (const path of MODES) {
    test(`${name} calls it once: ${path.slice(1)}`, async (t) => {
      let calls = 0;
      const { ask } = await startGuarded(t, (response) => {
        response.setHeader('content-type', 'application/json');
        end(response, () => calls++);
      });
      arrives(await ask(path));
      while (calls === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      assert.equal(calls, 1);
    });
  }
}

// senchalabs/connect#112, nodejs/node#50387
everyMode(
  'a field that is named twice arrives twice, whether or not others were set before',
  (response) => {
    response.setHeader('X-Set', 'before');
    response.setHeader('Set-Cookie', 'lost=1');
    response.writeHead(200, [
      ...['Set-Cookie', 'a=1', 'X-Many', '1', 'Set-Cookie', 'b=2'],
      ...['X-Many', '2', 'Content-Type', 'application/json'],
    ]);
    response.end(GOOD);
  },
  (answer) => {
    arrives(answer);
    const values = (name: string) =>
      answer.rawHeaders.filter((_, at) => answer.rawHeaders[at - 1] === name && at % 2 === 1);
    assert.deepEqual(values('Set-Cookie'), ['a=1', 'b=2']);
    assert.deepEqual(values('X-Many'), ['1', '2']);
    assert.deepEqual(values('X-Set'), ['before']);
  },
);

everyMode(
  'fields as pairs, and a reason beside them',
  (response) => {
    const pairs = [
      ['Content-Type', 'application/json'],
      ['X-Many', '1'],
      ['X-Many', '2'],
    ];
    response.writeHead(200, 'All Well', pairs as never).end(GOOD);
  },
  (answer) => {
    arrives(answer);
    assert.equal(answer.reason, 'All Well');
    assert.equal(answer.headers['x-many'], '1, 2');
  },
);

/** As `on-headers` does, by which sessions, compression and others add their fields last. */
function onHead(response: ServerResponse, add: () => void): void {
  const { writeHead } = response;
  let isSaid = false;
  response.writeHead = function (this: ServerResponse, ...given: unknown[]) {
    if (!isSaid) {
      isSaid = true;
      add();
    }
    return Reflect.apply(writeHead, this, given);
  } as never;
}

for (const [name, answer] of Object.entries({
  end: (response: ServerResponse) => response.end(GOOD),
  write: (response: ServerResponse) => {
    response.write(GOOD.slice(0, 4));
    response.end(GOOD.slice(4));
  },
  flushHeaders: (response: ServerResponse) => {
    response.flushHeaders();
    response.end(GOOD);
  },
  writeHead: (response: ServerResponse) => response.writeHead(200).end(GOOD),
})) {
  everyMode(
    `what others add as the head is said is on the answer, and judged with it, by ${name}`,
    (response) => {
      onHead(response, () => response.setHeader('Content-Type', 'application/json'));
      answer(response);
    },
    arrives,
  );
}

// expressjs/compression#5: it looks at `_header`, and says the head where that is not set.
everyMode(
  'a middleware that says the head before each piece says it once',
  (response) => {
    const inner = response as ServerResponse & { _header: unknown; _implicitHeader(): void };
    const { write, end } = response;
    const said = () => void (inner._header || inner._implicitHeader());
    response.write = ((...given: unknown[]) => {
      said();
      return Reflect.apply(write, response, given);
    }) as never;
    response.end = ((...given: unknown[]) => {
      said();
      return Reflect.apply(end, response, given);
    }) as never;
    response.setHeader('Content-Type', 'application/json');
    response.write(GOOD.slice(0, 2));
    response.write(GOOD.slice(2, 4));
    response.end(GOOD.slice(4));
  },
  arrives,
);

// expressjs/session#102, #766: states that are wrong until later, and calls that are swallowed.
for (const path of MODES) {
  test(`a handler is told what it has done, at once: ${path.slice(1)}`, async (t) => {
    const told: unknown[] = [];
    const codeOfThrow = (work: () => unknown): unknown => {
      try {
        work();
        return 'nothing';
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    const { ask } = await startGuarded(t, (response) => {
      response.setHeader('content-type', 'application/json');
      told.push(response.headersSent, response.writableEnded);
      response.write(GOOD.slice(0, 3));
      told.push(response.headersSent, response.writableEnded);
      told.push(codeOfThrow(() => response.setHeader('x-late', '1')));
      told.push(codeOfThrow(() => response.appendHeader('x-late', '1')));
      told.push(codeOfThrow(() => response.removeHeader('content-type')));
      told.push(codeOfThrow(() => response.writeHead(500)));
      told.push(codeOfThrow(() => response.write(5 as never)));
      told.push(codeOfThrow(() => response.write(null as never)));
      response.end(GOOD.slice(3));
      told.push(response.headersSent, response.writableEnded, response.finished);
      response.end(GOOD, (error?: Error | null) => told.push((error as { code?: string })?.code));
      response.on('error', (error: { code?: string }) => told.push(error.code));
    });
    arrives(await ask(path));
    while (told.length < 14) await new Promise(setImmediate);
    const sent = 'ERR_HTTP_HEADERS_SENT';
    assert.deepEqual(told.slice(0, 13), [
      ...[false, false, true, false, sent, sent, sent, sent],
      ...['ERR_INVALID_ARG_TYPE', 'ERR_STREAM_NULL_VALUES', true, true, true],
    ]);
    assert.equal(told[13], 'ERR_STREAM_WRITE_AFTER_END');
  });
}

/** Within so many turns of the loop; a test that waits for ever holds up all that come after it. */
async function untilTurn(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    assert.ok(turn < 1_000_000, 'it does not come');
    await new Promise(setImmediate);
  }
}

test('what no head may hold is refused where it is said, and can be said better', async (t) => {
  const codes: unknown[] = [];
  const { ask } = await startGuarded(t, (response) => {
    for (const given of [
      [99],
      [1000],
      [200, 'two\nlines'],
      [200, { 'x-bad': 'two\nlines' }],
      [200, ['x-odd']],
    ]) {
      try {
        Reflect.apply(response.writeHead, response, given);
      } catch (error) {
        codes.push((error as { code?: string }).code);
      }
    }
    response.statusMessage = '';
    response.writeHead(200, TYPE).end(GOOD);
  });
  for (const path of MODES) {
    codes.length = 0;
    arrives(await ask(path));
    assert.deepEqual(codes, [
      ...['ERR_HTTP_INVALID_STATUS_CODE', 'ERR_HTTP_INVALID_STATUS_CODE', 'ERR_INVALID_CHAR'],
      ...['ERR_INVALID_CHAR', 'ERR_INVALID_ARG_VALUE'],
    ]);
  }
});

// expressjs/compression#188
for (const path of MODES) {
  test(`a caller that leaves is told to the handler, whose end is no error: ${path.slice(1)}`, async (t) => {
    const left = new AbortController();
    let isEnded = false;
    const { ask, reported } = await startGuarded(t, async (response) => {
      response.writeHead(200, TYPE);
      response.write(LEAKY.slice(0, 5));
      const closed = once(response, 'close');
      left.abort();
      await closed;
      assert.equal(response.write(LEAKY.slice(5)), false);
      isEnded = response.end() === response;
    });
    await assert.rejects(ask(path, { signal: left.signal }));
    await untilTurn(() => isEnded);
    assert.deepEqual(reported, []);
  });
}

// bithavoc/express-winston#112, #117: the last piece was taken for the whole.
test('an answer in pieces is judged as one, also where it is broken', async (t) => {
  let pieces = ['{"foo":', '1', '}'];
  const { ask, reported } = await startGuarded(t, (response) => {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    for (const piece of pieces.slice(0, -1)) response.write(piece);
    response.end(pieces.at(-1));
  });
  assert.equal((await ask('/report')).text, '{"foo":1}');
  assert.deepEqual(reported.at(-1)?.findings['undocumented'], ['/foo']);
  pieces = ['{"id":"a"', ',}'];
  assert.equal((await ask('/report')).text, '{"id":"a",}');
  assert.equal(codeOf(await ask('/redact')), 'answer_invalid');
  // A letter that is divided between two pieces is one letter.
  const whole = Buffer.from('{"id":"é"}');
  pieces = [whole.subarray(0, 8), whole.subarray(8)] as never;
  const before = reported.length;
  assert.equal((await ask('/block')).text, whole.toString());
  assert.equal(reported.length, before);
});

// cdimascio/express-openapi-validator#308, #1079: only bodies of `res.json` were looked at.
test('status, media type and fields are held against the description as the body is', async (t) => {
  let answer: Handler = () => undefined;
  const { ask, reported } = await startGuarded(t, (response, native) => answer(response, native));
  for (const [next, where] of [
    [(response: ServerResponse) => response.writeHead(302, { location: '/x' }).end(), 'status'],
    [
      (response: ServerResponse) => response.setHeader('content-type', 'image/gif').end('x'),
      'type',
    ],
    [
      (response: ServerResponse) =>
        response.writeHead(200, { ...TYPE, 'x-count': 'many' }).end(GOOD),
      'header',
    ],
  ] as const) {
    answer = next;
    assert.notEqual((await ask('/report')).status, 502, where);
    assert.equal(codeOf(await ask('/block')), 'answer_invalid', where);
    const [seen, withheld] = reported.slice(-2);
    assert.equal(seen?.kind, 'released');
    assert.equal(withheld?.kind, 'withheld');
    assert.match(JSON.stringify(seen?.findings), new RegExp(where));
  }
});

test('a handler that uses its memory again changes nothing that was judged', async (t) => {
  const { ask } = await startGuarded(t, (response) => {
    response.writeHead(200, TYPE);
    const memory = Buffer.from(GOOD);
    response.write(memory.subarray(0, 5), () => {
      memory.fill('x', 0, 5);
      response.end(memory.subarray(5));
    });
  });
  for (const path of ['/redact', '/block']) arrives(await ask(path));
});

test('what is told of the length is that of what was judged: nothing is left for the next answer', async (t) => {
  const { ask } = await startGuarded(t, (response) => {
    response.writeHead(200, { ...TYPE, 'content-length': '4' });
    response.write(GOOD);
    response.end();
  });
  for (const path of ['/redact', '/block']) {
    const answer = await ask(path);
    arrives(answer);
    assert.equal(answer.headers['content-length'], String(GOOD.length));
  }
});

test('the length of an end that threw is not told of the answer after it', async (t) => {
  const { ask } = await startGuarded(t, (response) => {
    response.setHeader('content-type', 'application/json');
    response.statusMessage = 'two\nlines';
    assert.throws(() => response.end('{}'), { code: 'ERR_INVALID_CHAR' });
    response.statusMessage = '';
    response.writeHead(200);
    response.end(GOOD);
  });
  for (const path of MODES) arrives(await ask(path));
});

test('after an answer that could not leave, the next one is judged as it is', async (t) => {
  // node:http takes no trailers where a length is told.
  const impossible = { trailer: 'x-sum', 'content-length': '2' };
  let type = '';
  const { ask, reported } = await startGuarded(t, (response) => {
    assert.throws(
      () => response.writeHead(200, { ...impossible, 'content-type': type }).end('{}'),
      { code: 'ERR_HTTP_TRAILER_INVALID' },
    );
    for (const name of Object.keys(impossible)) response.removeHeader(name);
    response.writeHead(200, TYPE);
    response.end(LEAKY);
  });
  // Of the first nobody would have looked at the body, and of the second somebody did.
  for (type of ['image/png', 'application/json; charset=utf-8']) {
    assert.equal(codeOf(await ask('/block')), 'answer_invalid', type);
    assert.equal((await ask('/redact')).text, GOOD, type);
    assert.equal((await ask('/report')).text, LEAKY, type);
    assert.equal(reported.at(-1)?.kind, 'released');
  }
  assert.equal(reported.length, 6);
});

test('a handler that asked to be held to its length is held to it', async (t) => {
  const codes: unknown[] = [];
  const { ask } = await startGuarded(t, (response) => {
    response.strictContentLength = true;
    response.writeHead(200, { ...TYPE, 'content-length': '4' });
    try {
      response.end(GOOD);
    } catch (error) {
      codes.push((error as { code?: string }).code);
      response.destroy();
    }
  });
  for (const path of MODES) await assert.rejects(ask(path));
  assert.deepEqual(codes, Array(3).fill('ERR_HTTP_CONTENT_LENGTH_MISMATCH'));
});

everyMode(
  'trailers arrive',
  (response) => {
    response.writeHead(200, { ...TYPE, trailer: 'x-sum' });
    response.write(GOOD);
    response.addTrailers({ 'x-sum': '7' });
    response.end();
  },
  (answer) => {
    arrives(answer);
    assert.deepEqual({ ...answer.trailers }, { 'x-sum': '7' });
  },
);

everyMode(
  'trailers that nobody announced arrive',
  (response) => {
    response.writeHead(200, TYPE);
    response.addTrailers([['x-sum', '7']]);
    response.end(GOOD);
  },
  (answer) => {
    arrives(answer);
    assert.deepEqual({ ...answer.trailers }, { 'x-sum': '7' });
  },
);

test('something endless ends when it is withheld', async (t) => {
  let pieces = 0;
  let ended: Promise<unknown> | null = null;
  const endless = function* () {
    for (;;) {
      pieces++;
      yield 'x'.repeat(1_000);
    }
  };
  const handlers: Handler[] = [
    (response) => {
      ended = pipeline(Readable.from(endless(), { objectMode: false }), response).catch(
        (error: unknown) => error,
      );
    },
    (response) => {
      const source = Readable.from(endless(), { objectMode: false });
      ended = once(source.pipe(response), 'unpipe');
    },
  ];
  for (const handler of handlers) {
    const { ask } = await startGuarded(
      t,
      (response, native) => {
        response.setHeader('content-type', 'application/json');
        handler(response, native);
      },
      { answerBytesMax: 50_000 },
    );
    assert.equal(codeOf(await ask('/block')), 'answer_invalid');
    await ended;
    assert.ok(pieces > 50, String(pieces));
  }
});

test('after an answer was withheld, its handler may go on as if nothing had happened', async (t) => {
  const done: unknown[] = [];
  const { ask, reported } = await startGuarded(t, async (response) => {
    response.on('error', (error) => done.push(error));
    response.writeHead(418, TYPE);
    done.push(response.write('x'));
    await once(response, 'drain');
    await new Promise<void>((resolve) => response.write('y', () => resolve()));
    response.addTrailers({ 'x-sum': '1' });
    response.flushHeaders();
    await new Promise<void>((resolve) => response.end('z', () => resolve()));
    response.end();
    done.push('end');
  });
  assert.equal(codeOf(await ask('/block')), 'answer_invalid');
  await untilTurn(() => done.includes('end'));
  assert.deepEqual(done, [false, 'end']);
  assert.equal(reported.length, 1);
});

test('on one connection, no answer takes the place of another', async (t) => {
  const waiting = new Map<string, () => void>();
  const { port } = await startGuarded(t, (response, { url = '' }) => {
    response.writeHead(200, TYPE);
    response.write('{"id":');
    waiting.set(url, () => response.end(`"${url}"}`));
  });
  const socket = connect(port, '127.0.0.1');
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  socket.write(`${ask('/block')}${ask('/redact')}${ask('/report')}`);
  while (waiting.size < 3) await new Promise(setImmediate);
  for (const path of ['/report', '/redact', '/block']) waiting.get(path)?.();
  let text = '';
  for await (const piece of socket) {
    text += piece;
    if (text.includes('"/report"')) break;
  }
  assert.deepEqual(
    [...text.matchAll(/\{"id":(?:\r\n8\r\n|\r\na\r\n)?"(.*?)"\}/g)].map(([, id]) => id),
    ['/block', '/redact', '/report'],
  );
});

test('answers that wait behind another on a connection that breaks leave their places', async (t) => {
  const CAPACITY = 20;
  const waiting: ServerResponse[] = [];
  let ended = 0;
  const { ask, port } = await startGuarded(
    t,
    (response, { headers }) => {
      ended += headers['x-first'] === undefined ? 1 : 0;
      response.writeHead(200, TYPE);
      response.write(GOOD);
      if (headers['x-first'] === undefined) response.end();
      else waiting.push(response);
    },
    { capacity: CAPACITY, heldBytesMax: 150 },
  );
  for (let round = 0; round < 3; round++) {
    const socket = connect(port, '127.0.0.1');
    const first = 'GET /block HTTP/1.1\r\nHost: a\r\nX-First: 1\r\n\r\n';
    socket.write(first + 'GET /block HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(CAPACITY / 2));
    while (ended < ((round + 1) * CAPACITY) / 2) await new Promise(setImmediate);
    const closed = once(waiting[round] as ServerResponse, 'close');
    socket.destroy();
    await closed;
    await new Promise(setImmediate);
  }
  arrives(await ask('/block'));
});

test('a caller of HTTP/1.0 is answered in its own way', async (t) => {
  const { port } = await startGuarded(t, (response) => {
    response.writeHead(200, TYPE);
    response.write(GOOD.slice(0, 4));
    response.end(GOOD.slice(4));
  });
  for (const path of MODES) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.0\r\nHost: a\r\n\r\n`);
    let text = '';
    for await (const piece of socket) text += piece;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(text.endsWith(`\r\n\r\n${GOOD}`), text);
  }
});

test('a handler that throws is answered for by the guard, and not taken for its answer', async (t) => {
  const { ask, reported } = await startGuarded(t, () => {
    throw new Error('broken');
  });
  for (const path of MODES) assert.equal(codeOf(await ask(path)), 'internal_fault');
  assert.deepEqual(reported, []);
});

test('a status that HTTP does not have reaches no caller, whatever the mode', async (t) => {
  let status = 600;
  const { ask, reported } = await startGuarded(t, (response) => {
    response.writeHead(status, TYPE);
    response.end(GOOD);
  });
  for (status of [600, 999]) {
    for (const path of ['/report', '/redact', '/block']) {
      const answer = await ask(path);
      assert.equal(answer.status, 502, path);
      assert.equal(codeOf(answer), 'upstream_invalid');
      assert.equal(reported.at(-1)?.kind, 'withheld');
    }
  }
});
