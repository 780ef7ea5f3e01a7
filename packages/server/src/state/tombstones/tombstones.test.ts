import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshDirectory, NOON } from '../ground.fixture.ts';
import { PendingTombstones, type Tombstone, Tombstones } from './index.ts';

const ring = { derive: (purpose: string) => Buffer.from(purpose.padEnd(32, '.')) };
const one = (id: string): Tombstone => ({ kind: 'key', id, at: NOON });
const idsIn = (tombstones: Tombstones) => tombstones.read().map(({ id }) => id);

test('lines that a program wrote before it bound them are bound as they stand, and taken away from unnoticed never again', (t) => {
  const tombstones = new Tombstones(freshDirectory(t), ring);
  assert.equal(tombstones.adopt(), undefined, 'there is no file');
  const lines = ['a', 'b', 'c'].map((id) => JSON.stringify(one(id)));
  writeFileSync(tombstones.path, `${lines.join('\n')}\n{"kind":"ke`);
  assert.throws(() => tombstones.readCopy(tombstones.path), /torn/);
  assert.equal(tombstones.adopt(), undefined);
  assert.deepEqual(
    tombstones.readCopy(tombstones.path).map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  tombstones.append([one('d')]);
  const bound = readFileSync(tombstones.path, 'utf8').split('\n');
  writeFileSync(tombstones.path, bound.filter((line) => !line.includes('"b"')).join('\n'));
  assert.match(tombstones.adopt() ?? '', /tombstones\.jsonl:2 does not follow/);
  assert.deepEqual(idsIn(tombstones), ['a', 'c', 'd'], 'what is there holds all the same');
  // An older program beside this one.
  writeFileSync(tombstones.path, `${bound.join('\n')}${lines[0]}\n`);
  assert.match(tombstones.adopt() ?? '', /:5 does not follow/);
});

test('whatever acts append and take back, each copy of the file is one that nobody took lines from', (t) => {
  const act = fc.record({ count: fc.nat(3), isRefused: fc.boolean(), others: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      const tombstones = new Tombstones(freshDirectory(t), ring);
      const expected: string[] = [];
      for (const [index, { count, isRefused, others }] of acts.entries()) {
        const pending = new PendingTombstones(tombstones);
        const own = Array.from({ length: count }, (_, at) => `own-${index}-${at}`);
        const foreign = Array.from({ length: others }, (_, at) => `other-${index}-${at}`);
        pending.append(own.map(one));
        pending.keep();
        tombstones.append(foreign.map(one));
        if (isRefused) pending.retract();
        expected.push(...(isRefused ? [] : own), ...foreign);
        assert.deepEqual(idsIn(tombstones), expected);
        assert.equal(tombstones.adopt(), undefined);
      }
      if (acts.length > 0 && expected.length > 0) tombstones.readCopy(tombstones.path);
    }),
    { numRuns: 40 },
  );
});

test('while the file is read once for many who ask, what is written meanwhile is seen all the same', async (t) => {
  const tombstones = new Tombstones(freshDirectory(t), ring);
  tombstones.append([one('a')]);
  await tombstones.readOnce(async () => {
    assert.deepEqual(idsIn(tombstones), ['a']);
    tombstones.append([one('b'), one('c')]);
    assert.deepEqual(idsIn(tombstones), ['a', 'b', 'c']);
    tombstones.retract([one('b')]);
    assert.deepEqual(idsIn(tombstones), ['a', 'c']);
    // Another object writes: who asks again is told of the same look.
    new Tombstones(dirname(tombstones.path), ring).append([one('d')]);
    assert.deepEqual(idsIn(tombstones), ['a', 'c']);
  });
  assert.deepEqual(idsIn(tombstones), ['a', 'c', 'd']);
});
