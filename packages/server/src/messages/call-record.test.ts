import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallOutcome, callRecord, type RecordedCall } from './call-record.ts';
import { recordLine } from './record-line.ts';

const nothing: RecordedCall = {
  ...({ nowMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6), id: 'a-1', host: 'parser' } as const),
  ...{ client: '192.0.2.1', method: null, names: null, principal: null, observed: [] },
  ...{ findings: null, snapshot: 3, durationMs: 0, bytesIn: 0, bytesOut: 9, isComplete: true },
};
const refused: CallOutcome = {
  ...({ decision: 'refused', phase: 'parser', code: 'malformed_request', status: 400 } as const),
  evidence: {},
};

test('what nobody knows of a call is null in its record, and no member is missing', () => {
  const record = callRecord(nothing, refused);
  const unknown = Object.entries(record).filter(([, value]) => value === null);
  assert.deepEqual(
    unknown.map(([name]) => name),
    ['method', 'api', 'operation', 'path', 'principal', 'answer'],
  );
  assert.ok(Object.values(record).every((value) => value !== undefined));
  assert.equal(record.time, '2026-01-02T03:04:05.006Z');
});

test('members stand in the order in which the log writes them, whatever host made the record', () => {
  const known: RecordedCall = {
    ...nothing,
    ...({ host: 'http', method: 'GET', durationMs: 1.234_567 } as const),
    names: { path: '/a', operation: 'GET /a', api: 'one' },
    principal: { credentialId: 'k', subject: null, client: 'shop', kind: 'key' },
    findings: { unchecked: 'memory' },
  };
  for (const call of [nothing, known]) {
    const record = callRecord(call, refused);
    const written = JSON.parse(recordLine(record)) as object;
    assert.deepEqual(Object.keys(written), Object.keys(record));
  }
  assert.equal(callRecord(known, refused).durationMs, 1.235);
  assert.equal(callRecord(known, refused).path, '/a');
});

test('the time of one call is never that of another', () => {
  const at = (nowMs: number) => callRecord({ ...nothing, nowMs }, refused).time;
  assert.deepEqual(
    [at(1), at(1), at(2), at(1)].map((time) => Date.parse(time)),
    [1, 1, 2, 1],
  );
});
