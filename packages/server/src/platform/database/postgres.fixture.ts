import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { DatabasePlace } from './database.ts';

const START_MS_MAX = 60_000;
const missing = (process.env['POORTER_MISSING_PROGRAMS'] ?? '').split(',');

/** For `{ skip }`: PostgreSQL is not installed, and could not be. */
export const skipPostgres = missing.includes('postgres') && 'PostgreSQL is not installed';

export interface PostgresServer {
  readonly url: string;
  /** A schema of its own each time. */
  freshPlace(): DatabasePlace & { kind: 'postgres' };
  /** As a power cut would end it. */
  kill(): void;
  /** After `kill`: the same data at the same place. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL on a socket in a folder of its own. The shell between ends it and removes the
 * folder when this process ends, however it ends. It does not wait for its disk unless told to.
 */
export async function startPostgres({
  fsync = 'off' as 'off' | 'on',
} = {}): Promise<PostgresServer> {
  const bin = programFolder();
  const folder = mkdtempSync(join(tmpdir(), 'poorter-postgres-'));
  const user = serverUser();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid as number);
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  makeData(bin, folder, { ...user, env, cwd: folder });
  const script =
    'exec 3<&0; "$@" </dev/null & server=$!; cat <&3 >/dev/null; kill -QUIT $server; wait $server; rm -rf "$0"';
  const settings = ['listen_addresses=', `fsync=${fsync}`, 'max_connections=150'];
  const server = spawn(
    'sh',
    [
      ...['-c', script, folder, join(bin, 'postgres'), '-D', join(folder, 'data'), '-k', folder],
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    { ...user, env, stdio: ['pipe', 'ignore', 'pipe'], cwd: folder },
  );
  let said = '';
  server.stderr?.on('data', (text: Buffer) => {
    said = (said + text).slice(-10_000);
  });
  let second: ReturnType<typeof spawn> | null = null;
  const kill = () => {
    const pidFile = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8');
    process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL');
  };
  const restart = async () => {
    // Children of the killed server hold its shared memory until they notice.
    const deadline = Date.now() + START_MS_MAX;
    for (;;) {
      const argv = [
        ...['-D', join(folder, 'data'), '-k', folder],
        ...settings.flatMap((one) => ['-c', one]),
      ];
      second = spawn(join(bin, 'postgres'), argv, { ...user, env, stdio: 'ignore', cwd: folder });
      const ended = once(second, 'exit').then(() => false);
      if (await Promise.race([answers(url).then(() => true), ended])) return;
      if (Date.now() > deadline) throw new Error('PostgreSQL did not start again');
      await pause(200);
    }
  };
  const stop = async () => {
    if (second !== null && second.exitCode === null && second.signalCode === null) {
      second.kill('SIGQUIT');
      await once(second, 'exit');
    }
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.stdin?.once('error', () => undefined).end();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `postgres://poorter@localhost/postgres?host=${folder}`;
  try {
    await answers(url);
  } catch (cause) {
    await stop();
    throw new Error(`PostgreSQL did not start:\n${said}`, { cause });
  }
  let schemas = 0;
  const freshPlace = () => ({ kind: 'postgres' as const, url, schema: `test_${(schemas += 1)}` });
  return { url, freshPlace, kill, restart, stop };
}

/**
 * An empty cluster in `folder/data`. To make one takes more than to start a server on it, and a run has dozens: within
 * `npm test` the first is kept, and the others are copies of it.
 */
function makeData(bin: string, folder: string, how: SpawnSyncOptions): void {
  const data = join(folder, 'data');
  const scratch = process.env['POORTER_TEST_SCRATCH'];
  const kept = join(scratch ?? folder, 'postgres');
  if (!existsSync(kept)) {
    const argv = ['-D', data, '-U', 'poorter', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    const made = spawnSync(join(bin, 'initdb'), argv, { ...how, timeout: START_MS_MAX });
    if (made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`initdb: ${made.error?.message ?? made.stderr}`);
    }
    if (scratch !== undefined) keepCopy(data, kept);
    return;
  }
  copyTree(kept, data);
}

/** Whole or not at all. Of two that make one at once, the first is kept. */
function keepCopy(data: string, kept: string): void {
  const own = `${kept}-${process.pid}`;
  copyTree(data, own);
  try {
    renameSync(own, kept);
  } catch {
    rmSync(own, { recursive: true, force: true });
  }
}

/** With owners and modes. */
function copyTree(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** Debian keeps the server away from the PATH. */
function programFolder(): string {
  const installed = globSync('/usr/lib/postgresql/*/bin').toSorted().at(-1);
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const folder = [...(installed === undefined ? [] : [installed]), ...onPath].find(
    (candidate) => globSync(join(candidate, 'initdb')).length > 0,
  );
  if (folder === undefined) throw new Error('PostgreSQL is not installed: npm test installs it');
  return folder;
}

/** PostgreSQL refuses to run as root. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const ids = ['postgres', 'nobody'].map((name) =>
    ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim()),
  );
  const [uid, gid] = ids.find(([id]) => id !== '') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => {});
      if (Date.now() > deadline) throw error;
      await pause(50);
    }
  }
}
