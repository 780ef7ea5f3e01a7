import type { Finding } from './finding.ts';
import { printablePath, uriOf } from './finding.ts';
import type { ListingReport } from './list-files.ts';
import type { ScanAnswer, Unreadable } from './scan-messages.ts';
import { FINDINGS_MAX } from './tally.ts';

/** What a scan found, and what it could not see. */
export interface ScanReport {
  readonly findings: readonly Finding[];
  /** Files, or objects of the history. */
  readonly contents: number;
  readonly bytes: number;
  /** On lines that say `poorter:allow`. */
  readonly allowed: number;
  /** Found, but more than a report holds. */
  readonly unlisted: number;
  readonly unreadable: readonly Unreadable[];
  readonly notes: readonly string[];
}

const UNREADABLE_MAX = 1_000;
const NOTES_MAX = 100;

/** Gathers what threads answer into one report. */
export class ReportDraft implements ListingReport {
  readonly #findings: Finding[] = [];
  readonly #unreadable: Unreadable[] = [];
  readonly #notes: string[] = [];
  readonly #directories: Uint8Array[] = [];
  #contents = 0;
  #bytes = 0;
  #allowed = 0;
  #unlisted = 0;

  add(answer: ScanAnswer): void {
    const room = FINDINGS_MAX - this.#findings.length;
    this.#findings.push(...answer.findings.slice(0, room));
    this.#unlisted += answer.unlisted + Math.max(0, answer.findings.length - room);
    for (const one of answer.unreadable) this.#refuse(one);
    this.#directories.push(...answer.directories);
    this.#contents += answer.contents;
    this.#bytes += answer.bytes;
    this.#allowed += answer.allowed;
  }

  note(message: string): void {
    if (this.#notes.length < NOTES_MAX) this.#notes.push(message);
  }

  unreadable(path: Uint8Array, reason: string): void {
    this.#refuse({ uri: uriOf(path), reason });
  }

  /** A repository inside, met on the way. */
  nextDirectory(): Uint8Array | null {
    return this.#directories.pop() ?? null;
  }

  report(): ScanReport {
    return {
      findings: this.#findings.toSorted(
        (one, other) =>
          compared(one.uri, other.uri) ||
          compared(one.blob ?? '', other.blob ?? '') ||
          one.line - other.line ||
          one.column - other.column,
      ),
      contents: this.#contents,
      bytes: this.#bytes,
      allowed: this.#allowed,
      unlisted: this.#unlisted,
      unreadable: this.#unreadable,
      notes: this.#notes,
    };
  }

  #refuse(one: Unreadable): void {
    if (this.#unreadable.length < UNREADABLE_MAX) this.#unreadable.push(one);
    else
      this.note(
        `more than ${UNREADABLE_MAX} could not be read, ${printablePath(one.uri)} among them`,
      );
  }
}

function compared(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
