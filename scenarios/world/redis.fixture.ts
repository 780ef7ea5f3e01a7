import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from './patience.fixture.ts';
import { unusedPort } from './unused-port.fixture.ts';

/** False: the tests that need it say so by name. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A real server on a free port; stop, start again, or freeze it. */
export class RedisFixture {
  readonly url: string;
  readonly #port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'poorter-redis-'));
  #process: ChildProcess | null = null;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<RedisFixture> {
    const redis = new RedisFixture(await unusedPort());
    await redis.begin();
    return redis;
  }

  async begin(): Promise<void> {
    this.#process = spawn(
      'redis-server',
      ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#directory],
      { stdio: 'ignore' },
    );
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = this.command('ping');
      if (answer === 'PONG') return;
      if (Date.now() > deadline) throw new Error(`redis-server did not start: ${answer}`);
      await sleep(50);
    }
  }

  command(...argv: string[]): string {
    return spawnSync('redis-cli', ['-p', String(this.#port), ...argv], {
      encoding: 'utf8',
    }).stdout.trim();
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async end(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
