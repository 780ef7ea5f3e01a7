import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callLine, intentLine, outcomeLine } from '../messages/spool-line.ts';
import { drain, fill, type LogWorld, NODE, openWorld, recordOf } from './log.fixture.ts';
import { type OpenIntentQuery, openIntents } from './open-intents.ts';

type Ending = 'outcome' | 'none' | 'late' | 'not-forwarded' | 'no-record';

/** A payment as it stands in the spool, one way or the other. */
function payment(number: number, ending: Ending): string[] {
  const record = recordOf(number, { id: `pay-${number}`, operation: 'pay', decision: 'forwarded' });
  const failed = (evidence: object) => {
    const code = 'record_unavailable';
    return callLine({ ...record, decision: 'failed', code, evidence: { ...evidence } }, null);
  };
  const intent = intentLine(record, null);
  switch (ending) {
    case 'outcome':
      return [intent, outcomeLine(record, record.time), callLine(record, null)];
    case 'none':
      return [intent];
    case 'late':
      return [intent, failed({ forwarded: true, upstream: 201 })];
    case 'not-forwarded':
      return [intent, failed({ forwarded: false })];
    case 'no-record':
      return [failed({ forwarded: false })];
    default:
      return ending satisfies never;
  }
}

async function write(world: LogWorld, lines: readonly string[]): Promise<void> {
  const writer = world.writer();
  for (const line of lines) {
    writer.admit();
    writer.append(line);
  }
  await writer.close();
  await drain(await world.recorder());
}

async function openOf(world: LogWorld, query: OpenIntentQuery = {}) {
  const found: [string | undefined, string, string | number | null][] = [];
  for await (const { leaf, ending, upstream } of openIntents(world.reader, NODE, null, query)) {
    found.push([leaf.id, ending, upstream]);
  }
  return found;
}

test('a payment that may have happened is listed, however many calls stand between and after it', async () => {
  const world = await openWorld();
  assert.deepEqual(await openOf(world), []);
  const endings = ['outcome', 'not-forwarded', 'no-record'] as const;
  const lines: string[] = [];
  const expected: unknown[] = [];
  for (let at = 0; at < 900; at++) {
    // Its ending comes long after it, in another bundle.
    if (at === 100) lines.push(payment(5_000, 'outcome')[0] as string);
    if (at === 800) lines.push(...payment(5_000, 'outcome').slice(1));
    if (at % 97 === 13) {
      lines.push(...payment(at, 'none'));
      expected.unshift([`pay-${at}`, 'unknown', null]);
    } else if (at % 97 === 40) {
      lines.push(...payment(at, 'late'));
      expected.unshift([`pay-${at}`, 'forwarded', 201]);
    } else lines.push(...payment(at, endings[at % 3] as Ending));
  }
  await write(world, lines);
  await fill(world, 700, 1_000);
  assert.ok(expected.length > 15);
  assert.deepEqual(await openOf(world), expected);
  const [from, to] = [recordOf(200).time, recordOf(500).time];
  const within = (expected as [string][]).filter(([id]) => {
    const number = Number(id.slice(4));
    return number >= 200 && number <= 500;
  });
  assert.ok(within.length > 3);
  assert.deepEqual(await openOf(world, { from, to }), within);
  await world.close();
});

test('a record that says nothing about forwarding leaves its intent open', async () => {
  const world = await openWorld();
  const record = recordOf(1, { id: 'pay-1', operation: 'pay', decision: 'forwarded' });
  const silent = { ...record, decision: 'failed', code: 'record_unavailable' } as const;
  await write(world, [intentLine(record, null), callLine(silent, null)]);
  assert.deepEqual(await openOf(world), [['pay-1', 'forwarded', null]]);
  await world.close();
});
