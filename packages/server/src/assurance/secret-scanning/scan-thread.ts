import { parentPort, workerData } from 'node:worker_threads';
import { BlobReader } from './blob-reader.ts';
import { ContentScanner } from './content-scanner.ts';
import { FileReader } from './file-reader.ts';
import type { ScanAnswer, ScanOrder, ScanSeed } from './scan-messages.ts';

/** A thread that scans: one order after another, one answer each. */
const { root } = workerData as ScanSeed;
const scanner = new ContentScanner();
const files = new FileReader(root, scanner);
let blobs: BlobReader | null = null;

/** An order waits for the one before: they share the scanner. */
let turn: Promise<void> = Promise.resolve();

parentPort?.on('message', (order: ScanOrder) => {
  turn = turn.then(async () => parentPort?.postMessage(await answer(order)));
});

async function answer(order: ScanOrder): Promise<ScanAnswer> {
  switch (order.kind) {
    case 'files':
      return files.scan(order.paths);
    case 'blobs':
      blobs ??= new BlobReader(root, scanner);
      return blobs.scan(order.blobs);
  }
}
