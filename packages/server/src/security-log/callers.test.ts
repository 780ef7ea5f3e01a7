import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openState } from '../control/stores/index.ts';
import { openMasterKey } from '../platform/secrets/index.ts';
import { drain, lineOf, openWorld } from './log.fixture.ts';

test('a person who was erased gets another key with the very next record, not a minute later', async () => {
  const world = await openWorld();
  const directory = mkdtempSync(join(tmpdir(), 'poorter-erased-'));
  const open = () => {
    const places = { dataDirectory: directory, baseDirectory: directory };
    return openState({
      place: { kind: 'sqlite', file: join(directory, 'state.sqlite') },
      dataDirectory: directory,
      masterKey: openMasterKey(undefined, { ...places, environment: {}, notify: () => undefined }),
      world: {
        now: () => world.clock.now,
        random: (n) => crypto.getRandomValues(new Uint8Array(n)),
      },
    });
  };
  // As in a server: the recorder has an instance of its own.
  const [mine, recorders] = [await open(), await open()];
  const recorder = await world.recorder({ subjectKeys: recorders.subjectKeys });
  const record = async () => {
    const writer = world.writer();
    writer.admit();
    writer.append(lineOf(2));
    await writer.close();
    await drain(recorder);
    const tail = await world.reader.tail();
    const leaf = JSON.parse(tail?.leaves.at(-1)?.toString('utf8', 1) ?? '');
    return (leaf.who.sealed as string).split('.')[1] as string;
  };
  const person = { kind: 'subject', value: 'person-2' };
  const before = await record();
  assert.equal((await mine.subjectKeys.find(person))?.id, before);
  await mine.subjectKeys.destroy(person);
  recorders.subjectKeys.forgetCached();
  recorder.forgetCallers();
  const after = await record();
  assert.notEqual(after, before);
  assert.equal((await mine.subjectKeys.find(person))?.id, after);
  assert.equal(await mine.subjectKeys.byId(before), undefined);
  await mine.close();
  await recorders.close();
  await world.close();
  rmSync(directory, { recursive: true });
});

test('a key that is read while its person is erased does not stay in the cache', async () => {
  const world = await openWorld();
  let isErasing = false;
  let asked = 0;
  const recorder = await world.recorder({
    subjectKeys: {
      async keyOf(subject) {
        asked++;
        const key = await world.keys.keyOf(subject);
        if (isErasing && subject.kind === 'subject') {
          world.keys.destroy(subject);
          recorder.forgetCallers();
          isErasing = false;
        }
        return key;
      },
    },
  });
  isErasing = true;
  for (let round = 0; round < 2; round++) {
    const writer = world.writer();
    writer.admit();
    writer.append(lineOf(2));
    await writer.close();
    await drain(recorder);
  }
  const owners = ((await world.reader.tail())?.leaves ?? [])
    .map((leaf) => JSON.parse(leaf.toString('utf8', 1)))
    .flatMap(({ who }) => (who === undefined ? [] : [(who.sealed as string).split('.')[1]]));
  assert.equal(new Set(owners).size, 2);
  assert.ok(asked > 4);
  await world.close();
});
