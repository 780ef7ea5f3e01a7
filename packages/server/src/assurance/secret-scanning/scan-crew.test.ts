import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { ScanCrew } from './scan-crew.ts';
import type { ScanAnswer, ScanOrder } from './scan-messages.ts';

test('a thread that dies ends the scan with a fault: what it had in work is not called clean', async () => {
  const crew = new ScanCrew({ root: tmpdir() }, 2, () => {});
  try {
    await crew.give({ kind: 'files', paths: null } as unknown as ScanOrder);
    await assert.rejects(crew.finish());
    await assert.rejects(crew.give({ kind: 'files', paths: new Uint8Array() }));
  } finally {
    await crew.dismiss();
  }
});

test('a file that cannot be opened is told; one that is gone is not there to be read', async () => {
  const answers: ScanAnswer[] = [];
  const crew = new ScanCrew({ root: import.meta.dirname }, 1, (answer) => answers.push(answer));
  const names = ['x'.repeat(300), 'gone', 'gone/too', import.meta.filename.split('/').at(-1)];
  try {
    await crew.give({ kind: 'files', paths: Buffer.from(`${names.join('\0')}\0`) });
    await crew.finish();
  } finally {
    await crew.dismiss();
  }
  assert.equal(answers[0]?.contents, 1);
  assert.deepEqual(
    answers[0]?.unreadable.map(({ reason }) => reason),
    ['ENAMETOOLONG'],
  );
});

test('an order that git cannot answer ends the scan with a fault', async () => {
  const crew = new ScanCrew({ root: tmpdir() }, 1, () => {});
  try {
    await crew.give({ kind: 'blobs', blobs: [{ id: 'a'.repeat(40), path: new Uint8Array() }] });
    await assert.rejects(crew.finish(), /git cat-file ended/);
  } finally {
    await crew.dismiss();
  }
});
