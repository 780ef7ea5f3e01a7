import type { Diagnostic } from '@poorter/openapi';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { inOptions, withOptions } from '../configuration/option-names.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { type NoticeCode, notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { CommandWorld } from './definition/world.ts';
import { formatDiagnostics } from './diagnostics.ts';

type Streams = Pick<CommandWorld, 'stdout' | 'stderr' | 'now'>;

export interface NoticeWriterOptions {
  readonly world: Streams;
  /** What was typed: places are named by it. */
  readonly source: ConfigurationSource;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * All that `serve` says, in one of two forms: sentences for people, or a line of JSON for each notice. The
 * start goes to standard output, and everything else to standard error.
 */
export class NoticeWriter {
  readonly isQuiet: boolean;
  readonly #world: Streams;
  readonly #source: ConfigurationSource;
  readonly #isJson: boolean;

  constructor({ world, source, json, quiet }: NoticeWriterOptions) {
    this.#world = world;
    this.#source = source;
    this.#isJson = json;
    this.isQuiet = quiet;
  }

  readonly tell = (one: Notice): void => {
    const told = { ...one, message: inOptions(one.message, this.#source) };
    this.#write(told, `poorter: ${told.message}\n`);
  };

  /** The same where all is well, unless nothing is to be said then. */
  readonly tellWell = (one: Notice): void => {
    if (!this.isQuiet) this.tell(one);
  };

  /** `text`: for people. */
  started(facts: object, text: string): void {
    if (this.isQuiet) return;
    const { stdout, now } = this.#world;
    // `event`: what the first readers of this line know it by.
    const about = { event: 'started', ...facts };
    stdout.write(this.#isJson ? noticeLine(notice('started', 'it serves', about), now()) : text);
  }

  warned(diagnostics: readonly Diagnostic[]): void {
    if (!this.isQuiet) this.#diagnose(withOptions(diagnostics, this.#source));
  }

  /** The places of its faults, then what comes of them. */
  refused(diagnostics: readonly Diagnostic[], outcome: Notice): void {
    this.#diagnose(withOptions(diagnostics, this.#source));
    this.tell(outcome);
  }

  #diagnose(diagnostics: readonly Diagnostic[]): void {
    const { stderr, now } = this.#world;
    if (!this.#isJson) return void stderr.write(formatDiagnostics(diagnostics));
    for (const one of diagnostics) stderr.write(noticeLine(noticeOf(one), now()));
  }

  #write(one: Notice, text: string): void {
    const { stderr, now } = this.#world;
    stderr.write(this.#isJson ? noticeLine(one, now()) : text);
  }
}

/** One line of JSON. What every line has cannot be taken by what this one is about. */
export function noticeLine({ level, code, message, about }: Notice, nowMs: number): string {
  const head = { time: new Date(nowMs).toISOString(), level, code, message };
  return `${JSON.stringify({ ...head, ...about, ...head })}\n`;
}

/** A place, as a notice. */
export function noticeOf(diagnostic: Diagnostic): Notice {
  const { severity, code, file, line, column, message, suggestion } = diagnostic;
  return notice(severity === 'error' ? 'configuration_faulty' : 'configuration_doubtful', message, {
    ...{ file, line, column, rule: code },
    ...(suggestion !== undefined && { suggestion }),
  });
}

/** What kept a start from its work, as lines of JSON. `isUsage`: the command line is wrong. */
export function startFailureLines(error: Error, isUsage: boolean, nowMs: number): string {
  const isRefused = error instanceof RefusedConfiguration;
  const places = isRefused ? error.diagnostics.map(noticeOf) : [];
  const code: NoticeCode = isUsage ? 'called_wrongly' : 'not_started';
  const outcome = notice(code, isRefused ? 'not started' : error.message);
  return [...places, outcome].map((one) => noticeLine(one, nowMs)).join('');
}
