import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallRecord } from './call-record.ts';
import { recordLine } from './record-line.ts';
import { callLine, intentLine, outcomeLine, splitSpoolLine, timeOfLine } from './spool-line.ts';

const anyText = fc.option(fc.string({ unit: 'binary' }), { nil: null });
const plainRecord: CallRecord = {
  time: '2026-01-01T00:00:00.000Z',
  id: 'call-1',
  host: 'http',
  client: '',
  method: 'GET',
  api: 'a',
  operation: 'o',
  path: '/p',
  principal: null,
  decision: 'forwarded',
  phase: null,
  code: null,
  status: 200,
  evidence: {},
  observed: [],
  answer: null,
  snapshot: 1,
  durationMs: 1,
  bytesIn: 0,
  bytesOut: 0,
  complete: true,
};
const tree = fc.dictionary(fc.string(), fc.jsonValue());

test('a spool line comes apart as it was put together, and names nobody in its public part', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.dictionary(text, text),
      (client, subject, operation, objects) => {
        const principal = { kind: 'token' as const, client, subject, credentialId: null };
        const record = { ...plainRecord, client: `a ${client}`, operation, principal };
        for (const line of [
          callLine(record, objects),
          intentLine(record, objects),
          outcomeLine(record, record.time),
        ]) {
          assert.ok(!line.includes('\n'));
          assert.equal(timeOfLine(line), record.time);
          const parts = splitSpoolLine(line);
          assert.ok(parts !== null);
          const members = JSON.parse(`{${parts.members}}`) as Record<string, unknown>;
          assert.equal(members['operation'], operation);
          assert.ok(!('client' in members) && !('principal' in members));
          assert.deepEqual(JSON.parse(parts.caller), {
            ...{ address: record.client, client, subject, credentialId: null, kind: 'token' },
          });
          assert.equal(JSON.parse(parts.facets)[1], operation);
          const touched = parts.objects === '' ? null : Object.entries(JSON.parse(parts.objects));
          if (touched !== null) assert.deepEqual(touched, Object.entries({ ...objects }));
        }
      },
    ),
  );
});

test('a record line is what JSON.stringify would have written, whatever a name contains', () => {
  const records = fc.record({
    time: fc.constant('2026-01-01T00:00:00.000Z'),
    id: fc.stringMatching(/^[0-9a-f-]{4,20}$/),
    host: fc.constantFrom('http', 'websocket', 'forward-auth', 'parser'),
    client: fc.string({ unit: 'binary' }),
    method: anyText,
    api: anyText,
    operation: anyText,
    path: anyText,
    principal: fc.option(
      fc.record({
        kind: fc.constantFrom('key', 'token', 'certificate'),
        client: fc.string({ unit: 'binary' }),
        subject: anyText,
        credentialId: anyText,
      }),
      { nil: null },
    ),
    decision: fc.constantFrom('forwarded', 'refused', 'failed', 'answered'),
    phase: fc.constantFrom('admit', null),
    code: fc.constantFrom('rate_limited', null),
    status: fc.constantFrom(200, null),
    evidence: tree,
    observed: fc.array(tree),
    answer: fc.option(tree, { nil: null }),
    snapshot: fc.nat(),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    bytesIn: fc.nat(),
    bytesOut: fc.nat(),
    complete: fc.boolean(),
  });
  fc.assert(
    fc.property(records, (record) => {
      const line = recordLine(record as CallRecord);
      assert.equal(line, JSON.stringify(record));
      assert.ok(!line.includes('\n'));
    }),
  );
});
