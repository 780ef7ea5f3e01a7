import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, eventually, openCall } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';

const MEGABYTE = 1_048_576;
const STREAM_BYTES = 320 * MEGABYTE;
/** Kernel buffers on four sockets, the gate's own queues, and what V8 has not yet given back. */
const HELD_BYTES_MAX = 24 * MEGABYTE;
/** Half of a stream: the nurseries of two threads and garbage not yet collected, never the stream itself. */
const RSS_GROWTH_MAX = 160 * MEGABYTE;

const binary = { 'application/octet-stream': {} };
/** A service that is silent for longer has failed; one that is not asked for more is not silent. */
const IDLE_MS = 2_000;
const description = {
  openapi: '3.1.0',
  info: { title: 'Streams', version: '1' },
  security: [],
  paths: {
    '/upload': {
      put: {
        requestBody: { content: binary },
        responses: { 204: { description: 'stored' } },
      },
    },
    '/download': {
      get: { responses: { 200: { description: 'a film', content: binary } } },
    },
    '/events': {
      get: { responses: { 200: { description: 'ok', content: { 'text/event-stream': {} } } } },
    },
    '/slow': {
      get: { responses: { 200: { description: 'ok', content: { 'application/json': {} } } } },
    },
  },
};

let uploadedBytes = 0;
let resumeUpload = () => {};
let downloadedBytes = 0;
let closedEarly = 0;
const service = await startStreamingService({ after }, (request, response) => {
  response.once('close', () => {
    if (!response.writableFinished) closedEarly++;
  });
  switch (request.url) {
    case '/upload':
      return swallowLater(request, response);
    case '/download':
      return pour(response);
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      setTimeout(() => response.end('data: last\n\n'), 2 * IDLE_MS);
      return;
    default:
      // Answers never: the caller is expected to leave.
      request.resume();
  }
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: { api: { upstream: { targets: [service.url], idleTimeoutMs: IDLE_MS } } },
  },
);
const rss = () => {
  const status = readFileSync(`/proc/${poorter.children().gateway}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
};
const megabytes = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MB`;

test('an upload goes no faster than the service reads, and is not kept in memory', async (t) => {
  const before = rss();
  const chunk = Buffer.alloc(MEGABYTE, 1);
  const upload = openCall(`${poorter.url}/upload`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-length': STREAM_BYTES },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upload.once('response', resolve);
    upload.once('error', reject);
  });
  let sent = 0;
  const send = () => {
    while (sent < STREAM_BYTES) {
      sent += chunk.length;
      if (!upload.write(chunk)) break;
    }
    if (sent >= STREAM_BYTES) upload.end();
    else upload.once('drain', send);
  };
  send();
  await sleep(IDLE_MS + 500);
  const held = sent;
  assert.ok(held < HELD_BYTES_MAX, `${megabytes(held)} were taken from the caller`);
  resumeUpload();
  assert.equal((await answered).statusCode, 204);
  assert.equal(uploadedBytes, STREAM_BYTES);
  const growth = rss() - before;
  assert.ok(growth < RSS_GROWTH_MAX, `grew by ${megabytes(growth)}`);
  t.diagnostic(`upload of ${megabytes(STREAM_BYTES)}: held ${megabytes(held)} while paused`);
  t.diagnostic(`RSS of the gateway ${megabytes(before)}, grew by ${megabytes(growth)}`);
});

test('a download comes no faster than the caller reads, and is not kept in memory', async (t) => {
  const before = rss();
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    openCall(`${poorter.url}/download`).once('response', resolve).once('error', reject).end();
  });
  await sleep(IDLE_MS + 500);
  const held = downloadedBytes;
  assert.ok(held < HELD_BYTES_MAX, `${megabytes(held)} were taken from the service`);
  let received = 0;
  for await (const chunk of incoming) received += (chunk as Buffer).length;
  assert.equal(received, STREAM_BYTES);
  const growth = rss() - before;
  assert.ok(growth < RSS_GROWTH_MAX, `grew by ${megabytes(growth)}`);
  // One listener for each pause would be a leak that Node warns of.
  assert.doesNotMatch(poorter.output(), /MaxListenersExceededWarning/);
  t.diagnostic(`download of ${megabytes(STREAM_BYTES)}: held ${megabytes(held)} while paused`);
  t.diagnostic(`RSS of the gateway ${megabytes(before)}, grew by ${megabytes(growth)}`);
});

test('the first event arrives at once, and silence beyond the idle timeout ends nothing', async () => {
  const started = Date.now();
  const events = openCall(`${poorter.url}/events`);
  const seen: { text: string; atMs: number }[] = [];
  const isWhole = new Promise<boolean>((resolve) => {
    events.once('response', (incoming) => {
      incoming.on('data', (chunk) =>
        seen.push({ text: String(chunk), atMs: Date.now() - started }),
      );
      incoming.once('error', () => resolve(false));
      incoming.once('end', () => resolve(incoming.complete));
    });
  });
  events.end();
  await eventually('the first event', () => seen.length > 0);
  assert.equal(seen[0]?.text, 'data: first\n\n');
  assert.equal(await isWhole, true);
  assert.equal(seen.at(-1)?.text, 'data: last\n\n');
  assert.ok((seen.at(-1)?.atMs ?? 0) > 1.5 * IDLE_MS);
});

test('a caller that leaves takes the call to the service along, and is recorded', async () => {
  for (const path of ['/slow', '/events']) {
    const before = closedEarly;
    const leaving = openCall(`${poorter.url}${path}`);
    leaving.on('error', () => undefined);
    leaving.end();
    await sleep(200);
    leaving.destroy();
    await eventually(`${path} ends`, () => closedEarly === before + 1);
    const records = await poorter.awaitRecords(1, (record) => {
      return record['path'] === path && record['complete'] === false;
    });
    assert.equal(records.length, 1, path);
  }
  assert.equal((await call(`${poorter.url}/events`)).status, 200);
});

function swallowLater(request: IncomingMessage, response: ServerResponse): void {
  resumeUpload = () => {
    request.on('data', (chunk: Buffer) => {
      uploadedBytes += chunk.length;
    });
    request.once('end', () => response.writeHead(204).end());
  };
}

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(MEGABYTE, 2);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': STREAM_BYTES,
  });
  const more = () => {
    while (downloadedBytes < STREAM_BYTES) {
      downloadedBytes += chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}
