import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSpoolMemory, SpoolPlaces } from './places.ts';
import { failingDisk, openWriter, readSpool, spoolDirectory, spoolKey } from './spool.fixture.ts';
import { realDisk } from './spool-files.ts';
import { realFolder } from './spool-folder.ts';
import { SpoolKeeper } from './spool-keeper.ts';
import { readFrames, SPOOL_START } from './spool-reader.ts';
import { SpoolUnavailableError } from './spool-writer.ts';
import { listWriters, removeFile } from './spooled-writers.ts';

/** `SEEDS=200 node --test …` for the long campaign. */
const SEEDS = Number(process.env['SEEDS'] ?? 8);

function withDirectory(body: (directory: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = spoolDirectory();
    try {
      await body(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

test(
  'lines come out as they went in, over many files and in batches of any size',
  withDirectory(async (directory) => {
    const writer = openWriter(directory, { fileBytesMax: 2_000 });
    const lines: string[] = [];
    for (let at = 0; at < 300; at++) {
      assert.ok(writer.admit());
      lines.push(`ligne é ${at} ${'x'.repeat(at)}`);
      writer.append(lines.at(-1) as string);
      if (at % 7 === 0) await writer.flush();
    }
    await writer.close();
    const files = listWriters(realFolder(directory))[0]?.files.length as number;
    assert.ok(files > 5, `${files} files`);
    for (const bytesMax of [100, 3_000, 1_000_000]) {
      const read = readSpool(directory, bytesMax);
      assert.deepEqual(read.lines, lines);
      assert.deepEqual([read.admitted, read.settled, read.missing], [300, 300, 0]);
      assert.ok(read.areDone);
    }
  }),
);

test(
  'nothing that was written can be read in the files',
  withDirectory(async (directory) => {
    const writer = openWriter(directory);
    assert.ok(writer.admit());
    writer.append('the caller was alice@example.org');
    await writer.close();
    for (const file of readdirSync(directory)) {
      assert.ok(!readFileSync(join(directory, file)).includes('alice'), file);
    }
    assert.equal(readSpool(directory).lines.length, 1);
  }),
);

test(
  'durable lines share syncs: 32 at once cost far fewer than 32',
  withDirectory(async (directory) => {
    let syncs = 0;
    const disk = {
      ...realDisk,
      async create(folder: string, name: string, header: Buffer) {
        const file = await realDisk.create(folder, name, header);
        return {
          write: (bytes: Buffer, position: number) => file.write(bytes, position),
          close: () => file.close(),
          sync: async () => {
            syncs++;
            await file.sync();
          },
        };
      },
    };
    const writer = openWriter(directory, { disk });
    const caller = async (name: number) => {
      for (let round = 0; round < 20; round++) await writer.commit(`${name} ${round}`);
    };
    await Promise.all(Array.from({ length: 32 }, (_, name) => caller(name)));
    assert.ok(syncs <= (32 * 20) / 8, `${syncs} syncs for ${32 * 20} lines`);
    await writer.close();
    assert.equal(readSpool(directory).lines.length, 32 * 20);
  }),
);

test('whichever write or sync fails, a promised line is there and every loss is counted', async () => {
  let refusals = 0;
  for (let nth = 1; nth <= 24; nth++) {
    for (const kind of ['half', 'all'] as const) {
      const directory = spoolDirectory();
      const disk = failingDisk((call) => (call % 25 === nth ? kind : 'no'));
      const writer = openWriter(directory, { disk, fileBytesMax: 3_000 });
      const promised: string[] = [];
      let appended = 0;
      for (let at = 0; at < 60; at++) {
        if (!writer.admit()) continue;
        try {
          await writer.commit(`intent ${at}`);
          promised.push(`intent ${at}`);
        } catch (error) {
          assert.ok(error instanceof SpoolUnavailableError);
          refusals++;
        }
        writer.append(`record ${at} ${'x'.repeat(100)}`);
        appended++;
        if (at % 5 === 0) await writer.flush();
      }
      await writer.flush();
      await writer.flush();
      await writer.close();
      const read = readSpool(directory, 500);
      const lines = new Set(read.lines);
      for (const line of promised) assert.ok(lines.has(line), `${nth} ${kind}: ${line}`);
      assert.equal(lines.size, read.lines.length, 'nothing twice');
      assert.equal(read.admitted, appended);
      assert.equal(read.settled, read.lines.filter((line) => line.startsWith('record')).length);
      assert.equal(read.settled, appended, 'the disk recovered, so nothing may be lost');
      rmSync(directory, { recursive: true });
    }
  }
  assert.ok(refusals > 20, `${refusals} refusals`);
});

test(
  'a disk that takes nothing: no durable promise, a bounded queue, an exact account',
  withDirectory(async (directory) => {
    let isFull = false;
    const disk = failingDisk(() => (isFull ? 'all' : 'no'));
    const writer = openWriter(directory, { disk });
    await writer.commit('before');
    isFull = true;
    let admitted = 0;
    const line = 'y'.repeat(1_000);
    for (let at = 0; at < 20_000; at++) {
      if (writer.admit()) {
        admitted++;
        writer.append(line);
      }
      if (at % 100 === 0) await assert.rejects(writer.commit('intent'), SpoolUnavailableError);
    }
    assert.ok(admitted < 9_000, `${admitted} lines wait in memory`);
    isFull = false;
    await sleep(1_200);
    await writer.commit('after');
    await writer.close();
    const read = readSpool(directory);
    assert.equal(read.settled, admitted);
    assert.equal(read.turnedAway, 20_000 - admitted);
    assert.equal(read.lines.filter((one) => one === line).length, admitted);
    assert.ok(read.lines.includes('after'));
  }),
);

test(
  'calls that are turned away for hours leave one frame behind them, not one for each attempt',
  withDirectory(async (directory) => {
    let isFull = true;
    const writer = openWriter(directory, {
      disk: failingDisk(() => (isFull ? 'all' : 'no')),
      bytesMax: 256,
    });
    for (let attempt = 0; attempt < 50; attempt++) {
      assert.ok(!writer.admit());
      await writer.flush();
    }
    isFull = false;
    await writer.flush();
    await writer.close();
    const [found] = listWriters(realFolder(directory));
    assert.ok(found !== undefined);
    const bounds = { bytesMax: 1_000_000, isPatient: false };
    const { frames } = readFrames(
      realFolder(directory),
      found,
      SPOOL_START,
      () => spoolKey.key,
      bounds,
    );
    assert.deepEqual(
      frames.map(({ turnedAway }) => turnedAway),
      [50],
    );
  }),
);

test(
  'the spool has a bound over all threads, and places return when the reader has taken files',
  withDirectory(async (directory) => {
    const memory = createSpoolMemory(2, 200_000);
    const keeper = new SpoolKeeper(directory, 'n1', memory);
    const names = [keeper.begin(0), keeper.begin(1)] as const;
    const [one, two] = names.map((name, slot) =>
      openWriter(directory, { name, places: new SpoolPlaces(memory, slot), fileBytesMax: 20_000 }),
    );
    if (one === undefined || two === undefined) throw new Error('two writers');
    let written = 0;
    for (; one.admit(); written++) {
      one.append('z'.repeat(900));
      await one.flush();
    }
    assert.ok(written > 100 && written < 250, `${written}`);
    assert.ok(!two.admit(), 'the other thread has no place either');
    for (const writer of listWriters(realFolder(directory))) {
      for (const file of writer.files.slice(0, -1)) removeFile(realFolder(directory), writer, file);
    }
    // One file is noticed at a time.
    for (let at = 0; at < 40 && !two.admit(); at++) await sleep(100);
    assert.ok(two.admit());
    await one.close();
    keeper.ended(0, memory);
    const taken = new SpoolPlaces(memory, 1).takenBytes;
    assert.ok(taken < 60_000, `${taken} bytes are taken`);
    two.append('');
    two.append('');
    await two.close();
    keeper.ended(1, memory);
  }),
);

test(
  'a spool that is full of files which threads have only begun becomes empty again',
  withDirectory(async (directory) => {
    const slots = 6;
    const memory = createSpoolMemory(slots, 60_000);
    const keeper = new SpoolKeeper(directory, 'n1', memory);
    const writers = Array.from({ length: slots }, (_, slot) =>
      openWriter(directory, {
        ...{ name: keeper.begin(slot), places: new SpoolPlaces(memory, slot) },
        // Each begins a file, and none is ever full.
        fileBytesMax: 8_000_000,
      }),
    );
    for (let full = 0; full < slots; ) {
      full = 0;
      for (const writer of writers) {
        if (!writer.admit()) full++;
        else writer.append('z'.repeat(900));
        await writer.flush();
      }
    }
    const folder = realFolder(directory);
    for (let at = 0; at < 100 && !writers.every((writer) => writer.admit()); at++) {
      // The reader takes what is final, and only that.
      for (const writer of listWriters(folder)) {
        for (const file of writer.files.slice(0, -1)) removeFile(folder, writer, file);
      }
      await sleep(100);
    }
    assert.ok(writers.every((writer) => writer.admit()));
    for (const writer of writers) await writer.close();
  }),
);

const TURNS_BATCHED = 60;

/** Until so many turns were told. */
async function untilTurn(turn: number, told: Readable): Promise<void> {
  let text = '';
  await new Promise<void>((resolve) => {
    told.on('data', (chunk: Buffer) => {
      text = (text + chunk).slice(-100_000);
      if (text.includes(`turn ${turn}\n`)) resolve();
    });
  });
}

/** In which of its turns the writer asked for what it has not been promised. */
function unanswered(words: readonly string[]): number[] {
  const promised = new Set(words);
  return words.flatMap((word) => {
    const [, what, call, turn] = /^asked (\w+) (\d+) (\d+)$/.exec(word) ?? [];
    const promise = what === 'intent' ? `forwarded ${call}` : `answered ${call}`;
    return turn === undefined || promised.has(promise) ? [] : [Number(turn)];
  });
}

test(
  'after a kill: every promise is kept, what closed 50 ms before is there, the rest is counted',
  withDirectory(async (parent) => {
    const fixture = join(import.meta.dirname, 'killed-writer.worker.fixture.ts');
    for (let seed = 1; seed <= SEEDS; seed++) {
      const directory = join(parent, String(seed));
      const isBatched = seed === SEEDS;
      const memory = createSpoolMemory(1, 1e9);
      new SpoolKeeper(directory, 'n1', memory);
      const child = spawn(
        process.execPath,
        [
          '--conditions=source',
          fixture,
          directory,
          String(seed * 7_919),
          isBatched ? 'batched' : 'mixed',
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const said: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      if (isBatched) await untilTurn(TURNS_BATCHED, child.stdout);
      else await sleep((seed * 37) % 600);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      // What follows a gateway process: the next one, under the same lock.
      new SpoolKeeper(directory, 'n1', memory);

      const read = readSpool(directory, 5_000);
      const there = new Set(read.lines.map((line) => line.split(' x')[0]?.trim()));
      assert.ok(read.areDone && read.missing === 0 && read.damaged === 0);
      const words = Buffer.concat(said).toString().split('\n').slice(0, -1);
      assert.ok(words.length > 0);
      const turns = words.filter((word) => word.startsWith('turn ')).length;
      // A disk that has not answered since then has not been given more.
      const answeredUntil = Math.min(turns, ...unanswered(words));
      for (const word of words) {
        const [what, call, closedAt] = word.split(' ') as [string, string, string?];
        if (what === 'forwarded') assert.ok(there.has(`intent ${call}`), word);
        if (what === 'answered') assert.ok(there.has(`outcome ${call}`), word);
        // In turns of 50 ms that it has had, which a machine under load gives later; a write takes some. How long it
        // does, only promises tell.
        const allowed = isBatched ? TURNS_BATCHED - 20 : 4;
        if (what === 'closed' && Number(closedAt) < answeredUntil - allowed) {
          assert.ok(there.has(`call ${call}`), `seed ${seed}: ${word}`);
        }
      }
      const recorded = read.lines.filter((line) => line.startsWith('call ')).length;
      assert.equal(read.settled, recorded);
      const closed = words.filter((word) => word.startsWith('closed')).length;
      const lost = read.admitted - read.settled;
      assert.ok(lost >= closed - recorded && lost >= 0, `seed ${seed}: ${lost} lost`);
      assert.ok(read.admitted >= closed && read.admitted <= closed + 8 + 1);
    }
  }),
);

test(
  'a flipped, cut, swapped or missing piece never yields a line that was not written',
  withDirectory(async (directory) => {
    const writer = openWriter(directory, { fileBytesMax: 600 });
    const lines: string[] = [];
    for (let at = 0; at < 40; at++) {
      assert.ok(writer.admit());
      lines.push(`record ${at}`);
      writer.append(`record ${at}`);
      await writer.flush();
    }
    await writer.close();
    const files = readdirSync(directory).filter((name) => name.endsWith('.spool'));
    const known = new Set(lines);
    let noticed = 0;
    for (let at = 0; at < 300; at++) {
      const file = join(directory, files[at % files.length] as string);
      const before = readFileSync(file);
      const after = Buffer.from(before);
      const place = randomBytes(4).readUInt32LE() % before.length;
      const kind = at % 3;
      if (kind === 0) after[place] = (after[place] as number) ^ (1 << (at % 8));
      if (kind === 2) after.copyWithin(place, 0, 60);
      writeFileSync(file, kind === 1 ? after.subarray(0, place) : after);
      const read = readSpool(directory, 2_000);
      for (const line of read.lines) assert.ok(known.has(line), line);
      assert.equal(new Set(read.lines).size, read.lines.length);
      // What is not there is known to the record: within, or by the account at the end.
      assert.equal(read.settled, read.lines.length + read.missing);
      assert.equal(read.admitted, 40);
      const isWhole = read.lines.length === 40;
      if (!isWhole) noticed++;
      assert.ok(isWhole || read.damaged > 0 || read.missing > 0 || read.settled < read.admitted);
      writeFileSync(file, before);
    }
    assert.ok(noticed > 200, `${noticed}`);
    assert.deepEqual(readSpool(directory).lines, lines);
  }),
);

test(
  'a living writer is never read ahead of, nor taken for damaged while it may be writing',
  withDirectory(async (directory) => {
    const writer = openWriter(directory);
    assert.ok(writer.admit());
    writer.append('whole');
    await writer.flush();
    const [name] = readdirSync(directory).filter((file) => file.endsWith('.spool')) as [string];
    const file = join(directory, name);
    const whole = readFileSync(file);
    for (let cut = 0; cut < whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const read = readSpool(directory, 1e6, true);
      assert.deepEqual([read.lines, read.damaged, read.areDone], [[], 0, false], `cut at ${cut}`);
    }
    writeFileSync(file, whole);
    assert.deepEqual(readSpool(directory, 1e6, true).lines, ['whole']);
    await writer.close();
  }),
);

test('a key of another installation opens nothing, and says so', async () => {
  const directory = spoolDirectory();
  const writer = openWriter(directory, { key: { ...spoolKey, key: Buffer.alloc(32, 9) } });
  assert.ok(writer.admit());
  writer.append('theirs');
  await writer.close();
  const read = readSpool(directory);
  assert.deepEqual([read.lines, read.damaged, read.admitted, read.settled], [[], 1, 1, 0]);
  rmSync(directory, { recursive: true });
});
