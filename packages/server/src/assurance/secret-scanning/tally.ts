import type { ContentResult } from './content-scanner.ts';
import type { Finding } from './finding.ts';
import { uriOf } from './finding.ts';
import type { ScanAnswer, Unreadable } from './scan-messages.ts';

/** As many as a report lists. */
export const FINDINGS_MAX = 10_000;

/** Adds up what single contents gave. */
export class Tally {
  readonly findings: Finding[] = [];
  readonly unreadable: Unreadable[] = [];
  readonly directories: Uint8Array[] = [];
  contents = 0;
  bytes = 0;
  allowed = 0;
  unlisted = 0;

  add({ findings, bytes, allowed, unlisted }: ContentResult): void {
    const room = FINDINGS_MAX - this.findings.length;
    this.findings.push(...findings.slice(0, room));
    this.unlisted += Math.max(0, findings.length - room);
    this.contents += 1;
    this.bytes += bytes;
    this.allowed += allowed;
    this.unlisted += unlisted;
  }

  refuse(path: Uint8Array, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    this.unreadable.push({ uri: uriOf(path), reason: code ?? message });
  }

  answer(): ScanAnswer {
    return { ...this };
  }
}
