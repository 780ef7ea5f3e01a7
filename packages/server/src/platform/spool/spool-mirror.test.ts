import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpoolMirror, type SpoolPiece, SpoolPieceError, SpoolShipper } from './spool-mirror.ts';

const WRITER = 'gw_a-0-0123456789abcdef';

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-mirror-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it did not come to pass');
    await sleep(20);
  }
}

const shown = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name !== 'finished-writers')
    .toSorted();

test('a spool is carried byte for byte, and leaves its disk only when it is on the other', async (t) => {
  const from = folder(t);
  const to = folder(t);
  const mirror = new SpoolMirror(to, 10_000_000);
  const big = Buffer.alloc(3_000_000, 'x');
  writeFileSync(join(from, `${WRITER}-0.spool`), big);
  writeFileSync(join(from, `${WRITER}-1.spool`), 'tail');
  writeFileSync(join(from, `${WRITER}.count`), '12345678');
  let isAway = true;
  const shipper = new SpoolShipper({
    directory: from,
    send: async (pieces) => {
      if (isAway) return false;
      mirror.keep('gw_a', pieces);
      return true;
    },
    onTrouble: assert.fail,
  });
  t.after(() => shipper.close());
  await sleep(300);
  assert.equal(shown(from).length, 3, 'nothing is removed while the other side is away');
  isAway = false;
  await until(() => shown(from).length === 2);
  assert.deepEqual(shown(to), [`${WRITER}-0.spool`, `${WRITER}-1.spool`]);
  assert.ok(readFileSync(join(to, `${WRITER}-0.spool`)).equals(big));
  writeFileSync(join(from, `${WRITER}-1.spool`), 'tail and more');
  writeFileSync(join(from, `${WRITER}.end`), '');
  await until(() => shown(from).length === 0);
  assert.equal(readFileSync(join(to, `${WRITER}-1.spool`), 'utf8'), 'tail and more');
  assert.equal(readFileSync(join(to, `${WRITER}.count`), 'utf8'), '12345678');
  assert.ok(shown(to).includes(`${WRITER}.end`));
});

test('pieces that come twice are kept once, also after they were recorded and a restart', (t) => {
  const to = folder(t);
  const piece = (text: string, offset = 0): SpoolPiece => ({
    file: `${WRITER}-0.spool`,
    offset,
    bytes: Buffer.from(text),
  });
  const mirror = new SpoolMirror(to, 10_000_000);
  mirror.keep('gw_a', [piece('abc')]);
  mirror.keep('gw_a', [piece('abc'), piece('cde', 2)]);
  assert.equal(readFileSync(join(to, `${WRITER}-0.spool`), 'utf8'), 'abcde');
  mirror.keep('gw_a', [{ file: `${WRITER}.end`, offset: 0, bytes: new Uint8Array() }]);
  // The recorder has taken everything, and its files are gone.
  for (const file of shown(to)) rmSync(join(to, file));
  new SpoolMirror(to, 10_000_000).keep('gw_a', [piece('abcde')]);
  assert.deepEqual(shown(to), []);
});

test('a machine writes its own spool only, and leaves no hole in it', (t) => {
  const to = folder(t);
  const mirror = new SpoolMirror(to, 10_000_000);
  const bytes = Buffer.from('x');
  for (const file of [
    'gw_b-0-0123456789abcdef-0.spool',
    '../../etc/passwd',
    `${WRITER}-0.spool/../x`,
    'finished-writers',
    '',
  ]) {
    assert.throws(() => mirror.keep('gw_a', [{ file, offset: 0, bytes }]), SpoolPieceError, file);
  }
  assert.throws(
    () => mirror.keep('gw_a', [{ file: `${WRITER}-0.spool`, offset: 5, bytes }]),
    SpoolPieceError,
  );
});

test('a machine that sends more than is recorded fills no disk: it is told to keep the rest', (t) => {
  const to = folder(t);
  const mirror = new SpoolMirror(to, 1_000);
  const file = `${WRITER}-0.spool`;
  const bytes = new Uint8Array(600);
  mirror.keep('gw_a', [{ file, offset: 0, bytes }]);
  mirror.keep('gw_a', [{ file, offset: 600, bytes }]);
  assert.throws(() => mirror.keep('gw_a', [{ file, offset: 1_200, bytes }]), SpoolPieceError);
  assert.equal(readFileSync(join(to, file)).length, 1_200);
  rmSync(join(to, file));
  mirror.keep('gw_a', [{ file: `${WRITER}-1.spool`, offset: 0, bytes }]);
});
