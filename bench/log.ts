import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallRecord, RecordSink } from '../packages/server/src/messages/call-record.ts';
import { RecordSpool } from '../packages/server/src/messages/record-spool.ts';
import {
  createSpoolMemory,
  realDisk,
  type SpoolDisk,
  SpoolPlaces,
  SpoolWriter,
} from '../packages/server/src/platform/spool/index.ts';
import { checkpointSigner, signingKey } from '../packages/server/src/security-log/checkpoint.ts';
import { LogReader } from '../packages/server/src/security-log/log-reader.ts';
import { openLog } from '../packages/server/src/security-log/open-log.ts';
import { Recorder } from '../packages/server/src/security-log/recorder.ts';
import { proveLeaf } from '../packages/server/src/security-log/verify/inclusion.ts';
import { verifyDatabase } from '../packages/server/src/security-log/verify/verify-database.ts';

export interface LogFigures {
  /** Processor time a record in the gateway's thread, and in the recorder's. */
  readonly writeUs: number;
  readonly nullUs: number;
  readonly recordUs: number;
  readonly recordsPerSecond: number;
  readonly bytesARecord: number;
  readonly durableSerialPerSecond: number;
  readonly durable32PerSecond: number;
  readonly syncsPerDurableRecord: number;
  readonly verifySeconds: { readonly records: number; readonly seconds: number }[];
  readonly proofMs: { readonly records: number; readonly ms: number }[];
}

const NODE = 'bench';
const key = { id: 'bench', key: randomBytes(32), wrapped: '' };
const signer = checkpointSigner(NODE, signingKey(randomBytes(32)));
/** A call with everything costs about this much processor time; what logging adds is held against it. */
const CALL_US = 75;

