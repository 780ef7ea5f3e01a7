import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Kept of what a program says; enough for the reason why it did not start. */
const OUTPUT_BYTES_MAX = 16_384;
const STOP_MS = 3_000;

/** A program that the benchmark started, in a process group of its own. */
export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The end of what it printed, both streams. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Everything the benchmark puts on the machine: one temporary folder and the programs started.
 * Whatever ends the benchmark, an error and Ctrl-C included, takes both away.
 */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'poorter-bench-'));
  readonly #programs = new Set<Program>();

  constructor() {
    process.on('exit', () => this.#leave());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => process.exit(130));
    }
  }

  makeFolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  start(command: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const child = spawn(command, argv, {
      cwd: this.folder,
      // Its own group: one signal reaches its workers too, and Ctrl-C reaches it through us alone.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    let said = '';
    const listen = (text: Buffer) => {
      said = (said + text).slice(-OUTPUT_BYTES_MAX);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.on('error', (error) => listen(Buffer.from(error.message)));
    const program: Program = {
      pid: child.pid ?? 0,
      child,
      output: () => said,
      stop: async () => {
        this.#programs.delete(program);
        await stopGroup(child);
      },
    };
    this.#programs.add(program);
    return program;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
  }

  #leave(): void {
    for (const { child } of this.#programs) signalGroup(child, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    signalGroup(child, 'SIGTERM');
    await Promise.race([gone, sleep(STOP_MS)]);
  }
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  // -0 would be our own group.
  if (child.pid === undefined || child.pid < 1) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended.
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Waits for the first answer of any kind; throws what the program said when it does not come. */
export async function untilAnswering(
  url: string,
  program: Program,
  options: { headers?: Record<string, string>; status?: number; patienceMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + (options.patienceMs ?? 20_000);
  for (;;) {
    const status = await fetch(url, { headers: options.headers ?? {} }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => null,
    );
    if (status !== null && (options.status === undefined || status === options.status)) return;
    const hasEnded = program.child.exitCode !== null || program.pid === 0;
    if (hasEnded || performance.now() > deadline) {
      const how = hasEnded ? 'ended' : `answered ${status ?? 'nothing'}`;
      throw new Error(`${how}: ${program.output().trim().split('\n').slice(-3).join(' | ')}`);
    }
    await sleep(5);
  }
}
