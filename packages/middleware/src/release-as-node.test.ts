import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerAt, codeOf, type Handler, SHORT, startGuarded } from './guarded.fixture.ts';

/** Whatever a handler does with its `ServerResponse`, it does as if nobody stood in front of it. */

type Step = (response: ServerResponse) => unknown;

const name = fc.constantFrom('X-One', 'x-two', 'Set-Cookie', 'Link', 'ETag', 'bad name', '');
const value = fc.constantFrom('1', '2', 'a b', 'two\nlines', '');
const text = fc.string({ maxLength: 20 });
const piece = fc.oneof(
  text,
  text.map((one) => Buffer.from(one)),
  fc.constant(null),
  fc.constant(5),
);
const status = fc.constantFrom(200, 200, 201, 204, 304, 404, 500);
const anyStatus = fc.oneof(status, fc.constantFrom(99, 1000));
const pair = fc.tuple(name, value);
const fields = fc.oneof(
  fc.array(pair, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
  fc.array(pair, { maxLength: 3 }).map((pairs) => pairs.flat()),
  fc.constant(['x-odd']),
  fc.constant(undefined),
);

const does = (what: string, take: Step): [string, Step] => [what, take];
const step = fc.oneof(
  pair.map(([key, one]) => does(`set ${key}`, (r) => void r.setHeader(key, one))),
  pair.map(([key, one]) => does(`append ${key}`, (r) => void r.appendHeader(key, one))),
  name.map((key) => does(`remove ${key}`, (r) => r.removeHeader(key))),
  status.map((code) => does(`status ${code}`, (r) => Object.assign(r, { statusCode: code }) && 0)),
  value.map((one) => does(`why ${one}`, (r) => Object.assign(r, { statusMessage: one }) && 0)),
  fc
    .tuple(anyStatus, fields)
    .map(([code, all]) => does(`head ${code}`, (r) => void r.writeHead(code, all as never))),
  fc
    .tuple(anyStatus, value, fields)
    .map(([code, why, all]) =>
      does(`head ${code} ${why}`, (r) => void r.writeHead(code, why, all as never)),
    ),
  fc.constant(does('flush', (r) => r.flushHeaders())),
  piece.map((one) => does('write', (r) => r.write(one as never))),
  text.map((one) => does('write hex', (r) => r.write(Buffer.from(one).toString('hex'), 'hex'))),
  fc.constant(does('trailers', (r) => r.addTrailers({ 'x-sum': '7' }))),
  fc.constant(does('cork', (r) => r.cork())),
  fc.constant(does('uncork', (r) => r.uncork())),
  piece.map((one) => does('end', (r) => void r.end(one as never))),
);

/** What a handler sees of its own steps. */
function run(steps: readonly [string, Step][], seen: unknown[]): Handler {
  return (response) => {
    response.on('error', (error: { code?: string }) => seen.push(`error ${error.code}`));
    response.setHeader('content-type', 'text/plain');
    for (const [what, take] of steps) {
      let told: unknown = null;
      try {
        const given = take(response);
        // 'Wait' is said where something leaves, and not where it is held.
        told = typeof given === 'boolean' ? 'taken' : given;
      } catch (error) {
        told = (error as { code?: string }).code;
      }
      const { headersSent, writableEnded, finished, statusCode } = response;
      seen.push([what, told, headersSent, writableEnded, finished, statusCode]);
    }
    if (response.writableEnded) return;
    if (!response.headersSent) Object.assign(response, { statusCode: 200, statusMessage: '' });
    try {
      response.end();
    } catch (error) {
      seen.push((error as { code?: string }).code);
      response.destroy();
    }
  };
}

/** What its caller sees, but for how the length is told. */
async function seenBy(asked: ReturnType<typeof answerAt>) {
  const answer = await asked.catch(() => null);
  if (answer === null) return { shown: null, trailers: {} };
  const { status: code, reason, rawHeaders, text: body, trailers } = answer;
  const framing = /^(?:content-length|transfer-encoding|date|connection|keep-alive)$/i;
  const said: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!framing.test(rawHeaders[at] as string))
      said.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return { shown: { code, reason, said, body }, trailers: { ...trailers } };
}

function isRefusedEnd(seen: unknown): boolean {
  const [what, told] = seen as [string, unknown];
  return what === 'end' && typeof told === 'string' && told !== 'taken';
}

test('handlers, and their callers, see the same with and without the guard', async (t) => {
  let handler: Handler = () => undefined;
  const plain = createServer((native, response) => void handler(response, native));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  t.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;
  const guarded = await startGuarded(t, (response, native) => handler(response, native));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, isHead) => {
      const method = isHead ? 'HEAD' : 'GET';
      const without: unknown[] = [];
      handler = run(steps, without);
      const bare = await seenBy(answerAt(port, '/text/report', { method }));
      for (const path of ['/text/report', '/text/block']) {
        const within: unknown[] = [];
        handler = run(steps, within);
        const seen = await seenBy(guarded.ask(path, { method }));
        assert.deepEqual(within, without, path);
        // After an end that threw, node:http tells the length of what it never sent: too much, or too little.
        const isMisframed = bare.shown === null || without.some(isRefusedEnd);
        if (!isMisframed) assert.deepEqual(seen.shown, bare.shown, path);
        // They may arrive where node:http would have dropped them.
        if ('x-sum' in bare.trailers) assert.deepEqual(seen.trailers, bare.trailers);
      }
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(guarded.reported, []);
});

test('whatever a handler does, nothing leaves that may not: all of it is taken back', async (t) => {
  let handler: Handler = () => undefined;
  const { ask, reported } = await startGuarded(t, (response, native) => handler(response, native));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      handler = run(steps, []);
      const before = reported.length;
      const answer = await ask('/short/block').catch(() => null);
      if (answer === null) return;
      const told = reported.slice(before);
      if (answer.status !== 502) {
        assert.ok([...answer.text].length <= SHORT, answer.text);
        assert.deepEqual(told, []);
        return;
      }
      assert.equal(codeOf(answer), 'answer_invalid');
      assert.ok(
        !('x-one' in answer.headers || 'link' in answer.headers),
        String(answer.rawHeaders),
      );
      assert.deepEqual(answer.trailers, {});
      assert.deepEqual(
        told.map(({ kind }) => kind),
        ['withheld'],
      );
    }),
    { numRuns: 300 },
  );
  assert.ok(reported.length > 10, 'nothing was withheld');
});
