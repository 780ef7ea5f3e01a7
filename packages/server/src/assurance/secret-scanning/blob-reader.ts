import type { ContentScanner } from './content-scanner.ts';
import { type RunningGit, startGit } from './git.ts';
import type { BlobToScan, ScanAnswer } from './scan-messages.ts';
import { Tally } from './tally.ts';

/** `OBJECT blob SIZE`, never longer. */
const HEAD_MAX = 256;
const NEWLINE = 0x0a;

/** Reads contents from git's object store, through one git for the thread's lifetime. */
export class BlobReader {
  readonly #scanner: ContentScanner;
  readonly #git: RunningGit;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(repository: string, scanner: ContentScanner) {
    this.#scanner = scanner;
    this.#git = startGit(repository, ['cat-file', '--batch'], 'pipe');
    this.#chunks = this.#git.process.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async scan(blobs: readonly BlobToScan[]): Promise<ScanAnswer> {
    const tally = new Tally();
    this.#git.process.stdin?.write(blobs.map(({ id }) => `${id}\n`).join(''));
    for (const { id, path } of blobs) {
      const size = await this.#head(id);
      if (size === null) {
        tally.refuse(path, new Error(`object ${id} is missing`));
        continue;
      }
      await this.#scanOne({ id, path }, size, tally);
    }
    return tally.answer();
  }

  async #scanOne({ id, path }: BlobToScan, size: number, tally: Tally): Promise<void> {
    let fault: unknown = null;
    // What follows in the pipe must be read to its end, whatever becomes of this content.
    const attempt = (step: () => void) => {
      try {
        if (fault === null) step();
      } catch (error) {
        fault = error;
      }
    };
    this.#scanner.begin(path, id);
    await this.#take(size, (chunk) => attempt(() => this.#scanner.write(chunk)));
    await this.#take(1, () => {});
    attempt(() => tally.add(this.#scanner.end()));
    if (fault !== null) tally.refuse(path, fault);
  }

  async #head(id: string): Promise<number | null> {
    let line = this.#rest;
    while (!line.includes(NEWLINE)) {
      if (line.length > HEAD_MAX) throw new Error(`git cat-file said: ${line.toString('latin1')}`);
      line = Buffer.concat([line, await this.#next()]);
    }
    const end = line.indexOf(NEWLINE);
    const [name, kind, size] = line.toString('latin1', 0, end).split(' ');
    this.#rest = line.subarray(end + 1);
    if (name !== id) throw new Error(`git cat-file answered ${name} when asked for ${id}`);
    return kind === 'missing' || size === undefined ? null : Number(size);
  }

  async #take(count: number, use: (chunk: Buffer) => void): Promise<void> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      use(chunk);
    }
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (!done) return value;
    throw new Error(`git cat-file ended: ${this.#git.complaint.trim()}`);
  }
}
