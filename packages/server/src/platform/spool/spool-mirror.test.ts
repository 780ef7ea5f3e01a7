import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { CarriedAnswer, CarriedEntry, CarriedPiece, RecordedWriters } from './carrying.ts';
import { openWriter, readSpool } from './spool.fixture.ts';
import { realFolder } from './spool-folder.ts';
import { MirrorFullError, SpoolMirror, SpoolReception } from './spool-mirror.ts';
import { SpoolShipper } from './spool-shipper.ts';

const WRITER = 'gw_a-0-0123456789abcdef';

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-mirror-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function mirrorIn(directory: string, bytesMax = 10_000_000, forget = (_: string) => undefined) {
  const mirror = new SpoolMirror({ folder: realFolder(directory), bytesMax, forget });
  const note = (recorded: Iterable<[string, number | 'all']>, forgotten: string[] = []) =>
    mirror.noteRecorded({ recorded: new Map(recorded), forgotten } satisfies RecordedWriters);
  return Object.assign(mirror, { note });
}

const shown = (directory: string) => readdirSync(directory).toSorted();

function entryOf(pieces: readonly Partial<CarriedPiece>[], more: Partial<CarriedEntry> = {}) {
  const whole = pieces.map((piece) => ({
    ...{ file: 0, offset: 0, crc: 0, bytes: new Uint8Array(), before: null, isFirst: false },
    ...piece,
  }));
  return { writer: WRITER, pieces: whole, end: null, isForgotten: false, ...more };
}

const one = (answers: readonly CarriedAnswer[] | null) => answers?.[0] as CarriedAnswer;
const extent = (text: string) => ({ bytes: text.length, crc: crc32(text) });

