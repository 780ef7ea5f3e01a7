import { realpathSync } from 'node:fs';
import { commitsOf } from './commits.ts';
import type { Finding } from './finding.ts';
import { askGit, startGit } from './git.ts';
import { separated } from './list-files.ts';
import { ScanCrew } from './scan-crew.ts';
import type { BlobToScan } from './scan-messages.ts';
import { ReportDraft, type ScanReport } from './scan-report.ts';

export interface HistoryScan {
  /** In a work tree, or a bare repository. */
  readonly repository: string;
  readonly threads: number;
}

const BLOBS_A_BATCH = 256;
const BYTES_A_BATCH = 4_194_304;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Everything reachable from any reference, any reflog (stashes among them) and the index. */
const OBJECTS = ['rev-list', '--objects', '--all', '--reflog', '--indexed-objects'];
const SIZES = ['cat-file', '--batch-check=%(objecttype) %(objectname) %(objectsize) %(rest)'];

/** Looks through every content that a repository still holds, each once. Throws when git refuses. */
export async function scanHistory({ repository, threads }: HistoryScan): Promise<ScanReport> {
  const root = realpathSync(repository);
  const draft = new ReportDraft();
  const objects = startGit(root, OBJECTS, 'ignore');
  const sizes = startGit(root, SIZES, objects.process.stdout);
  const crew = new ScanCrew({ root }, threads, (answer) => draft.add(answer));
  try {
    let batch: BlobToScan[] = [];
    let bytes = 0;
    for await (const line of separated(sizes.process.stdout, NEWLINE)) {
      const blob = blobOf(line, draft);
      if (blob === null) continue;
      batch.push(blob);
      bytes += blob.size;
      if (batch.length < BLOBS_A_BATCH && bytes < BYTES_A_BATCH) continue;
      await crew.give({ kind: 'blobs', blobs: batch });
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) await crew.give({ kind: 'blobs', blobs: batch });
    await crew.finish();
    // In this order: while sizes are asked for, somebody reads the objects.
    for (const git of [sizes, objects]) {
      if ((await git.ended) !== 0) throw new Error(`reading the history: ${git.complaint.trim()}`);
    }
  } finally {
    objects.stop();
    sizes.stop();
    await crew.dismiss();
  }
  if (askGit(root, ['rev-parse', '--is-shallow-repository']) === 'true') {
    draft.unreadable(
      Buffer.from('.git/shallow'),
      'the clone is shallow: older commits are not here',
    );
  }
  const report = draft.report();
  return { ...report, findings: await withCommits(root, report.findings) };
}

/** `blob ID SIZE PATH`; null for commits, trees and tags. */
function blobOf(line: Buffer, draft: ReportDraft): (BlobToScan & { size: number }) | null {
  const kindEnd = line.indexOf(SPACE);
  const idEnd = line.indexOf(SPACE, kindEnd + 1);
  const sizeEnd = line.indexOf(SPACE, idEnd + 1);
  const kind = line.toString('latin1', 0, kindEnd);
  if (line.includes(' missing') && idEnd === -1) {
    draft.unreadable(Buffer.from(''), `object ${kind} is missing`);
    return null;
  }
  if (kind !== 'blob') return null;
  return {
    id: line.toString('latin1', kindEnd + 1, idEnd),
    size: Number(line.toString('latin1', idEnd + 1, sizeEnd)),
    // Copied: what is sent to a thread must not bring the whole chunk along.
    path: new Uint8Array(line.subarray(sizeEnd + 1)),
  };
}

async function withCommits(root: string, findings: readonly Finding[]): Promise<Finding[]> {
  const blobs = new Set(findings.flatMap(({ blob }) => blob ?? []));
  const commits = await commitsOf(root, [...blobs]);
  return findings.map((finding) => {
    const origin = commits.get(finding.blob ?? '');
    return origin === undefined ? finding : { ...finding, commit: origin };
  });
}
