import type { FrameCipher } from './format.ts';
import type { SpoolFile } from './spool-files.ts';

/** The file that a thread writes. */
export interface OpenFile {
  readonly file: SpoolFile;
  readonly name: string;
  readonly cipher: FrameCipher;
  bytes: number;
  frames: number;
  /** What it takes of the shared places. */
  taken: number;
  hasLines: boolean;
}

/** A frame as it was sealed: tried again byte for byte, because its nonce must not seal anything else. */
export interface SealedFrame {
  readonly open: OpenFile;
  readonly bytes: Buffer;
  readonly settled: number;
  readonly chars: number;
}
