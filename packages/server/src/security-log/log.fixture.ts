import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallRecord } from '../messages/call-record.ts';
import { callLine } from '../messages/spool-line.ts';
import type { Database, DatabasePlace } from '../platform/database/index.ts';
import type { SealingKey } from '../platform/secrets/index.ts';
import {
  createSpoolMemory,
  type SpoolKey,
  SpoolPlaces,
  SpoolWriter,
  type WriterName,
} from '../platform/spool/index.ts';
import type { Subject } from '../state/subject-keys/index.ts';
import { type CheckpointSigner, checkpointSigner } from './checkpoint.ts';
import { LogReader } from './log-reader.ts';
import type { LogTables } from './log-tables.ts';
import { openLog } from './open-log.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';

export const NODE = 'node.test';
export const spoolKey: SpoolKey = { id: 'k', key: Buffer.alloc(32, 3), wrapped: 'w' };

/** Subject keys in memory, with what the real ones promise. */
export class KeysInMemory {
  readonly #keys = new Map<string, SealingKey>();

  async keyOf({ kind, value }: Subject): Promise<SealingKey> {
    const name = `${kind} ${value}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { id: randomBytes(16).toString('base64url'), bytes: randomBytes(32) };
      this.#keys.set(name, key);
    }
    return key;
  }

  async find({ kind, value }: Subject): Promise<SealingKey | undefined> {
    return this.#keys.get(`${kind} ${value}`);
  }

  async byId(id: string): Promise<SealingKey | undefined> {
    return [...this.#keys.values()].find((key) => key.id === id);
  }

  destroy({ kind, value }: Subject): boolean {
    return this.#keys.delete(`${kind} ${value}`);
  }
}

export function recordOf(number: number, more: Partial<CallRecord> = {}): CallRecord {
  return {
    time: new Date(Date.UTC(2026, 0, 1) + number * 1_000).toISOString(),
    id: `call-${number}`,
    host: 'http',
    client: `203.0.113.${number % 7}`,
    method: 'GET',
    api: 'bank',
    operation: number % 3 === 0 ? 'listAccounts' : 'getAccount',
    path: '/accounts/{account}',
    principal: {
      kind: 'key',
      client: `client-${number % 3}`,
      subject: number % 2 === 0 ? `person-${number % 5}` : null,
      credentialId: `credential-${number % 4}`,
    },
    decision: number % 10 === 0 ? 'refused' : 'forwarded',
    phase: null,
    code: number % 10 === 0 ? 'rate_limited' : null,
    status: number % 10 === 0 ? 429 : 200,
    evidence: {},
    observed: [],
    answer: null,
    snapshot: 1,
    durationMs: 1.5,
    bytesIn: 0,
    bytesOut: 100,
    complete: true,
    ...more,
  };
}

export function lineOf(number: number, more: Partial<CallRecord> = {}): string {
  return callLine(recordOf(number, more), { account: `account-${number % 11}` });
}

export interface LogWorld {
  readonly directory: string;
  readonly spoolDirectory: string;
  readonly carriedDirectory: string;
  readonly place: DatabasePlace;
  readonly database: Database<LogTables>;
  readonly keys: KeysInMemory;
  readonly signer: CheckpointSigner;
  readonly signerKey: KeyObject;
  readonly troubles: string[];
  readonly reader: LogReader;
  readonly clock: { now: number };
  writer(name?: Partial<WriterName>, fileBytesMax?: number): SpoolWriter;
  recorder(more?: Partial<RecorderOptions>): Promise<Recorder>;
  close(): Promise<void>;
}

export async function openWorld(givenPlace?: DatabasePlace, node = NODE): Promise<LogWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-log-'));
  const spoolDirectory = mkdtempSync(join(directory, 'spool-'));
  const carriedDirectory = join(directory, 'carried');
  const place = givenPlace ?? { kind: 'sqlite' as const, file: join(directory, 'log.sqlite') };
  const database = await openLog(place, Date.now);
  const keys = new KeysInMemory();
  const signerKey = generateKeyPairSync('ed25519').privateKey;
  const signer = checkpointSigner(node, signerKey);
  const troubles: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 2) };
  return {
    ...{
      directory,
      spoolDirectory,
      carriedDirectory,
      place,
      database,
      keys,
      signer,
      signerKey,
      troubles,
      clock,
    },
    reader: new LogReader(database.kysely, node),
    writer: (name = {}, fileBytesMax = 8_000_000) =>
      new SpoolWriter({
        directory: spoolDirectory,
        name: { node, slot: 0, boot: randomBytes(8).toString('hex'), ...name },
        key: spoolKey,
        places: new SpoolPlaces(createSpoolMemory(1, 1e9), 0),
        notify: ({ message }) => troubles.push(message),
        fileBytesMax,
      }),
    recorder: (more = {}) =>
      Recorder.open({
        ...{ database, node, spoolDirectory, carriedDirectory, signer, subjectKeys: keys },
        openSpoolKey: () => spoolKey.key,
        notify: ({ message }) => troubles.push(message),
        now: () => clock.now,
        ...more,
      }),
    async close() {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Everything that lies in the spool becomes leaves. */
export async function drain(recorder: Recorder): Promise<void> {
  for (let more = true; more; ) more = (await recorder.step(true)).hasMore;
  await recorder.step(true);
}

/** A log with so many records, and gaps and bundles and a tail. */
export async function fill(world: LogWorld, records: number, from = 0): Promise<void> {
  const writer = world.writer();
  for (let at = from; at < from + records; at++) {
    writer.admit();
    writer.append(lineOf(at));
  }
  await writer.close();
  await drain(await world.recorder());
}

export async function allLeaves(reader: LogReader): Promise<string[]> {
  const state = await reader.state();
  const leaves: string[] = [];
  while (leaves.length < (state?.size ?? 0)) {
    const run = await reader.runOf(leaves.length);
    if (run === null) throw new Error(`no leaf ${leaves.length}`);
    leaves.push(...run.leaves.map((leaf) => leaf.toString('utf8', 1)));
  }
  return leaves;
}
