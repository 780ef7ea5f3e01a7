import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NoticeCode } from '../../packages/server/src/messages/notices.ts';
import { PATIENCE_MS } from './patience.fixture.ts';

/** A line of `serve --json`. */
export interface ToldNotice extends Readonly<Record<string, unknown>> {
  readonly time: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly code: NoticeCode;
  readonly message: string;
}

/** What a program that was started with `--json` says, line by line, on either stream. */
export class Told {
  readonly #child: ChildProcess;
  #text = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#text += text;
      });
    }
  }

  get text(): string {
    return this.#text;
  }

  /** So far. A line that is just being written has no end yet; V8 itself may write what is no JSON. */
  notices(code?: NoticeCode): ToldNotice[] {
    const lines = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1).split('\n');
    const told = lines.filter((line) => line.startsWith('{'));
    const read = told.map((line) => JSON.parse(line) as ToldNotice);
    return code === undefined ? read : read.filter((one) => one.code === code);
  }

  /** The first that is like this, of those that were or will be said. */
  async awaitNotice(code: NoticeCode, isIt: (one: ToldNotice) => boolean = () => true) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.notices(code).find(isIt);
      if (found !== undefined) return found;
      const { exitCode } = this.#child;
      if (exitCode !== null) throw new Error(`it ended with ${exitCode}:\n${this.#text}`);
      if (Date.now() > deadline) throw new Error(`${code} was not said:\n${this.#text}`);
      await sleep(25);
    }
  }
}
