import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from './poorter.fixture.ts';

/** For `{ skip }`: a file system of a few megabytes takes the right to mount one. */
export const skipSmallDisk = mountRefusal();

export interface SmallDisk {
  readonly path: string;
  /** Until it takes not one byte more. */
  fill(): void;
  /** Gives back what `fill` took. */
  empty(): void;
}

/** A file system of its own, in memory, of so many bytes. */
export function mountSmallDisk(t: Lifetime, path: string, bytes: number): SmallDisk {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const mounted = mount(path, bytes);
  if (mounted !== null) throw new Error(mounted);
  const unmount = () => {
    // Whoever still has it open keeps it until its end; the name is free at once.
    spawnSync('umount', ['--lazy', path]);
  };
  process.once('exit', unmount);
  t.after(() => {
    process.removeListener('exit', unmount);
    unmount();
  });
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      const descriptor = openSync(ballast, 'a');
      const block = Buffer.alloc(4_096);
      try {
        // A write that fits in part only is tried again, and then refused.
        for (;;) writeSync(descriptor, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(descriptor);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
  };
}

function mount(path: string, bytes: number): string | null {
  const argv = ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'none', path];
  const { status, stderr, error } = spawnSync('mount', argv, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

function mountRefusal(): string | false {
  if (process.getuid?.() !== 0) return 'mounting a small file system needs root';
  const path = mkdtempSync(join(tmpdir(), 'poorter-mount-'));
  const refusal = mount(path, 65_536);
  if (refusal === null) spawnSync('umount', [path]);
  rmSync(path, { recursive: true });
  return refusal === null ? false : `no small file system can be mounted: ${refusal}`;
}
