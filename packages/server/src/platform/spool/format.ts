import { createCipheriv, createDecipheriv, hash, hkdfSync } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';

/**
 * A spool file: a header, then frames, each what one group commit wrote. The header names the key
 * (wrapped: whoever may unwrap it may read) and carries a random salt, so that every file has a key
 * of its own and a frame's number is its nonce. The header's hash and the frame's own head are
 * authenticated with every frame: none can be moved, swapped or renumbered.
 */
export interface SpoolKey {
  readonly id: string;
  readonly key: Uint8Array;
  /** How a reader gets the key; opaque here. */
  readonly wrapped: string;
}

/** Who writes: one a thread and life. */
export interface WriterName {
  readonly node: string;
  readonly slot: number;
  /** Random, new whenever a thread starts. */
  readonly boot: string;
}

export interface FileHeader {
  readonly keyId: string;
  readonly wrapped: string;
  readonly salt: Buffer;
  readonly bytes: Buffer;
}

export interface FrameHead {
  /** Bytes of the lines, before encryption. */
  readonly length: number;
  readonly number: number;
  /** Admissions that this frame's lines settle, and how many were settled before it. */
  readonly settled: number;
  readonly settledBefore: number;
  /** Calls turned away since the last frame, because the spool had no place. */
  readonly turnedAway: number;
  readonly writtenMs: number;
}

const MAGIC = 'POORSPL1';
const HEADER_FIXED_BYTES = 48;
const HEADER_TEXT_BYTES_MAX = 16_384;
const SALT_BYTES = 32;
const FRAME_MAGIC = 0x5046_524d;
/** What a reader looks for behind damage. */
export const FRAME_MAGIC_BYTES = Buffer.from(new Uint32Array([FRAME_MAGIC]).buffer);
export const FRAME_HEAD_BYTES = 40;
const TAG_BYTES = 16;
/** No writer makes larger frames; a reader need not believe a larger length. */
export const FRAME_LINES_BYTES_MAX = 8 * 1024 * 1024;

export function writeHeader(name: WriterName, file: number, key: SpoolKey, salt: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify({ ...name, file, key: key.id, wrapped: key.wrapped }));
  if (text.length > HEADER_TEXT_BYTES_MAX)
    throw new RangeError('the wrapped spool key is too long');
  const head = Buffer.alloc(HEADER_FIXED_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(text.length, 8);
  head.set(salt, 16);
  return Buffer.concat([head, text]);
}

/** Null while the header is not whole; throws when it never will be. */
export function readHeader(bytes: Buffer): FileHeader | null {
  const magic = bytes.subarray(0, MAGIC.length).toString('latin1');
  if (!MAGIC.startsWith(magic)) throw new Error('not a spool file');
  if (bytes.length < HEADER_FIXED_BYTES) return null;
  const length = bytes.readUInt32LE(8);
  if (length > HEADER_TEXT_BYTES_MAX) throw new Error('not a spool file');
  const end = HEADER_FIXED_BYTES + length;
  if (bytes.length < end) return null;
  const said: unknown = parseJsonText(bytes.subarray(HEADER_FIXED_BYTES, end).toString());
  const { key, wrapped } = (said ?? {}) as Record<string, unknown>;
  if (typeof key !== 'string' || typeof wrapped !== 'string') throw new Error('not a spool file');
  return {
    keyId: key,
    wrapped,
    salt: Buffer.from(bytes.subarray(16, 16 + SALT_BYTES)),
    bytes: Buffer.from(bytes.subarray(0, end)),
  };
}

/** Enough bytes for the longest header. */
export const HEADER_BYTES_MAX = HEADER_FIXED_BYTES + HEADER_TEXT_BYTES_MAX;

/** Seals and opens the frames of one file. */
export class FrameCipher {
  readonly #key: Buffer;
  readonly #headerHash: Buffer;

  constructor(key: Uint8Array, salt: Uint8Array, header: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', key, salt, 'poorter spool file', 32));
    this.#headerHash = hash('sha256', header, 'buffer');
  }

  seal(head: Omit<FrameHead, 'length'>, lines: Buffer): Buffer {
    const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + lines.length + TAG_BYTES);
    frame.writeUInt32LE(FRAME_MAGIC, 0);
    frame.writeUInt32LE(lines.length, 4);
    frame.writeUInt32LE(head.number, 8);
    frame.writeUInt32LE(head.settled, 12);
    frame.writeDoubleLE(head.settledBefore, 16);
    frame.writeUInt32LE(head.turnedAway, 24);
    frame.writeUInt32LE(0, 28);
    frame.writeDoubleLE(head.writtenMs, 32);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce(head.number));
    cipher.setAAD(this.#headerHash).setAAD(frame.subarray(0, FRAME_HEAD_BYTES));
    frame.set(cipher.update(lines), FRAME_HEAD_BYTES);
    cipher.final();
    frame.set(cipher.getAuthTag(), FRAME_HEAD_BYTES + lines.length);
    return frame;
  }

  /** The lines, or null when the frame is not what its writer wrote. */
  open(frame: Buffer, { number, length }: FrameHead): Buffer | null {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce(number), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(this.#headerHash).setAAD(frame.subarray(0, FRAME_HEAD_BYTES));
    decipher.setAuthTag(frame.subarray(FRAME_HEAD_BYTES + length));
    const lines = decipher.update(frame.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length));
    try {
      decipher.final();
      return lines;
    } catch {
      return null;
    }
  }
}

/** Null when these bytes do not begin a frame. They are believed only once the frame has opened. */
export function readFrameHead(bytes: Buffer): FrameHead | null {
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) return null;
  const head: FrameHead = {
    length: bytes.readUInt32LE(4),
    number: bytes.readUInt32LE(8),
    settled: bytes.readUInt32LE(12),
    settledBefore: bytes.readDoubleLE(16),
    turnedAway: bytes.readUInt32LE(24),
    writtenMs: bytes.readDoubleLE(32),
  };
  return head.length <= FRAME_LINES_BYTES_MAX ? head : null;
}

export function frameBytes({ length }: FrameHead): number {
  return FRAME_HEAD_BYTES + length + TAG_BYTES;
}

function nonce(frameNumber: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(frameNumber, 0);
  return bytes;
}
