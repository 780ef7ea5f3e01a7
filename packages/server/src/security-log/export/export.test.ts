import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { fill, type LogWorld, NODE, openWorld, recordOf } from '../log.fixture.ts';
import { verifyExport } from '../verify/verify-export.ts';
import { toCef } from './cef.ts';
import { readCursor } from './cursor-file.ts';
import { toEcs } from './ecs.ts';
import { toOcsf } from './ocsf.ts';
import { type ExportOptions, runExport } from './run-export.ts';
import type { SiemRecord } from './siem-record.ts';
import { type ExportSink, openFileSink, openSyslogSink } from './sinks.ts';

function optionsFor(world: LogWorld, more: Partial<ExportOptions> = {}): ExportOptions {
  const file = join(world.directory, 'out.jsonl');
  return {
    ...{ reader: world.reader, node: NODE, key: world.signer.key, keys: null, version: '0.1.0' },
    format: 'ecs',
    cursorFile: `${file}.cursor`,
    openSink: (cursor) => openFileSink(file, cursor?.bytes ?? 0),
    onGap: () => undefined,
    ...more,
  };
}

const sequences = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { event: { sequence: number } }).event.sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);

test('an export that breaks off anywhere goes on: nothing is lost, nothing stands twice', async () => {
  const world = await openWorld();
  await fill(world, 1_100);
  const file = join(world.directory, 'out.jsonl');
  let sent = 0;
  for (let round = 0; round < 20; round++) {
    const openSink: ExportOptions['openSink'] = async (cursor) => {
      const sink = await openFileSink(file, cursor?.bytes ?? 0);
      const failing: ExportSink = {
        get bytes() {
          return sink.bytes;
        },
        async send(bytes) {
          // Half of it reaches the file, then the process is gone.
          if (++sent % 2 === 0) {
            appendFileSync(file, bytes.subarray(0, bytes.length >> 1));
            throw new Error('gone');
          }
          await sink.send(bytes);
        },
        close: () => sink.close(),
      };
      return failing;
    };
    await runExport(optionsFor(world, { openSink })).catch(() => undefined);
  }
  await runExport(optionsFor(world));
  assert.ok(sent >= 8);
  assert.deepEqual(sequences(file), upTo(1_100));
  await fill(world, 50, 1_100);
  assert.equal(await runExport(optionsFor(world)), 50);
  assert.equal(await runExport(optionsFor(world)), 0);
  assert.deepEqual(sequences(file), upTo(1_150));
  assert.equal(readCursor(`${file}.cursor`, NODE)?.next, 1_150);
  assert.throws(() => readCursor(`${file}.cursor`, 'other'), /belongs to the log of/);
  await world.close();
});

test('our own format verifies with the public key, also when it grew in parts', async () => {
  const world = await openWorld();
  const file = join(world.directory, 'out.jsonl');
  for (let part = 0; part < 3; part++) {
    await fill(world, 300, part * 300);
    await runExport(optionsFor(world, { format: 'poorter' }));
  }
  const verdict = await verifyExport([readFileSync(file)], world.signer.key);
  assert.deepEqual([verdict.fault, verdict.size], [null, 900]);
  await world.close();
});

test('what retention dropped before it was exported is said, not passed over', async () => {
  const world = await openWorld();
  await fill(world, 600);
  await (await world.recorder()).dropBefore(256);
  const gaps: number[][] = [];
  await runExport(optionsFor(world, { onGap: (from, to) => gaps.push([from, to]) }));
  assert.deepEqual(gaps, [[0, 255]]);
  assert.equal(sequences(join(world.directory, 'out.jsonl'))[0], 256);
  await world.close();
});

