import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { operatorCredential } from './world/admin.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { LINK_FILES, linkFiles } from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Fuzz', version: '1' },
  paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};
const contract = parse(
  readFileSync(join(import.meta.dirname, '../contract/admin.openapi.yaml'), 'utf8'),
) as { paths: Record<string, object> };

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const segment = fc.oneof(
  fc.constantFrom(
    'key_1',
    'block_1',
    'local',
    '0',
    '-1',
    '1e9',
    '..',
    '%2e',
    '%00',
    '%ff',
    '\u{1f600}',
  ),
  fc.string({ maxLength: 20 }),
);
const member = fc.constantFrom(
  ...[
    'name',
    'scopes',
    'roles',
    'limits',
    'networks',
    'expires',
    'kind',
    'value',
    'reason',
    'until',
  ],
  ...['key', 'owner', '__proto__', 'constructor', 'overlapSeconds'],
);
const body = fc.oneof(
  anyText,
  fc.json(),
  fc
    .array(fc.tuple(member, fc.jsonValue({ maxDepth: 3 })), { maxLength: 6 })
    .map((members) => `{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)}}`),
);
const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'TRACE'];
const documented = Object.entries(contract.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method.toLowerCase() in item).map((method) => [method, path] as const),
);
const call = fc.record({
  target: fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...documented) },
        {
          weight: 1,
          arbitrary: fc.tuple(
            fc.constantFrom(...METHODS),
            fc.constantFrom(...Object.keys(contract.paths)),
          ),
        },
      ),
      segment,
      segment,
    )
    .map(([[method, path], a, b]) => ({
      method,
      path: encodeURI(
        path.replace('{id}', a).replace('{node}', a).replace('{index}', b).toWellFormed(),
      ).slice(0, 300),
    })),
  query: fc.option(
    fc.tuple(fc.constantFrom('cursor', 'limit', 'state', 'from', 'client', 'x'), anyText),
    { nil: null, freq: 1 },
  ),
  type: fc.constantFrom('application/json', 'application/json', 'text/plain', ''),
  header: fc.option(
    fc.tuple(
      fc.constantFrom('if-match', 'idempotency-key', 'content-length', 'expect', 'x-y'),
      fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x21-\x7e]/g, '')),
    ),
    { nil: null, freq: 2 },
  ),
  body: fc.oneof(body, fc.constant('{"name":"fuzz"}'), fc.constant('{}')),
});

/** Everything that comes back before the connection ends. */
function exchange(port: number, bytes: string, patienceMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

test('whatever an owner sends the admin API, it answers with what the contract knows, and lives', async (t) => {
  const poorter = await startPoorter(t, { description, upstream: 'http://127.0.0.1:9' });
  const key = operatorCredential(poorter);
  const { port } = new URL(poorter.controlUrl);
  const { control } = poorter.children();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(call, async ({ target, query, type, header, body: given }) => {
      const { method, path } = target;
      const body = method === 'POST' || method === 'PATCH' ? given : '';
      const search =
        query === null ? '' : `?${query[0]}=${encodeURIComponent(query[1].toWellFormed())}`;
      const mayBeCutShort = header?.[0] === 'content-length';
      const asked = `${method} ${path}${search}`;
      const answer = await exchange(
        Number(port),
        [
          `${asked} HTTP/1.1`,
          ...['Host: 127.0.0.1', 'Connection: close', `Poorter-Operator-Key: ${key}`],
          ...(type === '' || body === '' ? [] : [`Content-Type: ${type}`]),
          ...(header === null ? [] : [`${header[0]}: ${header[1]}`]),
          ...(mayBeCutShort ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
          ...['', body],
        ].join('\r\n'),
        mayBeCutShort ? 12_000 : PATIENCE_MS,
      );
      // A request that says it is longer than it is gets no answer.
      if (answer === '' && mayBeCutShort) return;
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      const said = `${asked} ${header} ${body}: ${answer}`;
      // On a machine that has no time, a gateway may confirm too late: that is said, and nothing is wrong.
      const isLate = status === 504 && answer.includes('"not_everywhere_yet"');
      assert.ok((status >= 200 && status < 500) || isLate, said);
      assert.doesNotMatch(answer, /\n\s+at .*:[0-9]+|node_modules|SQLITE/);
      const hasProblem = /content-type: application\/problem\+json/i.test(answer);
      // Node's own parser answers what is no HTTP.
      if (status >= 400 && ![400, 405, 408, 417, 431].includes(status)) assert.ok(hasProblem, said);
    }),
    { numRuns: 1_500 },
  );
  assert.equal(poorter.children().control, control, 'control is the process that it was');
  assert.ok((seen.get(200) ?? 0) + (seen.get(201) ?? 0) > 10, JSON.stringify([...seen]));
  assert.ok((seen.get(400) ?? 0) > 10, JSON.stringify([...seen]));
});

test('whatever a listed gateway says over the link, control lives and its files are its own', async (t) => {
  const authority = makeAuthority(t);
  const linkPort = await unusedPort();
  const poorter = await startPoorter(t, {
    description,
    upstream: 'http://127.0.0.1:9',
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: {
      link: { address: `127.0.0.1:${linkPort}`, ...LINK_FILES, gateways: ['gw_a'] },
    },
  });
  const { control } = poorter.children();
  const { certificate, key } = authority.issue('/CN=gw_a', { names: 'DNS:gw_a' });
  const open = () =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`wss://localhost:${linkPort}/link`, {
        ...{ cert: certificate, key, ca: authority.certificate },
      });
      socket.once('open', () => resolve(socket));
      socket.on('error', reject);
    });
  const writer = fc.oneof(
    fc.constantFrom(
      'gw_a-0-0123456789abcdef',
      'gw_a-00-0123456789abcdef',
      '../state.sqlite',
      'gw_b-0-0123456789abcdef',
    ),
    fc.string({ maxLength: 20 }),
  );
  const natural = fc.oneof(fc.nat(3), fc.integer());
  const extent = fc.record({ file: natural, bytes: natural, crc: natural });
  const piece = fc.record({
    ...{ file: natural, offset: natural, crc: natural, isFirst: fc.boolean() },
    before: fc.option(extent),
    bytes: fc.base64String({ maxLength: 80 }).map((text) => ({ $bytes: text })),
  });
  const entry = fc.record({
    ...{ writer, pieces: fc.array(piece, { maxLength: 3 }), isForgotten: fc.boolean() },
    end: fc.option(fc.record({ last: fc.option(extent), admitted: natural })),
  });
  const message = fc.oneof(
    anyText,
    fc.json(),
    fc
      .record({
        type: fc.constantFrom('spool', 'applied', 'live-applied', 'metrics', 'listening', 'x'),
        number: fc.integer(),
        sequence: fc.oneof(fc.integer(), fc.double()),
        version: fc.integer(),
        entries: fc.array(entry, { maxLength: 3 }),
      })
      .map((value) => JSON.stringify(value)),
  );
  let socket = await open();
  await fc.assert(
    fc.asyncProperty(message, async (text) => {
      if (socket.readyState !== WebSocket.OPEN) socket = await open();
      socket.send(text);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }),
    { numRuns: 300 },
  );
  socket.terminate();
  assert.equal(poorter.children().control, control, 'control is the process that it was');
  const status = await fetch(`${poorter.controlUrl}/v1/status`, {
    headers: { 'poorter-operator-key': operatorCredential(poorter) },
  });
  assert.equal(status.status, 200, poorter.output());
});
