import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { parseJsonText } from '@poorter/openapi/json';
import type { Stanza } from 'age-encryption';
import { z } from 'zod';
import type { MasterKeyProvider } from '../../platform/secrets/index.ts';

/** A file that is no backup, was cut, or was altered anywhere. */
export class BackupBrokenError extends Error {
  override readonly name = 'BackupBrokenError';
}

/** What stands readable at the head of the file. */
export interface BackupHeader {
  readonly id: string;
  /** Who can open it. */
  readonly provider: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly program: string;
}

/** age's format (https://c2sp.org/age), with one stanza that the master key opens. */
const START = 'age-encryption.org/v1\n';
const STANZA = 'poorter/backup-2';
/** What backups began with before they were age files. */
const EARLIER_START = 'poorter-backup 1\n';
const HEADER_BYTES_MAX = 65_536;
const READ_BYTES = 65_536;
const headerSchema = z.strictObject({
  id: z.uuid(),
  provider: z.string().max(1_000),
  createdAt: z.int(),
  program: z.string().max(100),
});

/** Encrypts what is written to a file that only the master key opens: whole and unaltered, or not at all. */
export class SealedFileWriter {
  readonly #file: FileHandle;
  readonly #plain: WritableStreamDefaultWriter<Uint8Array>;
  readonly #written: Promise<void>;

  private constructor(
    file: FileHandle,
    plain: WritableStreamDefaultWriter<Uint8Array>,
    sealed: ReadableStream<Uint8Array>,
  ) {
    this.#file = file;
    this.#plain = plain;
    this.#written = writeAll(file, sealed);
    // Whoever writes hears of it, or whoever waits for the end.
    this.#written.catch(() => undefined);
  }

  static async create(
    file: FileHandle,
    masterKey: MasterKeyProvider,
    facts: { createdAt: number; program: string },
  ): Promise<SealedFileWriter> {
    const { Encrypter, Stanza } = await import('age-encryption');
    const header: BackupHeader = { id: randomUUID(), provider: masterKey.id, ...facts };
    const encrypter = new Encrypter();
    encrypter.addRecipient({
      async wrapFileKey(fileKey) {
        const wrapped = await masterKey.wrap(fileKey, contextOf(header.id));
        const words = [STANZA, Buffer.from(JSON.stringify(header)).toString('base64url')];
        return [new Stanza(words, wrapped)];
      },
    });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const sealed = await encrypter.encrypt(readable);
    return new SealedFileWriter(file, writable.getWriter(), sealed);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#plain.write(bytes);
  }

  /** Returns when everything is on disk. */
  async finish(): Promise<void> {
    await this.#plain.close();
    await this.#written;
    await this.#file.sync();
  }
}

async function writeAll(file: FileHandle, sealed: ReadableStream<Uint8Array>): Promise<void> {
  for await (const bytes of sealed) await file.writeFile(bytes);
}

export interface SealedFile {
  readonly header: BackupHeader;
  /** Throws BackupBrokenError; what came before is then not to be used either. */
  chunks(): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** Throws BackupBrokenError, or what the master key throws. */
export async function openSealedFile(
  path: string,
  masterKey: MasterKeyProvider,
): Promise<SealedFile> {
  const file = await open(path, 'r');
  try {
    await checkHead(file, path);
    const { Decrypter } = await import('age-encryption');
    const decrypter = new Decrypter();
    let header: BackupHeader | null = null;
    let refusal: unknown = null;
    decrypter.addIdentity({
      async unwrapFileKey(stanzas) {
        const stanza = onlyStanza(stanzas, path);
        header = readHeader(stanza, path);
        try {
          return await masterKey.unwrap(stanza.body, contextOf(header.id));
        } catch (error) {
          refusal = error;
          throw error;
        }
      },
    });
    const plain = await decrypter.decrypt(streamOf(file)).catch((cause: unknown) => {
      if (refusal !== null) throw refusal;
      throw asBroken(cause, `the head of ${path} is altered`);
    });
    if (header === null) throw new BackupBrokenError(`${path} is no backup of Poorter`);
    return { header, chunks: () => chunksOf(plain, path), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* chunksOf(plain: ReadableStream<Uint8Array>, path: string): AsyncGenerator<Buffer> {
  try {
    for await (const { buffer, byteOffset, byteLength } of plain) {
      yield Buffer.from(buffer, byteOffset, byteLength);
    }
  } catch (cause) {
    throw asBroken(cause, `${path} is cut off or altered`);
  }
}

function asBroken(cause: unknown, message: string): Error {
  return cause instanceof BackupBrokenError ? cause : new BackupBrokenError(message, { cause });
}

/** The library reads a header of any length: only one that ends soon is given to it. */
async function checkHead(file: FileHandle, path: string): Promise<void> {
  const buffer = Buffer.alloc(HEADER_BYTES_MAX);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  const head = buffer.toString('latin1', 0, bytesRead);
  if (head.startsWith(EARLIER_START)) {
    throw new BackupBrokenError(
      `${path} was written by an earlier version: restore it with that one, and back up anew`,
    );
  }
  if (!head.startsWith(START)) throw new BackupBrokenError(`${path} is no backup of Poorter`);
  if (!/\n--- [^\n]*\n/.test(head)) {
    throw new BackupBrokenError(`the head of ${path} is cut off or altered`);
  }
}

function onlyStanza(stanzas: readonly Stanza[], path: string): Stanza {
  const [stanza, ...others] = stanzas;
  if (stanza === undefined || others.length > 0 || stanza.args[0] !== STANZA) {
    throw new BackupBrokenError(`${path} is no backup of Poorter`);
  }
  return stanza;
}

function readHeader({ args }: Stanza, path: string): BackupHeader {
  try {
    const text = Buffer.from(args[1] ?? '', 'base64url').toString('utf8');
    return headerSchema.parse(parseJsonText(text));
  } catch (cause) {
    throw new BackupBrokenError(`the head of ${path} is altered`, { cause });
  }
}

function streamOf(file: FileHandle): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(READ_BYTES);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      at += bytesRead;
      if (bytesRead === 0) controller.close();
      else controller.enqueue(buffer.subarray(0, bytesRead));
    },
  });
}

function contextOf(id: string): string {
  return `poorter backup ${id}`;
}