function selfSigned(directory: string): { key: string; cert: string } {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${key} -out ${cert} -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

/** RFC 6587 §3.4.1. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at);
    const length = Number(bytes.subarray(at, space));
    frames.push(bytes.subarray(space + 1, space + 1 + length).toString());
    at = space + 1 + length;
  }
  return frames;
}

test("syslog over TLS carries every record in its own frame; a stranger's certificate gets none", async (t) => {
  const world = await openWorld();
  await fill(world, 300);
  const { key, cert } = selfSigned(world.directory);
  const received: Buffer[] = [];
  const take = (socket: Socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => undefined);
  };
  const server = createTlsServer({ key, cert }, take);
  const plain = createServer(take);
  t.after(() => [server.close(), plain.close()]);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  await new Promise<void>((resolve) => plain.listen(0, 'localhost', resolve));
  const port = (server.address() as AddressInfo).port;
  const cursorFile = join(world.directory, 'syslog.cursor');
  const cef = { format: 'cef', cursorFile } as const;
  const stranger = () => openSyslogSink({ host: 'localhost', port, tls: true });
  await assert.rejects(runExport(optionsFor(world, { ...cef, openSink: stranger })));
  assert.equal(readCursor(cursorFile, NODE), null);

  const openSink = () => openSyslogSink({ host: 'localhost', port, tls: true, authorities: cert });
  assert.equal(await runExport(optionsFor(world, { ...cef, openSink })), 300);
  const frames = framesOf(Buffer.concat(received));
  assert.equal(frames.length, 300);
  assert.match(
    frames[10] as string,
    /^<108>1 2026-01-01T00:00:10\.000Z node\.test poorter - call - \ufeffCEF:0\|Poorter\|Poorter\|0\.1\.0\|rate_limited\|/,
  );
  received.length = 0;
  const plainPort = (plain.address() as AddressInfo).port;
  await runExport(
    optionsFor(world, {
      ...{ format: 'cef', cursorFile: `${cursorFile}2` },
      openSink: () => openSyslogSink({ host: 'localhost', port: plainPort, tls: false }),
    }),
  );
  assert.equal(framesOf(Buffer.concat(received)).length, 300);
  rmSync(cursorFile);
  writeFileSync(cursorFile, '{"next":-1}');
  await assert.rejects(runExport(optionsFor(world, { ...cef, openSink })), /not a cursor/);
  await world.close();
});

test('OCSF and ECS say the same as the record, by name only where keys are given', async () => {
  const world = await openWorld();
  const { evidence: _, principal, client, ...leaf } = recordOf(10);
  const record: SiemRecord = {
    ...{ node: NODE, index: 10, version: '0.1.0', caller: null },
    leaf: {
      v: 1,
      type: 'call',
      ...leaf,
      who: { sealed: 's', client: 'C', subject: 'S', address: 'A' },
    },
  };
  const open = {
    ...record,
    caller: { address: client, ...(principal as NonNullable<typeof principal>) },
  };
  const ocsf = toOcsf(record) as Record<string, unknown>;
  assert.deepEqual(
    [ocsf['class_uid'], ocsf['type_uid'], ocsf['status_id'], ocsf['src_endpoint'], ocsf['actor']],
    [6003, 600302, 2, { uid: 'A' }, { app_uid: 'C', user: { uid: 'S' } }],
  );
  assert.deepEqual((toOcsf(open) as Record<string, unknown>)['src_endpoint'], { ip: client });
  const ecs = toEcs(open) as Record<string, Record<string, unknown>>;
  assert.deepEqual([ecs['event']?.['outcome'], ecs['client']?.['ip']], ['failure', client]);
  assert.deepEqual(
    [ecs['user']?.['id'], ecs['http']?.['response']],
    ['person-0', { bytes: 100, status_code: 429 }],
  );
  assert.deepEqual((toEcs(record) as typeof ecs)['client'], { address: 'A' });
  await world.close();
});

test('no text of a record can forge a field of CEF or a second event', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (operation, api) => {
      const leaf = {
        v: 1,
        time: '2026-01-01T00:00:00.000Z',
        type: 'call',
        operation,
        api,
      } as const;
      const text = toCef({ node: NODE, index: 1, version: '1', caller: null, leaf });
      assert.ok(!/[\r\n]/.test(text));
      const bars = text.replace(/\\[\\|]/g, '').split('|');
      assert.ok(bars.length >= 8 && bars[3] === '1' && bars[4] === 'call');
      const cs2 = /cs2=((?:\\.|[^\\=])*) cs2Label=operation/.exec(text);
      if (operation !== '') assert.ok(cs2 !== null);
    }),
  );
});
