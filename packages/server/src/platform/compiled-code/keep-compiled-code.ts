import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { constants, enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile, runsFromSource } from '../program/index.ts';

/**
 * Node keeps what it compiled, so that the next start need not compile it again: here, and in the
 * processes and threads started from here. Without a folder that is safe, nothing is kept.
 */
export function keepCompiledCode(): void {
  // Named from outside, Node uses it already.
  if (process.env['NODE_COMPILE_CACHE']) return;
  const folder = ownFolder(process.getuid?.());
  if (folder === null) return;
  const { status } = enableCompileCache(folder);
  if (status === constants.compileCacheStatus.ENABLED) process.env['NODE_COMPILE_CACHE'] = folder;
}

/**
 * Code is run from it: whoever else could write there would run code as us, and the temporary
 * folder is everyone's. A folder that another made before is therefore not used.
 */
export function ownFolder(user: number | undefined, parent: string = usualParent()): string | null {
  if (user === undefined) return null;
  const folder = join(parent, `poorter-compiled-${user}`);
  try {
    mkdirSync(parent, { recursive: true });
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    const found = lstatSync(folder);
    const isOurs = found.isDirectory() && found.uid === user && (found.mode & 0o077) === 0;
    return isOurs ? folder : null;
  } catch {
    // A file system that is only read: every start compiles.
    return null;
  }
}

/** From source, within the clone; published, where the system keeps what may be lost. */
function usualParent(): string {
  return runsFromSource ? packageFile('../../node_modules/.cache') : tmpdir();
}
