/**
 * What a gateway on another machine and control say to each other about its spool. There is one truth
 * at each end: the gateway's files, which stay until they are recorded, and the recorder's cursor in
 * the database of the log. What lies in between, control's copy of the files, may be lost at any
 * moment: control then says where it stands, and the gateway goes on from there.
 */
export interface CarriedBatch {
  /** Larger with each batch of a connection: one that comes again or late is not kept. */
  readonly number: number;
  readonly entries: readonly CarriedEntry[];
}

/** Of one writer. Without pieces it only asks where control stands. */
export interface CarriedEntry {
  readonly writer: string;
  /** In order, each where the one before ends. */
  readonly pieces: readonly CarriedPiece[];
  /** The writer has ended; all of it is in these pieces or came before. */
  readonly end: CarriedEnd | null;
  /** Nothing of this writer is on the gateway's disk any more: control need not remember it. */
  readonly isForgotten: boolean;
}

export interface CarriedPiece {
  readonly file: number;
  readonly offset: number;
  /** CRC-32 of the file up to `offset`. */
  readonly crc: number;
  readonly bytes: Uint8Array;
  /**
   * With the first piece of a file: which is before it, that it is final, and what it came to. A power
   * cut on the gateway may have taken one between.
   */
  readonly before: FinalFile | null;
  /** With the first piece of a file: the gateway has none before it, because all were recorded. */
  readonly isFirst: boolean;
}

/** How long a file is, and what is in it. */
export interface FileExtent {
  readonly bytes: number;
  readonly crc: number;
}

export interface FinalFile extends FileExtent {
  readonly file: number;
}

export interface CarriedEnd {
  /** Null: the writer has no file, because it wrote nothing or all was recorded. */
  readonly last: FinalFile | null;
  readonly admitted: number;
}

/** Where control stands with a writer. */
export interface CarriedAnswer {
  readonly writer: string;
  /** The file that control keeps last, and how much of it; null: it has none. */
  readonly kept: (FileExtent & { readonly file: number }) | null;
  readonly hasEnd: boolean;
  /** Files before this one are in the log for good. */
  readonly recordedBelow: number;
  /** The writer has ended and all of it is in the log for good. */
  readonly isRecorded: boolean;
  readonly isForgotten: boolean;
  /** Not of this gateway's spool. */
  readonly isRefused: boolean;
}

/** How far the log holds a writer for good: files before this one, or all. */
export type Recorded = number | 'all';

/** What the recorder says after a commit that survives a power cut. */
export interface RecordedWriters {
  readonly recorded: ReadonlyMap<string, Recorded>;
  readonly forgotten: readonly string[];
}

export const ENTRIES_MAX = 256;
export const PIECES_MAX = 64;