/** The security log on one core: what a record costs, what a disk gives, what verifying takes. */
export async function runLog(rounds: number, records = 1_000_000): Promise<LogFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-bench-log-'));
  try {
    const costs: Awaited<ReturnType<typeof costOfRecords>>[] = [];
    for (let round = 0; round < rounds; round++)
      costs.push(await costOfRecords(directory, 100_000));
    const durable: Awaited<ReturnType<typeof durableRecords>>[] = [];
    for (let round = 0; round < rounds; round++) durable.push(await durableRecords(directory));
    const log = await growLog(directory, records);
    const middle = (pick: (cost: (typeof costs)[number]) => number) => median(costs.map(pick));
    return {
      writeUs: middle(({ writeUs }) => writeUs),
      nullUs: middle(({ nullUs }) => nullUs),
      recordUs: middle(({ recordUs }) => recordUs),
      recordsPerSecond: middle(({ perSecond }) => perSecond),
      durableSerialPerSecond: median(durable.map(({ serial }) => serial)),
      durable32PerSecond: median(durable.map(({ together }) => together)),
      syncsPerDurableRecord: median(durable.map(({ syncs }) => syncs)),
      ...log,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function logTable(figures: LogFigures): string {
  const us = figures.writeUs + figures.recordUs;
  const { durable32PerSecond: together, durableSerialPerSecond: serial } = figures;
  const row = (name: string, value: string) => `| ${name} | ${value} |`;
  return [
    '## Security log',
    '',
    '| what | figure |',
    '|---|---|',
    row('processor time a record: gateway thread', `${figures.writeUs.toFixed(2)} µs`),
    row('processor time a record: null recorder', `${figures.nullUs.toFixed(2)} µs`),
    row('processor time a record: recorder thread', `${figures.recordUs.toFixed(2)} µs`),
    row(
      `a call of ${CALL_US} µs with both, against a null recorder`,
      `${((CALL_US + us) / (CALL_US + figures.nullUs)).toFixed(3)}×`,
    ),
    row('records a second, recorder on one core', figures.recordsPerSecond.toFixed(0)),
    row('bytes a record on disk, hashes and indexes included', figures.bytesARecord.toFixed(0)),
    row('durable records a second, one at a time', serial.toFixed(0)),
    row(
      'durable records a second, 32 at once',
      `${together.toFixed(0)} (${(together / serial).toFixed(1)}×)`,
    ),
    row('syncs a durable record, 32 at once', figures.syncsPerDurableRecord.toFixed(3)),
    ...figures.verifySeconds.map(({ records, seconds }) =>
      row(`verifying ${records} records`, `${seconds.toFixed(2)} s`),
    ),
    ...figures.proofMs.map(({ records, ms }) =>
      row(`proof of one among ${records} records`, `${ms.toFixed(2)} ms`),
    ),
  ].join('\n');
}

export function spoolIn(directory: string, disk: SpoolDisk = realDisk): SpoolWriter {
  return new SpoolWriter({
    ...{ directory, key, disk },
    name: { node: NODE, slot: 0, boot: randomBytes(8).toString('hex') },
    places: new SpoolPlaces(createSpoolMemory(1, 4e9), 0),
    notify: ({ message }) => console.error(message),
  });
}

async function costOfRecords(parent: string, count: number) {
  const directory = mkdtempSync(join(parent, 'cost-'));
  const spool = mkdtempSync(join(directory, 'spool-'));
  const nothing = {
    reserve: () => true,
    write: () => undefined,
    flush: async () => undefined,
  } as unknown as RecordSink;
  const nullUs = await feed(nothing, count);
  const sink = new RecordSpool(spoolIn(spool), null);
  const writeUs = await feed(sink, count);
  await sink.close();
  const database = await openLog({ kind: 'sqlite', file: join(directory, 'log.sqlite') }, Date.now);
  const recorder = await openRecorder(database, spool);
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  while ((await recorder.step()).hasMore);
  await recorder.step(true);
  const ms = performance.now() - began;
  const recordUs = microseconds(cpu) / count;
  await database.close();
  rmSync(directory, { recursive: true });
  return { nullUs, writeUs, recordUs, perSecond: (count / ms) * 1_000 };
}

/** Calls come in bursts, with time between for the disk: as in a gateway, not as in a loop. */
async function feed(sink: RecordSink, count: number): Promise<number> {
  const cpu = process.cpuUsage();
  for (let at = 0; at < count; at++) {
    if (!sink.reserve()) throw new Error('no place');
    sink.write(recordOf(at), null);
    if (at % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (at % 8_192 === 0) await sink.flush();
  }
  await sink.flush();
  return microseconds(cpu) / count;
}

async function durableRecords(parent: string) {
  const directory = mkdtempSync(join(parent, 'durable-'));
  let syncs = 0;
  const disk: SpoolDisk = {
    ...realDisk,
    async create(folder, name, header) {
      const file = await realDisk.create(folder, name, header);
      const sync = () => {
        syncs++;
        return file.sync();
      };
      return { write: file.write.bind(file), close: file.close.bind(file), sync };
    },
  };
  const writer = spoolIn(directory, disk);
  const line = 'x'.repeat(500);
  const callers = async (number: number, each: number) => {
    const began = performance.now();
    const caller = async () => {
      for (let at = 0; at < each; at++) await writer.commit(line);
    };
    await Promise.all(Array.from({ length: number }, caller));
    return ((number * each) / (performance.now() - began)) * 1_000;
  };
  await callers(1, 50);
  const serial = await callers(1, 500);
  syncs = 0;
  const together = await callers(32, 200);
  const ratio = syncs / (32 * 200);
  await writer.close();
  return { serial, together, syncs: ratio };
}

async function growLog(parent: string, records: number) {
  const spool = mkdtempSync(join(parent, 'spool-'));
  const file = join(parent, 'grown.sqlite');
  const database = await openLog({ kind: 'sqlite', file }, Date.now);
  const reader = new LogReader(database.kysely, NODE);
  const verifySeconds: { records: number; seconds: number }[] = [];
  const proofMs: { records: number; ms: number }[] = [];
  let written = 0;
  for (const size of [records / 16, records / 2, records].map(Math.floor)) {
    const sink = new RecordSpool(spoolIn(spool), null);
    for (; written < size; written++) {
      sink.reserve();
      sink.write(recordOf(written), null);
      if (written % 4_096 === 0) await sink.flush();
    }
    await sink.close();
    const recorder = await openRecorder(database, spool);
    while ((await recorder.step()).hasMore);
    await recorder.step(true);
    const began = performance.now();
    const verdict = await verifyDatabase(reader, signer.key);
    if (verdict.fault !== null) throw new Error(verdict.fault.message);
    verifySeconds.push({ records: size, seconds: (performance.now() - began) / 1_000 });
    const proofs: number[] = [];
    for (let at = 0; at < 200; at++) {
      const start = performance.now();
      await proveLeaf(reader, signer.key, Math.floor((size * at) / 200));
      proofs.push(performance.now() - start);
    }
    proofMs.push({ records: size, ms: median(proofs) });
  }
  await database.scrub('log_node');
  await database.close();
  return { verifySeconds, proofMs, bytesARecord: statSync(file).size / records };
}

export function openRecorder(
  database: Awaited<ReturnType<typeof openLog>>,
  spoolDirectory: string,
) {
  const known = new Map<string, { id: string; bytes: Buffer }>();
  const keyOf = async ({ kind, value }: { kind: string; value: string }) => {
    const name = `${kind} ${value}`;
    const made = known.get(name) ?? { id: String(known.size), bytes: randomBytes(32) };
    known.set(name, made);
    return made;
  };
  return Recorder.open({
    ...{ database, node: NODE, spoolDirectory, signer, subjectKeys: { keyOf } },
    carriedDirectory: `${spoolDirectory}-carried`,
    openSpoolKey: () => key.key,
    notify: ({ message }) => console.error(message),
    now: Date.now,
  });
}

/** 500 callers, four operations, now and then a refusal. */
export function recordOf(number: number): CallRecord {
  const isRefused = number % 50 === 0;
  return {
    time: new Date(1_780_000_000_000 + number).toISOString(),
    id: `0123456789abcdef-${number.toString(16).padStart(8, '0')}`,
    host: 'http',
    client: `203.0.113.${number % 250}`,
    method: 'POST',
    api: 'orders',
    operation: `operation${number % 4}`,
    path: '/v1/orders',
    principal: {
      kind: 'token',
      client: `client-${number % 50}`,
      subject: `subject-${number % 500}`,
      credentialId: null,
    },
    decision: isRefused ? 'refused' : 'forwarded',
    phase: isRefused ? 'limit' : null,
    code: isRefused ? 'rate_limited' : null,
    status: isRefused ? 429 : 200,
    evidence: {},
    observed: [],
    answer: null,
    snapshot: 1,
    durationMs: (number % 977) / 100,
    bytesIn: 2_048,
    bytesOut: 2_300 + (number % 31),
    complete: true,
  };
}

function microseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
