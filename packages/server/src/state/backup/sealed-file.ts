import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { KEY_BYTES, type MasterKeyProvider, unambiguous } from '../../platform/secrets/index.ts';

/** A file that is no backup, was cut, or was altered anywhere. */
export class BackupBrokenError extends Error {
  override readonly name = 'BackupBrokenError';
}

export interface BackupHeader {
  readonly id: string;
  /** Who can open it. */
  readonly provider: string;
  /** The key of this file, wrapped by the master key. */
  readonly wrapped: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly program: string;
}

const MAGIC = Buffer.from('poorter-backup 1\n');
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const HEADER_BYTES_MAX = 65_536;
const headerSchema = z.strictObject({
  id: z.uuid(),
  provider: z.string().max(1_000),
  wrapped: z.base64(),
  createdAt: z.int(),
  program: z.string().max(100),
});

/**
 * Writes a file in sealed chunks: AES-256-GCM under a key of this file alone, the STREAM construction
 * (Hoang, Reyhanitabar, Rogaway, Vizár 2015). The nonce is the number of the chunk and whether it is
 * the last, so chunks cannot be altered, cut off, added or put in another order.
 */
export class SealedFileWriter {
  readonly #file: FileHandle;
  readonly #key: Uint8Array;
  readonly #header: Buffer;
  #number = 0n;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  private constructor(file: FileHandle, key: Uint8Array, header: Buffer) {
    this.#file = file;
    this.#key = key;
    this.#header = createHash('sha256').update(header).digest();
  }

  static async create(
    file: FileHandle,
    masterKey: MasterKeyProvider,
    facts: { createdAt: number; program: string },
  ): Promise<SealedFileWriter> {
    const id = randomUUID();
    const key = randomBytes(KEY_BYTES);
    const wrapped = await masterKey.wrap(key, contextOf(id));
    const header: BackupHeader = {
      ...{ id, provider: masterKey.id, wrapped: Buffer.from(wrapped).toString('base64') },
      ...{ createdAt: facts.createdAt, program: facts.program },
    };
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    await file.writeFile(Buffer.concat([MAGIC, length, text]));
    return new SealedFileWriter(file, key, text);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(Buffer.from(bytes));
    this.#pendingBytes += bytes.length;
    // One byte more than a chunk: the last chunk is never known to be the last before the end.
    if (this.#pendingBytes <= CHUNK_BYTES) return;
    const all = Buffer.concat(this.#pending);
    let at = 0;
    for (; all.length - at > CHUNK_BYTES; at += CHUNK_BYTES) {
      await this.#seal(all.subarray(at, at + CHUNK_BYTES), false);
    }
    this.#pending = [all.subarray(at)];
    this.#pendingBytes = all.length - at;
  }

  /** Returns when everything is on disk. */
  async finish(): Promise<void> {
    await this.#seal(Buffer.concat(this.#pending), true);
    await this.#file.sync();
  }

  async #seal(plain: Uint8Array, isLast: boolean): Promise<void> {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(this.#number, isLast));
    cipher.setAAD(associated(this.#header, this.#number, isLast));
    const sealed = [cipher.update(plain), cipher.final()];
    await this.#file.writeFile(Buffer.concat([...sealed, cipher.getAuthTag()]));
    this.#number += 1n;
  }
}

export interface SealedFile {
  readonly header: BackupHeader;
  /** Throws BackupBrokenError; what came before is then not to be used either. */
  chunks(): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

export async function openSealedFile(
  path: string,
  masterKey: MasterKeyProvider,
): Promise<SealedFile> {
  const file = await open(path, 'r');
  try {
    const head = await readFully(file, MAGIC.length + 4, 0);
    if (!head.subarray(0, MAGIC.length).equals(MAGIC) || head.length < MAGIC.length + 4) {
      throw new BackupBrokenError(`${path} is no backup of Poorter`);
    }
    const length = head.readUInt32BE(MAGIC.length);
    if (length > HEADER_BYTES_MAX) throw new BackupBrokenError(`the head of ${path} is altered`);
    const text = await readFully(file, length, head.length);
    const header = parseHeader(text, path);
    const wrapped = Buffer.from(header.wrapped, 'base64');
    const key = await masterKey.unwrap(wrapped, contextOf(header.id));
    if (key.length !== KEY_BYTES) throw new BackupBrokenError(`the key of ${path} is no key`);
    const digest = createHash('sha256').update(text).digest();
    const start = head.length + text.length;
    return {
      header,
      chunks: () => openChunks(file, key, digest, start, path),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* openChunks(
  file: FileHandle,
  key: Uint8Array,
  header: Buffer,
  start: number,
  path: string,
): AsyncGenerator<Buffer> {
  const sealedBytes = CHUNK_BYTES + TAG_BYTES;
  let next = await readFully(file, sealedBytes, start);
  for (let number = 0n, at = start; ; number += 1n) {
    const sealed = next;
    at += sealed.length;
    next = await readFully(file, sealedBytes, at);
    const isLast = next.length === 0;
    yield openChunk(key, header, sealed, number, isLast, path);
    if (isLast) return;
  }
}

function openChunk(
  key: Uint8Array,
  header: Buffer,
  sealed: Buffer,
  number: bigint,
  isLast: boolean,
  path: string,
): Buffer {
  const end = sealed.length - TAG_BYTES;
  if (end < 0) throw new BackupBrokenError(`${path} is cut off`);
  const nonce = nonceOf(number, isLast);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(header, number, isLast));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new BackupBrokenError(`${path} is cut off or altered, at or after chunk ${number}`, {
      cause,
    });
  }
}

function parseHeader(text: Buffer, path: string): BackupHeader {
  try {
    return headerSchema.parse(parseJsonText(text.toString('utf8')));
  } catch (cause) {
    throw new BackupBrokenError(`the head of ${path} is altered`, { cause });
  }
}

/** Fewer bytes only at the end of the file. */
async function readFully(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Never twice under one key: each file has a key of its own. */
function nonceOf(number: bigint, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(number, 3);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function associated(header: Buffer, number: bigint, isLast: boolean): Buffer {
  const end = isLast ? 'last' : 'more';
  return unambiguous(['poorter backup 1', header.toString('hex'), String(number), end]);
}

function contextOf(id: string): string {
  return `poorter backup ${id}`;
}
