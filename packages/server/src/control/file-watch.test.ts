import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { FileWatch } from './file-watch.ts';

function watched(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = ['api.yaml', 'parts.yaml'].map((name) => join(folder, name));
  for (const file of files) writeFileSync(file, '');
  const world = new FakeWorld();
  const heard: number[] = [];
  const watch = new FileWatch(world, () => heard.push(world.now()));
  watch.follow(files);
  let bytes = 0;
  const write = (file: number) => writeFileSync(files[file] as string, 'x'.repeat(++bytes));
  return { world, heard, watch, write };
}

test('a file that is still being written does not go live half written', (t) => {
  const { world, heard, write } = watched(t);
  for (let piece = 0; piece < 40; piece++) {
    write(piece % 2);
    world.advance(300);
  }
  assert.deepEqual(heard, []);
  world.advance(1_000);
  assert.equal(heard.length, 1);
  world.advance(60_000);
  assert.equal(heard.length, 1);
});

test('who never stops writing is read in between all the same', (t) => {
  const { world, heard, write } = watched(t);
  for (let piece = 0; piece < 100; piece++) {
    write(0);
    world.advance(300);
  }
  assert.equal(heard.length, 1);
});

test('after it is closed nothing is told', (t) => {
  const { world, heard, watch, write } = watched(t);
  write(0);
  world.advance(1_100);
  watch.close();
  world.advance(60_000);
  assert.deepEqual(heard, []);
});

test('a file that was changed after it was read, and before it was watched, is read again', (t) => {
  const { world, heard, watch } = watched(t);
  const folder = mkdtempSync(join(tmpdir(), 'poorter-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [old, fresh] = ['old.yaml', 'fresh.yaml'].map((name) => join(folder, name)) as [
    string,
    string,
  ];
  for (const file of [old, fresh]) writeFileSync(file, '');
  const readAfterMs = Date.now() + 60_000;
  utimesSync(fresh, readAfterMs / 1_000 + 1, readAfterMs / 1_000 + 1);
  watch.follow([old], { readAfterMs });
  world.advance(60_000);
  assert.equal(heard.length, 0);
  watch.follow([old, fresh], { readAfterMs });
  world.advance(60_000);
  assert.equal(heard.length, 1);
});