test('a spool is carried byte for byte, and leaves its disk only when it is recorded', async (t) => {
  const [from, to] = [folder(t), folder(t)];
  const mirror = mirrorIn(to);
  const big = Buffer.alloc(3_000_000, 'x');
  writeFileSync(join(from, `${WRITER}-0.spool`), big);
  writeFileSync(join(from, `${WRITER}-1.spool`), 'tail');
  writeFileSync(join(from, `${WRITER}.count`), new Uint8Array(new Float64Array([7]).buffer));
  let isAway = true;
  const clock = { now: 0 };
  const shipper = new SpoolShipper({
    folder: realFolder(from),
    send: async (entries) => (isAway ? null : mirror.keep('gw_a', entries)),
    notify: ({ message }) => assert.fail(message),
    now: () => clock.now,
  });
  const steps = async () => {
    for (let step = 0; step < 8; step++) {
      clock.now += 1_001;
      await shipper.step();
    }
  };
  await steps();
  assert.deepEqual([shown(from).length, shown(to)], [3, []]);
  isAway = false;
  await steps();
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`, `${WRITER}-1.spool`]);
  assert.ok(readFileSync(join(to, `${WRITER}-0.spool`)).equals(big));
  assert.equal(shown(from).length, 3, 'what is kept by control is not yet recorded');
  mirror.note([[WRITER, 1]]);
  writeFileSync(join(from, `${WRITER}-1.spool`), 'tail and more');
  writeFileSync(join(from, `${WRITER}.end`), '');
  await steps();
  assert.ok(!shown(from).includes(`${WRITER}-0.spool`));
  assert.equal(readFileSync(join(to, `${WRITER}-1.spool`), 'utf8'), 'tail and more');
  assert.equal(readFileSync(join(to, `${WRITER}.count`)).readDoubleLE(0), 7);
  assert.ok(shown(to).includes(`${WRITER}.end`));
  assert.ok(shipper.isAllKept);
  mirror.note([[WRITER, 'all']]);
  await steps();
  assert.deepEqual(shown(from), [`${WRITER}.end`]);
  mirror.note([], [WRITER]);
  await steps();
  assert.deepEqual(shown(from), []);
});

test('of a thread that has more to carry than a batch takes, no file follows one that is not whole', async (t) => {
  const [from, to] = [folder(t), folder(t)];
  const writer = openWriter(from, {
    name: { node: 'gw_a', slot: 0, boot: '0123456789abcdef' },
    fileBytesMax: 30_000,
  });
  for (let at = 0; at < 2_000; at++) {
    assert.ok(writer.admit());
    writer.append(`record ${at} ${'x'.repeat(100)}`);
    if (at % 50 === 0) await writer.flush();
  }
  await writer.flush();
  const mirror = mirrorIn(to);
  const shipper = new SpoolShipper({
    folder: realFolder(from),
    send: async (entries) => mirror.keep('gw_a', entries),
    notify: ({ message }) => assert.fail(message),
    ...{ pieceBytesMax: 10_000, batchBytesMax: 20_000 },
  });
  let seen = 0;
  for (let step = 0; step < 40; step++) {
    await shipper.step();
    const { lines, missing, damaged } = readSpool(to, 1_000_000, true);
    assert.deepEqual([missing, damaged], [0, 0]);
    assert.ok(lines.length >= seen && lines.every((line, at) => line.startsWith(`record ${at} `)));
    seen = lines.length;
  }
  assert.equal(seen, 2_000);
  await writer.close();
});

test('a file after another is taken only when the one before is whole, byte for byte', (t) => {
  const to = folder(t);
  const mirror = mirrorIn(to);
  const keep = (...pieces: Partial<CarriedPiece>[]) => one(mirror.keep('gw_a', [entryOf(pieces)]));
  const bytes = Buffer.from('abc');
  assert.equal(
    keep({ bytes, file: 1, before: { file: 0, ...extent('xyz') } }).kept,
    null,
    'there is none before',
  );
  assert.equal(keep({ bytes }).kept, null, 'it does not say that it is the first');
  assert.deepEqual(keep({ bytes, isFirst: true }).kept, { file: 0, ...extent('abc') });
  const others = [extent('abcd'), extent('abx')].map((other) => ({ file: 0, ...other }));
  for (const before of [null, ...others, { file: 1, ...extent('abc') }]) {
    assert.deepEqual(keep({ bytes, file: 1, before }).kept, { file: 0, ...extent('abc') });
  }
  const before = { file: 0, ...extent('abc') };
  const next = { file: 1, ...extent('abc') };
  assert.equal(keep({ bytes, file: 2, before: next }).kept?.file, 0, 'one is missing');
  assert.equal(keep({ bytes, file: 1, before }).kept?.file, 1);
  assert.equal(keep({ bytes, file: 0, offset: 3, crc: crc32('abc') }).kept?.file, 1);
  assert.equal(readFileSync(join(to, `${WRITER}-0.spool`), 'utf8'), 'abc', 'it was final');
  // Bytes after others than it has, or not at its end.
  for (const piece of [{ offset: 3, crc: 1 }, { offset: 2, crc: crc32('ab') }, { offset: 9 }]) {
    assert.deepEqual(keep({ bytes, file: 1, ...piece }).kept, { file: 1, ...extent('abc') });
  }
});

test('the end of a writer is taken only with all of its bytes, and the account before it', (t) => {
  const to = folder(t);
  const mirror = mirrorIn(to);
  const bytes = Buffer.from('abc');
  const end = (last: string) => ({ last: { file: 0, ...extent(last) }, admitted: 3 });
  const first = entryOf([{ bytes, isFirst: true }], { end: end('abcd') });
  assert.equal(one(mirror.keep('gw_a', [first])).hasEnd, false);
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`]);
  assert.equal(one(mirror.keep('gw_a', [entryOf([], { end: end('abc') })])).hasEnd, true);
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`, `${WRITER}.count`, `${WRITER}.end`]);
  assert.equal(readFileSync(join(to, `${WRITER}.count`)).readDoubleLE(0), 3);
});

test('a batch that comes twice or late is recognised', (t) => {
  const to = folder(t);
  const reception = new SpoolReception(mirrorIn(to), 'gw_a');
  const first = { number: 1, entries: [entryOf([{ bytes: Buffer.from('abc'), isFirst: true }])] };
  assert.equal(one(reception.hear(first)).kept?.bytes, 3);
  assert.equal(reception.hear(first), null);
  const next = entryOf([{ bytes: Buffer.from('d'), offset: 3, crc: crc32('abc') }]);
  assert.equal(one(reception.hear({ number: 3, entries: [next] })).kept?.bytes, 4);
  assert.equal(reception.hear({ number: 2, entries: [next] }), null);
  assert.equal(readFileSync(join(to, `${WRITER}-0.spool`), 'utf8'), 'abcd');
});

test('a machine writes its own spool only; what is not of it is refused, and the rest is carried', (t) => {
  const to = folder(t);
  const mirror = mirrorIn(to);
  const pieces = [{ bytes: Buffer.from('x'), isFirst: true }];
  const strangers = [
    'gw_b-0-0123456789abcdef',
    '../../etc/passwd',
    `${WRITER}/../x`,
    'gw_a-00-0123456789abcdef',
    '',
  ];
  const entries = [...strangers, WRITER].map((writer) => entryOf(pieces, { writer }));
  const answers = mirror.keep('gw_a', entries);
  assert.deepEqual(
    answers.map(({ isRefused }) => isRefused),
    [...strangers.map(() => true), false],
  );
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`]);
});

test('one writer whose records are not taken holds up no other', async (t) => {
  const [from, to] = [folder(t), folder(t)];
  writeFileSync(join(from, 'gw_old-0-0123456789abcdef-0.spool'), 'theirs');
  writeFileSync(join(from, `${WRITER}-0.spool`), 'ours');
  const mirror = mirrorIn(to);
  const told: string[] = [];
  const shipper = new SpoolShipper({
    folder: realFolder(from),
    send: async (entries) => mirror.keep('gw_a', entries),
    notify: ({ message }) => told.push(message),
  });
  for (let step = 0; step < 5; step++) await shipper.step();
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`]);
  assert.equal(told.length, 1, told.join('\n'));
  assert.equal(shown(from).length, 2, 'nothing is removed');
});

test('a machine that sends more than is recorded fills no disk: it is told to keep the rest', (t) => {
  const to = folder(t);
  const mirror = mirrorIn(to, 1_000);
  const bytes = new Uint8Array(600);
  const crc = (count: number) => crc32(new Uint8Array(count));
  const keep = (piece: Partial<CarriedPiece>) =>
    mirror.keep('gw_a', [entryOf([{ bytes, ...piece }])]);
  keep({ isFirst: true });
  keep({ offset: 600, crc: crc(600) });
  assert.throws(() => keep({ offset: 1_200, crc: crc(1_200) }), MirrorFullError);
  assert.equal(statSync(join(to, `${WRITER}-0.spool`)).size, 1_200);
  assert.equal(one(mirror.keep('gw_a', [entryOf([])])).kept?.bytes, 1_200, 'it may ask');
});
