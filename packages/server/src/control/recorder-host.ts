import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { pathFrom } from '../configuration/base-directory.ts';
import { resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { SpoolSnapshot } from '../messages/between-processes.ts';
import { JsonLinesSink } from '../messages/json-lines-sink.ts';
import { notice } from '../messages/notices.ts';
import { RecordSpool } from '../messages/record-spool.ts';
import { writeDurably } from '../platform/files/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { startedFile } from '../platform/program/index.ts';
import {
  createSpoolMemory,
  realFolder,
  SpoolKeeper,
  type SpoolKey,
  SpoolMirror,
  SpoolPlaces,
  SpoolWriter,
} from '../platform/spool/index.ts';
import type { World } from '../platform/world/index.ts';
import type { KeyUseSummary } from '../security-log/index.ts';
import {
  checkpointSigner,
  type FromRecorder,
  formatVerifierKey,
  openLog,
  type RecorderSeed,
  type RetentionPolicy,
  signingKey,
  type ToRecorder,
} from '../security-log/index.ts';
import type { AdminLog } from '../security-log/log-routes.ts';
import { KeptUses } from './kept-uses.ts';
import { LogReaderHost } from './log-reader-host.ts';
import type { State } from './stores/index.ts';

const THREAD = startedFile('control/threads/recorder-thread');
/** Three semi-spaces of 4 MB: lines come and go, and little of them stays. */
const NURSERY_MB = 12;
const RESTART_AFTER_MS = 1_000;
const STOP_MAX_MS = 3_000;
/** A gateway thread keeps records in memory for 50 ms, and other machines look every 100 ms for what to hand over. */
const WRITTEN_AFTER_MS = 250;
/** Of a spool that is longer than this takes to read, nobody says what is in it. */
const READ_MAX_MS = 10_000;
/** Acts of operators are few. */
const ACTS_BYTES_MAX = 33_554_432;
const ACTS_PENDING_MAX = 1_000;
const DAY_MS = 86_400_000;

export interface RecorderHostPorts {
  readonly configuration: Configuration;
  readonly baseDirectory: string;
  readonly dataDirectory: string;
  readonly state: Pick<State, 'ring' | 'subjectKeys' | 'keys'>;
  readonly world: Pick<World, 'now' | 'random' | 'after' | 'environment'>;
  readonly notify: Notify;
}

/**
 * Control's part in the security log: the recorder in a thread of its own, the spool of control's own
 * acts, and the desk at which operators read.
 */
export class RecorderHost {
  /** What the gateway needs to write. */
  readonly spool: SpoolSnapshot;
  /** Where acts of operators are recorded. */
  readonly acts: RecordSpool;
  /** Where records of gateways on other machines arrive. */
  readonly mirror: SpoolMirror;
  readonly #seed: RecorderSeed;
  readonly #ports: RecorderHostPorts;
  readonly #log: LogReaderHost;
  readonly #uses: KeptUses;
  readonly #questions = new Map<number, () => void>();
  #asked = 0;
  #worker: Worker | null = null;
  #fault: string | null = null;
  #isStopping = false;
  readonly #endActs: () => void;

  /** Throws where the log cannot be opened: nothing is served of which nothing could be told. */
  static async open(ports: RecorderHostPorts): Promise<RecorderHost> {
    const { configuration, baseDirectory, dataDirectory, state, world } = ports;
    const storage = resolveStorage(configuration, baseDirectory, world.environment);
    const node = configuration.log.node ?? keptNodeName(dataDirectory, world.random);
    const key = state.ring.derive('spool');
    const id = hash('sha256', key, 'hex').slice(0, 8);
    const seed: RecorderSeed = {
      ...{ node, log: storage.log, state: storage.state, dataDirectory },
      ring: state.ring.handOver(),
      spoolDirectory: join(dataDirectory, 'spool'),
      carriedDirectory: join(dataDirectory, 'carried'),
      spoolKey: { id, key },
      signingSeed: state.ring.derive(`security log signing key of ${node}`),
      retention: retentionOf(configuration),
      usesReached: await state.keys.usesReached(node),
    };
    const log = await openLog(storage.log, world.now, ports.notify);
    await log.close();
    return new RecorderHost(ports, seed);
  }

  private constructor(ports: RecorderHostPorts, seed: RecorderSeed) {
    this.#ports = ports;
    this.#seed = seed;
    const { signingSeed, log, state, ring, dataDirectory } = seed;
    this.#log = new LogReaderHost(
      { node: seed.node, log, state, ring, dataDirectory, signingSeed },
      ports.world,
    );
    this.#uses = new KeptUses(
      {
        ...{ world: ports.world, notify: ports.notify },
        keep: (uses, reached) =>
          ports.state.keys.touchLastUse(
            uses.flatMap(({ credential, time, operation }) =>
              operation === null ? [] : [{ id: credential, at: Date.parse(time), operation }],
            ),
            reached === null ? null : { node: seed.node, leaf: reached },
          ),
      },
      seed.usesReached,
    );
    const { node, spoolDirectory: directory } = seed;
    const key: SpoolKey = { ...seed.spoolKey, wrapped: 'derived' };
    const bytesMax = ports.configuration.log.spoolBytes;
    this.spool = { directory, node, key, bytesMax };
    const memory = createSpoolMemory(1, ACTS_BYTES_MAX);
    const keeper = new SpoolKeeper(directory, `${node}.control`, memory);
    this.#endActs = () => keeper.ended(0, memory);
    const places = new SpoolPlaces(memory, 0);
    const { notify } = ports;
    const name = keeper.begin(0);
    const { file, rotateBytes, keepFiles } = ports.configuration.records;
    const clearText =
      file === undefined
        ? null
        : new JsonLinesSink({
            ...{ rotateBytes, keepFiles, notify, pendingMax: ACTS_PENDING_MAX },
            file: pathFrom(ports.baseDirectory, file),
          });
    this.acts = new RecordSpool(
      new SpoolWriter({ directory, name, key, places, notify }),
      clearText,
    );
    this.mirror = new SpoolMirror({
      folder: realFolder(seed.carriedDirectory),
      bytesMax: 2 * bytesMax,
      forget: (writer) => this.#tell({ type: 'forget-writer', writer }),
    });
    keepPublicKey(ports.dataDirectory, node, seed.signingSeed);
    this.#start();
  }

  /** Why records wait in the spool instead of reaching the log; null: they reach it. */
  get fault(): string | null {
    return this.acts.isInTrouble ? 'acts of operators cannot be written' : this.#fault;
  }

  get log(): AdminLog {
    return this.#log;
  }

  usesOf(keyId: string, sinceMs: number, left?: AbortSignal): Promise<readonly KeyUseSummary[]> {
    return this.#log.usesOf(keyId, sinceMs, left);
  }

  /**
   * Whether all is kept of what keys were used for at gateways that are heard of, up to now. False where the recorder,
   * or the database, does not answer in time.
   */
  async knowsUses(): Promise<boolean> {
    const { world } = this.#ports;
    await new Promise<void>((resolve) => world.after(WRITTEN_AFTER_MS, resolve));
    const question = ++this.#asked;
    const isRead = await new Promise<boolean>((resolve) => {
      const late = world.after(READ_MAX_MS, () => resolve(false));
      this.#questions.set(question, () => {
        late.cancel();
        resolve(true);
      });
      this.#tell({ type: 'read-up', question });
    });
    this.#questions.delete(question);
    return isRead && (await this.#uses.isKept());
  }

  apply(configuration: Configuration): void {
    this.#tell({ type: 'retention', retention: retentionOf(configuration) });
  }

  /** Lets go of what was kept of an erased person. */
  async forget(): Promise<void> {
    this.#tell({ type: 'forget' });
    await this.#log.forget();
  }

  /** What lies in the spool becomes leaves under a signed checkpoint, if there is time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.acts.close();
    // So that the recorder settles its account, too, and nothing of it is waited for.
    this.#endActs();
    const worker = this.#worker;
    if (worker === null) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#tell({ type: 'stop' });
    const force = this.#ports.world.after(STOP_MAX_MS, () => void worker.terminate());
    await gone;
    force.cancel();
    await this.#log.close();
  }

  #start(): void {
    const seed: RecorderSeed = { ...this.#seed, usesReached: this.#uses.reached };
    const worker = new Worker(THREAD, {
      workerData: seed,
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    });
    this.#worker = worker;
    worker.on('message', (message: FromRecorder) => this.#heard(message));
    worker.on('error', (error) => {
      this.#ports.notify(notice('recorder_fault', `the recorder: ${String(error)}`));
    });
    worker.once('exit', () => {
      this.#worker = null;
      if (this.#isStopping) return;
      this.#fault = 'the recorder ended and is started again';
      this.#ports.notify(notice('recorder_ended', 'the recorder ended; starting it again'));
      this.#ports.world.after(RESTART_AFTER_MS, () => !this.#isStopping && this.#start());
    });
  }

  #heard(message: FromRecorder): void {
    switch (message.type) {
      case 'notice':
        return this.#ports.notify(message.notice);
      case 'recording':
        this.#fault = message.fault;
        return;
      case 'uses':
        return this.#uses.note(message.uses, message.reached);
      case 'read':
        this.#questions.get(message.question)?.();
        return;
      case 'recorded':
        return this.mirror.noteRecorded(message.writers);
      case 'stopped':
        return;
      default:
        message satisfies never;
    }
  }

  #tell(message: ToRecorder): void {
    this.#worker?.postMessage(message);
  }
}

function retentionOf({ log }: Configuration): RetentionPolicy {
  return { ageMs: log.keepDays * DAY_MS, bytesMax: log.keepBytes };
}

/** Made once: a log goes on under its name when the host is called otherwise. */
function keptNodeName(dataDirectory: string, random: World['random']): string {
  const file = join(dataDirectory, 'node-name');
  try {
    const name = readFileSync(file, 'utf8').trim();
    if (/^[A-Za-z0-9._]{1,64}$/.test(name)) return name;
  } catch {
    // The first start.
  }
  const host =
    hostname()
      .replace(/[^A-Za-z0-9._]/g, '_')
      .slice(0, 40) || 'node';
  const name = `${host}.${Buffer.from(random(3)).toString('hex')}`;
  writeDurably(file, `${name}\n`);
  return name;
}

/** For whoever verifies: the file is to be copied elsewhere, and compared. */
function keepPublicKey(dataDirectory: string, node: string, seed: Uint8Array): void {
  const { key } = checkpointSigner(node, signingKey(seed));
  const text = `${formatVerifierKey(key)}\n`;
  writeDurably(join(dataDirectory, 'log-public-key'), text, { mode: 0o644 });
}
