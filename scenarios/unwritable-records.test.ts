import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { request, things } from './world/things.fixture.ts';

/** Places for records in one thread, and a little more. */
const CALLS = 20_400;

/**
 * So many refused calls in one connection: the quickest way to fill the places. `served`: those that found
 * one, which are as many as there are places, or fewer on a machine whose disk is slower than its callers.
 */
function fill(port: number, calls: number): Promise<{ text: string; served: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let answered = 0;
    let served = 0;
    let sent = 0;
    const send = () => {
      const batch = Math.min(200, calls - sent);
      sent += batch;
      socket.write(request('GET', '/nowhere').repeat(batch));
    };
    const end = () => {
      socket.destroy();
      resolve({ text, served });
    };
    let cut = '';
    socket.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(-10_000);
      // A status line may come in two pieces.
      const heads = (cut + chunk.toString('latin1')).split(/HTTP\/1\.1 (?=\d{3})/);
      cut = (heads.at(-1) ?? '').slice(-12);
      const statuses = heads.slice(1).map((head) => head.slice(0, 3));
      answered += statuses.length;
      served += statuses.filter((status) => status === '404').length;
      if (text.includes('record_unavailable') || answered >= calls) end();
      else if (answered >= sent) send();
    });
    socket.once('close', end);
    socket.on('error', () => undefined);
    send();
  });
}

test('a full disk stops calls when no place for a record is left', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    threads: 1,
    configuration: { records: { file: '/dev/full' }, limits: { failures: 'off' } },
  });
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  const { message } = await poorter.awaitNotice('records_unwritten');
  assert.match(message, /ENOSPC/);
  assert.match((await fill(poorter.port, CALLS)).text, /HTTP\/1\.1 503 .*record_unavailable/s);
  const reached = upstream.requests();
  const refused = await call(`${poorter.url}/things`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal(upstream.requests(), reached);
});

test('records wait while their folder is gone, and none is missing when it is back', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    threads: 1,
    configuration: { records: { file: './apart/decisions.jsonl' }, limits: { failures: 'off' } },
    files: { 'apart/note': 'made beforehand' },
  });
  const folder = `${poorter.folder}/apart`;
  rmSync(folder, { recursive: true });
  await call(`${poorter.url}/things`);
  await poorter.awaitNotice('records_unwritten');
  const { text, served } = await fill(poorter.port, CALLS);
  assert.match(text, /record_unavailable/);
  mkdirSync(folder);
  await poorter.awaitNotice('records_written');
  await eventually('calls are served again', async () => {
    return (await call(`${poorter.url}/things`)).status === 200;
  });
  // With the call before them. Once the file is elsewhere, what is written goes into another of its name.
  const owed = served + 1;
  const file = `${folder}/decisions.jsonl`;
  await eventually('all are written', () => readFileSync(file, 'utf8').split('\n').length > owed);
  renameSync(file, `${poorter.folder}/data/decisions.jsonl`);
  const records = await poorter.awaitRecords(owed);
  assert.ok(served > 1_000, `${served}`);
  assert.ok(records.length >= owed, `${records.length} of ${owed}`);
  assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
  rmSync(folder, { recursive: true });
});
