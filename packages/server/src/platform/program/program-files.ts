import { existsSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';

/**
 * Where the program's own files are. Built, many modules become one file, in a place that none of them had: so only
 * this one asks where it is, and all others name files from the top.
 */
const EXTENSION = extname(import.meta.filename);
const PACKAGE = packageAbove(import.meta.dirname);
/** 'src' in the repository, 'dist' where published. */
const [TREE = ''] = relative(PACKAGE, import.meta.dirname).split(sep);

export const runsFromSource = EXTENSION === '.ts';

/** A file that is published beside the code: `packageFile('migrations/state')`. */
export function packageFile(path: string): string {
  return join(PACKAGE, path);
}

/** What a process or a thread starts with, without extension: `startedFile('gateway/gateway-process')`. */
export function startedFile(path: string): string {
  return join(PACKAGE, TREE, path + EXTENSION);
}

function packageAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the program lies in no package: install it again');
  return packageAbove(parent);
}
