import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from './patience.fixture.ts';

/**
 * Ends what still runs on this folder and removes it. A process that is ending writes and removes files
 * there: removing stops, without an error, at a file that is gone already, and a folder may come back.
 */
export async function removeFolder(folder: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  do {
    const running = processesOn(folder);
    if (running.length > 0) {
      for (const pid of running) kill(pid);
      await sleep(20);
      continue;
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    if (!existsSync(folder)) return;
  } while (performance.now() < until);
  throw new Error(`${folder} cannot be removed`);
}

/**
 * Reads or copies a folder in which others work. What they rename or remove between its being listed and
 * being opened is gone under that name: then the whole is read once more, so that nothing is left out.
 */
export function amidOthers<T>(readAll: () => T): T {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return readAll();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT' || performance.now() > until) throw error;
    }
  }
}

/** Every file below this folder. */
export function contentsOf(folder: string): Buffer[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file));
}

/** By their command lines, which name it. Elsewhere than on Linux nobody is found. */
function processesOn(folder: string): number[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => commandOf(name).includes(folder))
    .map(Number);
}

/** Of one that has ended meanwhile, and of a zombie: none. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
