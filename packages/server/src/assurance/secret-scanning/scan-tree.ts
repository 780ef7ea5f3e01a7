import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { listFiles } from './list-files.ts';
import { ScanCrew } from './scan-crew.ts';
import { ReportDraft, type ScanReport } from './scan-report.ts';

export interface TreeScan {
  /** A directory or a file. */
  readonly path: string;
  readonly threads: number;
  /** Also what git ignores. */
  readonly allFiles: boolean;
}

const PATHS_A_BATCH = 64;
const DIRECTORIES_MAX = 10_000;

/** Looks through the files below a path. Throws when the path cannot be opened. */
export async function scanTree({ path, threads, allFiles }: TreeScan): Promise<ScanReport> {
  const real = realpathSync(path);
  const isFile = !statSync(real).isDirectory();
  const root = isFile ? dirname(real) : real;
  const draft = new ReportDraft();
  const crew = new ScanCrew({ root }, threads, (answer) => draft.add(answer));
  try {
    if (isFile) await crew.give({ kind: 'files', paths: joined([Buffer.from(basename(real))]) });
    else await giveDirectory(Buffer.alloc(0));
    await crew.finish();
    // Submodules are found when they turn out to be directories, and are trees of their own.
    let seen = 0;
    for (let next = draft.nextDirectory(); next !== null; next = draft.nextDirectory()) {
      if (++seen > DIRECTORIES_MAX) {
        draft.unreadable(next, `more than ${DIRECTORIES_MAX} repositories inside`);
        break;
      }
      await giveDirectory(next);
      await crew.finish();
    }
  } finally {
    await crew.dismiss();
  }
  return draft.report();

  async function giveDirectory(below: Uint8Array): Promise<void> {
    const name = Buffer.from(below).toString('utf8').replace(/\/$/, '');
    const prefix = below.length === 0 ? below : Buffer.from(`${name}/`);
    const directory = below.length === 0 ? root : join(root, name);
    let batch: Buffer[] = [];
    for await (const file of listFiles({ directory, prefix, allFiles, report: draft })) {
      batch.push(file);
      if (batch.length < PATHS_A_BATCH) continue;
      await crew.give({ kind: 'files', paths: joined(batch) });
      batch = [];
    }
    if (batch.length > 0) await crew.give({ kind: 'files', paths: joined(batch) });
  }
}

const END = Buffer.from([0]);

function joined(paths: readonly Buffer[]): Uint8Array {
  // Copied into memory of its own: a pooled buffer would be sent whole.
  return new Uint8Array(Buffer.concat(paths.flatMap((path) => [path, END])));
}
