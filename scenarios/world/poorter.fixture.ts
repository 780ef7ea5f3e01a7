import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { call, eventually } from './calls.fixture.ts';
import { removeFolder } from './folders.fixture.ts';
import { Told } from './notices.fixture.ts';
import { PATIENCE_MS } from './patience.fixture.ts';
import { MAIN, SOURCE } from './program.fixture.ts';

/** A real `poorter serve` in a folder of its own, on free ports. */
export interface RunningPoorter {
  /** 'http://127.0.0.1:PORT' of the first listener. */
  readonly url: string;
  readonly port: number;
  /** Every bound address, in the order of `listen`, then of `forwardAuth`. */
  readonly addresses: readonly string[];
  readonly controlUrl: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** A fresh API key. Waits until the gate serves the version that knows it. */
  /** `whileOthersWait`: the file is not in force as a whole; nobody waits until the key is. */
  createKey(
    name: string,
    options?: { scopes?: string; roles?: string; whileOthersWait?: boolean },
  ): Promise<string>;
  /** Decisions recorded so far, of every call that was answered. */
  records(): Promise<Record<string, unknown>[]>;
  /** Waits until at least `count` decisions match. */
  awaitRecords(
    count: number,
    matches?: (record: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>[]>;
  /** What it has printed, both streams. */
  output(): string;
  /** What it has said, line by line. */
  notices: Told['notices'];
  awaitNotice: Told['awaitNotice'];
  /** Process ids of control, gateway and authorization server. */
  children(): { control: number; gateway: number; issuer: number };
  /** Writes a file in its folder. */
  write(name: string, content: string | object): void;
  read(name: string): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A test, or the whole file: `{ after }` of node:test. */
export interface Lifetime {
  after(end: () => unknown): void;
}

export interface PoorterSetup {
  /** The OpenAPI document, as an object. */
  readonly description: object;
  readonly upstream: string;
  /** Merged over the configuration: listen, bounds, limits, trust … `api` goes into apis[0]. */
  readonly configuration?: Record<string, unknown> & { readonly api?: Record<string, unknown> };
  readonly files?: Readonly<Record<string, string>>;
  readonly threads?: number;
  readonly role?: 'all' | 'control';
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node itself; the program's own processes inherit them. */
  readonly nodeOptions?: readonly string[];
  /** Which modules are loaded shows in the source alone: built, they are one. */
  readonly fromSource?: true;
}

export async function startPoorter(t: Lifetime, setup: PoorterSetup): Promise<RunningPoorter> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-test-'));
  const write = (name: string, content: string | object) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : stringify(content));
  };
  const { api, ...rest } = setup.configuration ?? {};
  // Of another data directory, the folder of the records would be made by nobody.
  if ('storage' in rest || 'dataDirectory' in rest) {
    mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  }
  write('api.yaml', setup.description);
  write('keys.yaml', 'keys: []\n');
  write('poorter.yaml', {
    listen: [{ address: '127.0.0.1:0' }],
    control: { address: '127.0.0.1:0' },
    apis: [{ spec: './api.yaml', upstream: setup.upstream, ...api }],
    keys: './keys.yaml',
    storage: './data',
    gateway: { threads: setup.threads ?? 2 },
    ...rest,
    // What the tests read: the security log itself shows nobody.
    records: { file: './data/decisions.jsonl', ...(rest['records'] as object | undefined) },
  });
  for (const [name, content] of Object.entries(setup.files ?? {})) write(name, content);

