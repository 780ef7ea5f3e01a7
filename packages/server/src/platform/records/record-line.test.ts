import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallRecord } from './record.ts';
import { recordLine } from './record-line.ts';

const anyText = fc.option(fc.string({ unit: 'binary' }), { nil: null });
const tree = fc.dictionary(fc.string(), fc.jsonValue());

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
