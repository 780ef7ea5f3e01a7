import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callLine, intentLine, outcomeLine } from '../messages/spool-line.ts';
import { callIdOf, findCall } from './find-call.ts';
import { drain, lineOf, NODE, openWorld, recordOf } from './log.fixture.ts';
import { applyRetention } from './retention.ts';

const ID = '00112233445566aa-0000002a';

test('a call whose records lie bundles apart is found whole, and never a call that only resembles it', async () => {
  const world = await openWorld();
  assert.deepEqual(await findCall(world.reader, NODE, null, ID), []);
  const call = recordOf(300, { id: ID });
  const writer = world.writer();
  for (let at = 0; at < 1_000; at++) {
    const lines = [lineOf(at)];
    if (at === 300) lines.push(intentLine(call, null));
    if (at === 800) lines.push(outcomeLine(call, recordOf(800).time), callLine(call, null));
    // Evidence may name another call's id.
    if (at === 990) lines.push(lineOf(at, { id: 'other', evidence: { of: { id: ID } } }));
    for (const line of lines) {
      writer.admit();
      writer.append(line);
    }
  }
  await writer.close();
  const recorder = await world.recorder();
  await drain(recorder);
  const found = await findCall(world.reader, NODE, world.keys, ID);
  assert.deepEqual(
    found.map(({ index, leaf }) => [index, leaf.type]),
    [
      [301, 'intent'],
      [802, 'outcome'],
      [803, 'call'],
    ],
  );
  assert.ok(found.every(({ caller }) => typeof caller === 'object'));
  const now = Date.parse(recordOf(700).time);
  await applyRetention(recorder, world.reader, { ageMs: 60_000, bytesMax: null }, now);
  const left = await findCall(world.reader, NODE, null, ID);
  assert.deepEqual(
    left.map(({ leaf }) => leaf.type),
    ['outcome', 'call'],
  );
  await world.close();
});

test('ids are taken as people copy them, and nothing else is one', () => {
  for (const text of [
    ID,
    `urn:poorter:call:${ID}`,
    `URN:POORTER:CALL:${ID.toUpperCase()}`,
    ` ${ID}\n`,
  ]) {
    assert.equal(callIdOf(text), ID);
  }
  for (const text of [
    '4711',
    '',
    '-',
    'urn:poorter:call:-',
    `urn:poorter:problem:${ID}`,
    `${ID}0`,
  ]) {
    assert.equal(callIdOf(text), null);
  }
});