  const role = ['--role', setup.role ?? 'all'];
  const argv = ['serve', '--config', join(folder, 'poorter.yaml'), '--json', ...role];
  const main = setup.fromSource ? SOURCE : MAIN;
  const child = run(argv, { env: setup.env, nodeOptions: setup.nodeOptions, main });
  const told = new Told(child);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await removeFolder(folder);
  });
  const started = (await told.awaitNotice('started')) as unknown as StartedLine;
  /** Ids of calls by which the records of others are known to be written. */
  const markers = new Set<unknown>();

  const poorter: RunningPoorter = {
    url: `http://${started.addresses[0]}`,
    port: Number(started.addresses[0]?.split(':').at(-1)),
    addresses: started.addresses,
    controlUrl: `http://${started.controlAddress}`,
    folder,
    process: child,
    write,
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    output: () => told.text,
    notices: (code) => told.notices(code),
    awaitNotice: (code, isIt) => told.awaitNotice(code, isIt),
    async createKey(name, options = {}) {
      const argv = ['keys', 'create', '--file', join(folder, 'keys.yaml'), '--name', name];
      if (options.scopes !== undefined) argv.push('--scopes', options.scopes);
      if (options.roles !== undefined) argv.push('--roles', options.roles);
      const before = keysInForce(started.dataDirectory);
      const maker = run(argv);
      let key = '';
      maker.stdout?.on('data', (text: Buffer) => {
        key += text;
      });
      await once(maker, 'close');
      if (options.whileOthersWait) return key.trim();
      // A version alone may be new for another reason: keys of an issuer that were renewed.
      await eventually(
        'the key file is in force',
        () => keysInForce(started.dataDirectory) !== before,
      );
      const version = Number(readFileSync(join(started.dataDirectory, 'snapshot-version'), 'utf8'));
      await eventually(
        'every thread knows the key',
        async () => (await versionOf(poorter)) >= version,
      );
      return key.trim();
    },
    async records() {
      await settle(poorter, started.threads, markers, () => readRecords(folder));
      return readRecords(folder).filter(({ id }) => !markers.has(id));
    },
    async awaitRecords(count, matches = () => true) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = readRecords(folder)
          .filter(({ id }) => !markers.has(id))
          .filter(matches);
        if (found.length >= count || Date.now() > deadline) return found;
        await sleep(50);
      }
    },
    children() {
      const find = (name: string) => {
        const found = childrenOf(child.pid as number).find(({ command }) => command.includes(name));
        if (found === undefined) throw new Error(`${name} is not running`);
        return found.pid;
      };
      return {
        get control() {
          return find('control-process');
        },
        get gateway() {
          return find('gateway-process');
        },
        get issuer() {
          return find('issuer-process');
        },
      };
    },
    async stop(signal = 'SIGTERM') {
      const gone = once(child, 'exit');
      child.kill(signal);
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
  return poorter;
}

/** Runs the poorter program to its end. */
export async function runPoorter(
  argv: readonly string[],
  options: { cwd?: string } = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = run(argv, options);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text: Buffer) => {
    stdout += text;
  });
  child.stderr?.on('data', (text: Buffer) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string;
  readonly nodeOptions?: readonly string[] | undefined;
  readonly main?: string;
}

function run(argv: readonly string[], options: RunOptions = {}): ChildProcess {
  const { env, cwd, nodeOptions = [], main = MAIN } = options;
  return spawn(process.execPath, ['--conditions=source', ...nodeOptions, main, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
}

/**
 * Until the record of every call that was answered is written. A thread writes its records in their order: so
 * each thread is asked something that it refuses, and the records of that are waited for.
 */
async function settle(
  { url }: RunningPoorter,
  threads: number,
  markers: Set<unknown>,
  records: () => readonly Record<string, unknown>[],
): Promise<void> {
  const asked = new Set<string>();
  const met = new Set<string>();
  for (let count = 0; count < MARKERS_MAX && met.size < threads; count++) {
    const answer = await call(`${url}/marker-of-a-test`).catch(() => null);
    const [, id, thread] =
      /urn:poorter:call:(([0-9a-f]+)-[0-9a-f]+)/.exec(answer?.text ?? '') ?? [];
    // A gate that answers in other words, or over TLS.
    if (id === undefined || thread === undefined) return void (await sleep(500));
    markers.add(id);
    asked.add(id);
    met.add(thread);
  }
  const written = () => records().filter(({ id }) => asked.has(String(id))).length;
  await eventually('the records are written', () => written() >= asked.size);
}

/** Connections that the kernel may give to one thread before it gives one to each. */
const MARKERS_MAX = 200;

interface StartedLine {
  readonly addresses: string[];
  readonly controlAddress: string;
  readonly dataDirectory: string;
  readonly threads: number;
}

/** The digest of the key file that is in force. */
function keysInForce(dataDirectory: string): string | undefined {
  const text = readFileSync(join(dataDirectory, 'configuration-in-force.json'), 'utf8');
  const { files } = JSON.parse(text) as { files: Record<string, string> };
  return Object.entries(files).find(([path]) => path.endsWith('/keys.yaml'))?.[1];
}

async function versionOf(poorter: RunningPoorter): Promise<number> {
  const answer = await fetch(`${poorter.controlUrl}/health/ready`);
  return ((await answer.json()) as { snapshot: number }).snapshot;
}

function readRecords(folder: string): Record<string, unknown>[] {
  let text: string;
  try {
    text = readFileSync(join(folder, 'data/decisions.jsonl'), 'utf8');
  } catch {
    return [];
  }
  // A line that is just being written has no end yet.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function childrenOf(pid: number): { pid: number; command: string }[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => ({ pid: Number(one), command: readFileSync(`/proc/${one}/cmdline`, 'utf8') }));
}
