import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundMs, GatewayBook, GatewayConnectedError } from './gateway-book.ts';

const ONE = '1'.repeat(32);
const OTHER = '2'.repeat(32);
const STALE_MS = 60_000;

/** A disk and a clock that outlive the control whose book this is. */
function disk() {
  const kept = { file: null as string | null, now: 5_000, isFull: false, changes: 0 };
  const open = (ifLost: string[] = []) => {
    const book = new GatewayBook({
      read: () => kept.file,
      write: (text) => {
        if (kept.isFull) throw new Error('the disk is full');
        kept.file = text;
      },
      now: () => kept.now,
    });
    book.subscribe(() => {
      kept.changes += 1;
    });
    book.open(ifLost, STALE_MS);
    return book;
  };
  return { kept, open };
}

test('a gateway that is cut off is waited for until its whole time has passed, and not much longer', () => {
  const { kept, open } = disk();
  const book = open();
  const key = book.enter('a', ONE, STALE_MS, 7);
  book.confirm(key, 7);
  kept.now += 10_000;
  assert.equal(book.promise(key), true);
  book.cutOff(key);
  kept.now += STALE_MS;
  assert.deepEqual(book.missing(1), ['a'], 'whatever it confirmed before');
  kept.now += boundMs(STALE_MS) - STALE_MS;
  assert.deepEqual(book.missing(1), []);
  assert.ok(boundMs(STALE_MS) < STALE_MS * 1.05);
});

test('the bound covers a gateway whose clock is slow and late, by a control whose clock is fast', () => {
  const staleness = fc.integer({ min: 5_000, max: 31_536_000_000 });
  const ppm = fc.integer({ min: 0, max: 500 });
  fc.assert(
    fc.property(staleness, ppm, ppm, (staleMs, slow, fast) => {
      // Rates of 500 ppm are the most that NTP sets; an uptime may be a second coarse.
      const servesTrueMs = (staleMs + 1_000) / (1 - slow / 1e6);
      const waitedTrueMs = boundMs(staleMs) / (1 + fast / 1e6);
      return waitedTrueMs > servesTrueMs;
    }),
  );
});

test('a control that is started again waits the whole time of everyone who was promised any', () => {
  const { kept, open } = disk();
  const first = open();
  first.enter('a', ONE, STALE_MS, 0);
  kept.now += 10 * STALE_MS;
  // Killed: no word about a. The other is not configured any more.
  const second = open();
  assert.deepEqual(second.missing(0), ['a']);
  kept.now += boundMs(STALE_MS) - 1;
  assert.deepEqual(open().missing(0), ['a'], 'a third control counts anew');
  assert.deepEqual(second.missing(0), ['a']);
  kept.now += 1;
  assert.deepEqual(second.missing(0), []);
  assert.deepEqual(open().missing(0), [], 'and it is written down that it ran out');
});

test('before a gateway may rely on it, it stands on disk; else it does not come in', () => {
  const { kept, open } = disk();
  const book = open();
  kept.isFull = true;
  assert.throws(() => book.enter('a', ONE, STALE_MS, 0), /full/);
  assert.deepEqual(book.gateways, []);
  kept.isFull = false;
  const key = book.enter('a', ONE, STALE_MS, 0);
  book.confirm(key, 0);
  kept.isFull = true;
  assert.throws(() => book.mayDecideBy(key, 2 * STALE_MS), /full/);
  assert.throws(() => book.ended(key), /full/);
  assert.equal(book.gateways.length, 1, 'what could not be written down did not happen');
  book.cutOff(key);
  assert.throws(() => book.remove('a'), /full/);
  kept.now += boundMs(STALE_MS);
  assert.deepEqual(book.missing(0), []);
});

test('a gateway is promised nothing before it has confirmed all that happened until it came', () => {
  const { open } = disk();
  const book = open();
  const key = book.enter('a', ONE, STALE_MS, 9);
  assert.equal(book.promise(key), false);
  book.confirm(key, 8);
  assert.equal(book.promise(key), false);
  book.confirm(key, 9);
  assert.equal(book.promise(key), true);
  assert.deepEqual(book.missing(10), ['a']);
});

test('a gateway that ended cleanly blocks nothing from that moment on, also after a restart', () => {
  const { kept, open } = disk();
  const book = open();
  const key = book.enter('a', ONE, STALE_MS, 0);
  book.confirm(key, 0);
  const before = kept.changes;
  book.ended(key);
  assert.ok(kept.changes > before, 'whoever waits is told');
  assert.deepEqual(book.missing(99), []);
  assert.deepEqual(open().missing(99), []);
});

test('a gateway is removed only while it is away, and comes back as a new one', () => {
  const { open } = disk();
  const book = open();
  const key = book.enter('a', ONE, STALE_MS, 0);
  assert.throws(() => book.remove('a'), GatewayConnectedError);
  book.cutOff(key);
  assert.equal(book.remove('b'), 0);
  assert.equal(book.remove('a'), 1);
  assert.deepEqual(book.missing(1), []);
  book.enter('a', ONE, STALE_MS, 0);
  assert.deepEqual(book.missing(1), ['a']);
});

test('another machine under the same name does not answer for the one that is cut off', () => {
  const { kept, open } = disk();
  const book = open();
  book.cutOff(book.enter('a', ONE, STALE_MS, 0));
  const other = book.enter('a', OTHER, STALE_MS, 0);
  book.confirm(other, 5);
  assert.deepEqual(book.missing(5), ['a']);
  kept.now += boundMs(STALE_MS);
  assert.deepEqual(book.missing(5), []);
});

test('machines under one name are bounded: more do not come in', () => {
  const { open } = disk();
  const book = open();
  for (let at = 0; at < 8; at++) book.cutOff(book.enter('a', `${at}`.repeat(32), STALE_MS, 0));
  assert.throws(() => book.enter('a', '9'.repeat(32), STALE_MS, 0), /machines of that name/);
  book.enter('a', '3'.repeat(32), STALE_MS, 0);
  book.enter('b', '9'.repeat(32), STALE_MS, 0);
});

test('a longer bound counts until every thread decides by the shorter one', () => {
  const { kept, open } = disk();
  const book = open();
  const key = book.enter('a', ONE, STALE_MS, 0);
  book.confirm(key, 0);
  book.mayDecideBy(key, 10 * STALE_MS);
  book.promise(key);
  book.mayDecideBy(key, STALE_MS);
  book.cutOff(key);
  kept.now += 2 * STALE_MS;
  assert.deepEqual(book.missing(1), ['a']);
  book.decidesBy(key, STALE_MS);
  assert.deepEqual(book.missing(1), []);
});

test('a book that is lost, or cannot be read, counts everyone who is configured', () => {
  for (const file of [null, '', '{"format":1', '{"format":2,"gateways":{}}', '{"a":1}']) {
    const { kept, open } = disk();
    kept.file = file;
    const book = open(['a', 'b']);
    assert.deepEqual(book.missing(0), ['a', 'b'], String(file));
    const key = book.enter('a', ONE, STALE_MS, 0);
    book.confirm(key, 0);
    assert.deepEqual(book.missing(0), ['b']);
  }
});

test('gateways that are configured later were never promised anything', () => {
  const { open } = disk();
  open([]);
  assert.deepEqual(open(['a', 'b']).missing(0), []);
});
