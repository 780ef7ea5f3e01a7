import type { Finding } from './finding.ts';

/** What a thread is made for. */
export interface ScanSeed {
  /** Real path; nothing outside of it is opened. */
  readonly root: string;
}

/** Work for a thread; one answer each. */
export type ScanOrder =
  | {
      readonly kind: 'files' /** Relative, each ended by a zero byte. */;
      readonly paths: Uint8Array;
    }
  | { readonly kind: 'blobs'; readonly blobs: readonly BlobToScan[] };

export interface BlobToScan {
  readonly id: string;
  readonly path: Uint8Array;
}

export interface ScanAnswer {
  readonly findings: readonly Finding[];
  readonly contents: number;
  readonly bytes: number;
  readonly allowed: number;
  readonly unlisted: number;
  readonly unreadable: readonly Unreadable[];
  /** Submodules and repositories inside: to be listed on their own. */
  readonly directories: readonly Uint8Array[];
}

export interface Unreadable {
  readonly uri: string;
  readonly reason: string;
}
