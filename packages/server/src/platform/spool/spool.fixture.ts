import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpoolKey } from './format.ts';
import { createSpoolMemory, SpoolPlaces } from './places.ts';
import { realDisk, type SpoolDisk } from './spool-files.ts';
import { realFolder } from './spool-folder.ts';
import { readFrames, SPOOL_START, type SpoolPosition } from './spool-reader.ts';
import { SpoolWriter, type SpoolWriterOptions } from './spool-writer.ts';
import { listWriters, readAdmitted } from './spooled-writers.ts';

export const spoolKey: SpoolKey = { id: 'k1', key: Buffer.alloc(32, 7), wrapped: 'sealed' };

export function spoolDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'poorter-spool-'));
}

export function openWriter(
  directory: string,
  more: Partial<SpoolWriterOptions> & { readonly bytesMax?: number } = {},
): SpoolWriter {
  return new SpoolWriter({
    directory,
    name: { node: 'n1', slot: 0, boot: randomBytes(8).toString('hex') },
    key: spoolKey,
    places: new SpoolPlaces(createSpoolMemory(1, more.bytesMax ?? 64 * 1024 * 1024), 0),
    notify: () => undefined,
    ...more,
  });
}

export interface ReadSpool {
  readonly lines: string[];
  readonly admitted: number;
  readonly settled: number;
  readonly missing: number;
  readonly turnedAway: number;
  readonly damaged: number;
  readonly areDone: boolean;
}

/** Everything that a reader gets of a spool, in batches of `bytesMax`. */
export function readSpool(directory: string, bytesMax = 1024 * 1024, isPatient = false): ReadSpool {
  const read = { lines: [] as string[], admitted: 0, settled: 0, missing: 0, turnedAway: 0 };
  let [damaged, areDone] = [0, true];
  const folder = realFolder(directory);
  for (const writer of listWriters(folder)) {
    let position: SpoolPosition = SPOOL_START;
    read.admitted += readAdmitted(folder, writer.name);
    for (;;) {
      const openKey = () => spoolKey.key;
      const batch = readFrames(folder, writer, position, openKey, { bytesMax, isPatient });
      for (const { lines, missing, turnedAway } of batch.frames) {
        if (lines !== '') read.lines.push(...lines.split('\n'));
        read.missing += missing;
        read.turnedAway += turnedAway;
      }
      damaged += batch.damaged.length;
      position = batch.next;
      if (batch.state === 'more') continue;
      areDone &&= batch.state === 'done';
      break;
    }
    read.settled += position.settled;
  }
  return { ...read, damaged, areDone };
}

/** A disk whose Nth write or sync fails, now and then only half done. */
export function failingDisk(fails: (call: number) => 'no' | 'half' | 'all'): SpoolDisk {
  let calls = 0;
  const refusal = () => Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  return {
    async create(directory, name, header) {
      if (fails(++calls) !== 'no') throw refusal();
      const file = await realDisk.create(directory, name, header);
      return {
        async write(bytes, position) {
          const fault = fails(++calls);
          if (fault === 'all') throw refusal();
          if (fault === 'no') return file.write(bytes, position);
          await file.write(bytes.subarray(0, Math.floor(bytes.length / 2)), position);
          throw refusal();
        },
        async sync() {
          if (fails(++calls) !== 'no') throw Object.assign(new Error('i/o'), { code: 'EIO' });
          await file.sync();
        },
        close: () => file.close(),
      };
    },
    createCounter: realDisk.createCounter,
  };
}
