import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { HEAD, JSON_TYPE } from './world/things.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const strict = {
  200: {
    description: 'ok',
    content: { 'application/json': { schema: { type: 'object', required: ['id'] } } },
  },
};
const json = { content: { 'application/json': {} } };
const bytes = { content: { 'application/octet-stream': {} } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Words', version: '1' },
  security: [],
  paths: {
    '/continue/{way}': {
      parameters: [{ name: 'way', in: 'path', required: true, schema: { type: 'string' } }],
      get: { responses: ok },
    },
    '/early': { post: { requestBody: json, responses: ok } },
    '/early-stream': { post: { requestBody: bytes, responses: ok } },
    '/gone': { delete: { responses: { 204: { description: 'gone' } } } },
    '/place': {
      get: {
        parameters: [{ name: 'to', in: 'query', schema: { type: 'string' } }],
        responses: { 302: { description: 'elsewhere' } },
      },
    },
    '/cut': { get: { responses: ok }, post: { requestBody: json, responses: ok } },
    '/wrong': {
      'x-poorter': { response: 'block' },
      get: { responses: strict },
      post: { requestBody: json, responses: strict },
    },
    '/json': { post: { requestBody: json, responses: ok } },
    '/stream': { post: { requestBody: bytes, responses: ok } },
  },
};

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const CONTINUE = 'HTTP/1.1 100 Continue\r\nX-Why: not\r\n\r\n';
const whole: string[] = [];

/** Answers by the path; a request counts as whole when the end of its body has come. */
function serve(socket: Socket): void {
  let text = '';
  let isAnswered = false;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    if (head < 0) return;
    const [, path = ''] = text.split(' ');
    const body = text.slice(head + 4);
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
    const isChunked = /^transfer-encoding: chunked/im.test(text);
    if (path.startsWith('/base/early') && !isAnswered) {
      isAnswered = true;
      // As servers that bound bodies do: answer, close, and never read the rest.
      socket.write(
        'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      socket.destroySoon();
      return;
    }
    if (isChunked ? !body.includes('0\r\n\r\n') : body.length < length) return;
    whole.push(path);
    text = '';
    answer(socket, path);
  });
}

function answer(socket: Socket, path: string): void {
  const say = (said: string) => socket.write(said, 'latin1');
  switch (path) {
    case '/base/continue/once':
      return void say(CONTINUE + FINAL);
    case '/base/continue/twice':
      return void say(CONTINUE + CONTINUE + FINAL);
    case '/base/continue/in-pieces':
      for (const [at, letter] of [...(CONTINUE + FINAL)].entries()) setTimeout(say, at, letter);
      return;
    case '/base/continue/and-hints':
      return void say(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CONTINUE}${FINAL}`);
    case '/base/continue/as-a-body': {
      const [head, body] = [FINAL.replace('Length: 2', `Length: ${CONTINUE.length + 2}`), '"'];
      return void say(head.replace('{}', `${body}${CONTINUE}${body}`));
    }
    case '/base/gone':
      return void say('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
    case '/base/cut':
      return void socket.destroy();
    default:
      if (!path.startsWith('/base/place')) return void say(FINAL);
      say(
        `HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ${decodeURIComponent(path.split('to=')[1] ?? '')}\r\n\r\n`,
      );
  }
}

const service = createServer(serve);
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
after(() => service.close());
const { port } = service.address() as { port: number };
const origin = `http://127.0.0.1:${port}`;
const poorter = await startPoorter(
  { after },
  { description, upstream: `${origin}/base`, threads: 1, configuration: { limits: {} } },
);
const post = (path: string, body: string | Buffer, type = 'application/json') =>
  call(`${poorter.url}${path}`, { method: 'POST', body, headers: { 'content-type': type } });

for (const way of ['once', 'twice', 'in-pieces', 'and-hints']) {
  test(`a service that says 100 Continue unasked, ${way}, is heard to its end`, async () => {
    for (let round = 0; round < 3; round++) {
      const answered = await call(`${poorter.url}/continue/${way}`);
      assert.deepEqual([answered.status, answered.text], [200, '{}']);
    }
  });
}

test('what looks like an interim answer inside a body is left there', async () => {
  const answered = await call(`${poorter.url}/continue/as-a-body`);
  assert.equal(answered.text, `"${CONTINUE}"`);
});

test('an answer that comes while the upload goes on reaches the caller every time', async () => {
  const seen = new Set<number>();
  for (let round = 0; round < 15; round++) {
    const text = JSON.stringify('x'.repeat(900_000));
    seen.add((await post('/early', text)).status);
    seen.add((await post('/early-stream', text, 'application/octet-stream')).status);
  }
  assert.deepEqual([...seen], [413]);
});

test('an answer without content has no length, whatever the service says', async () => {
  const answered = await call(`${poorter.url}/gone`, { method: 'DELETE' });
  assert.equal(answered.status, 204);
  assert.equal(answered.headers['content-length'], undefined);
});

test('places that the service names by its own address are places of the gate', async () => {
  for (const [said, told] of [
    [`${origin}/base/things?page=2#end`, '/things?page=2#end'],
    [`${origin}/base`, '/'],
    [`${origin}/other`, '/other'],
    [`${origin}/base//evil.example/`, '/evil.example/'],
    ['https://other.example/things', 'https://other.example/things'],
    ['/base/relative', '/base/relative'],
    ['//other.example/', '//other.example/'],
  ] as const) {
    const answered = await call(`${poorter.url}/place?to=${encodeURIComponent(said)}`);
    assert.equal(answered.headers.location, told, said);
  }
});

test('a caller is told that a call may have taken effect, and only then', async () => {
  const told = async (path: string, method: string) => {
    const answered =
      method === 'GET' ? await call(`${poorter.url}${path}`) : await post(path, '{}');
    assert.equal(answered.status, 502, answered.text);
    return (JSON.parse(answered.text) as { mayHaveTakenEffect?: boolean }).mayHaveTakenEffect;
  };
  assert.equal(await told('/cut', 'POST'), true);
  assert.equal(await told('/cut', 'GET'), undefined);
  assert.equal(await told('/wrong', 'POST'), true);
  assert.equal(await told('/wrong', 'GET'), undefined);
});

test('trailer fields are refused, not lost, and the service is never told of a whole body', async () => {
  const chunked = (path: string, fields: string, trailer: string) =>
    `POST ${path} HTTP/1.1\r\n${HEAD}${fields}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n${trailer}\r\n`;
  const bare = 'Content-Type: application/octet-stream\r\n';
  for (const sent of [
    chunked('/json', JSON_TYPE, 'X-Sum: 1\r\n'),
    chunked('/stream', bare, 'X-Sum: 1\r\n'),
    chunked('/json', `${JSON_TYPE}Trailer: X-Sum\r\n`, 'X-Sum: 1\r\n'),
    chunked('/stream', `${bare}Trailer: X-Sum\r\n`, ''),
  ]) {
    const before = whole.length;
    const { answers } = await sendRaw(poorter.port, sent, { answers: 1 });
    assert.equal(answers[0]?.status, 400, sent);
    assert.equal(JSON.parse(answers[0]?.body ?? '').code, 'trailers_not_accepted');
    assert.deepEqual(whole.slice(before), [], sent);
  }
  for (const path of ['/json', '/stream']) {
    const type = path === '/json' ? JSON_TYPE : bare;
    const { answers } = await sendRaw(poorter.port, chunked(path, type, ''), { answers: 1 });
    assert.equal(answers[0]?.status, 200, 'without trailers');
  }
});
