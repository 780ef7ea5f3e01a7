import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileWatch } from './file-watch.ts';

test('a file that is still being written does not go live half written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = [join(folder, 'api.yaml'), join(folder, 'parts.yaml')];
  for (const file of files) writeFileSync(file, '');
  let isWriting = true;
  let early = 0;
  const told = Promise.withResolvers<void>();
  const onChange = () => {
    if (isWriting) early++;
    else told.resolve();
  };
  // A still moment far beyond a pause between two pieces, also on a machine that does other things.
  const watch = new FileWatch(20, onChange, 3_000);
  watch.follow(files);
  const keepAlive = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(keepAlive));
  for (let piece = 1; piece <= 12; piece++) {
    writeFileSync(files[piece % 2] as string, 'x'.repeat(piece * 100));
    await sleep(100);
  }
  isWriting = false;
  await told.promise;
  assert.equal(early, 0);
});
