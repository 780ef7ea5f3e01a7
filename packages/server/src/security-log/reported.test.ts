import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallRecord } from '../messages/call-record.ts';
import { parseLeaf } from './leaf.ts';
import { drain, lineOf, NODE, openWorld } from './log.fixture.ts';
import { reportedText } from './reported.ts';
import { type LogQuery, searchLog } from './search.ts';

const leafOf = (more: Partial<Pick<CallRecord, 'answer' | 'observed'>>) => {
  const text = JSON.stringify({
    v: 1,
    time: '',
    type: 'call',
    observed: [],
    answer: null,
    ...more,
  });
  return parseLeaf(text) ?? assert.fail();
};
const observed = (errors: object[]) => [
  { phase: 'validate', code: 'request_invalid', evidence: { errors } },
];
const page = { in: 'query', name: 'page', pointer: '', rule: 'type', expected: 'an integer' };
const email = { in: 'body', pointer: '/email', rule: 'format', expected: 'email' };
const missing = { in: 'body', pointer: '/owner', rule: 'required', member: 'name' };

test('a report says how much differed, where first and by which rule, whatever became of the answer', () => {
  const cases: [Parameters<typeof leafOf>[0], string | null][] = [
    [{}, null],
    [
      { answer: { action: 'release', violations: [], undocumented: ['/iban', '/owner/pin'] } },
      'answer: 2 violations, first /iban undocumented',
    ],
    [
      { answer: { action: 'release', violations: [missing], undocumented: [] } },
      'answer: 1 violation, body /owner required name',
    ],
    [
      { answer: { action: 'release', violations: [email], undocumented: [] } },
      'answer: 1 format remark, body /email format',
    ],
    [
      { answer: { action: 'cut', violations: [missing], undocumented: ['/iban'] } },
      'answer changed: 1 cut member, /iban undocumented; answer: 1 violation, body /owner required name',
    ],
    [
      { answer: { action: 'withhold', violations: [missing], undocumented: ['/iban'] } },
      'answer: 2 violations, first body /owner required name, withheld',
    ],
    [{ answer: { unchecked: 'encoded' } }, 'answer not checked (encoded)'],
    [
      { answer: { unchecked: 'over-bound', action: 'withhold' } },
      'answer not checked (over-bound), withheld',
    ],
    [
      { answer: { undocumented: [{ in: 'status', pointer: '', rule: 'undocumented' }] } },
      'answer: 1 violation, status undocumented',
    ],
    [{ answer: { cut: 'too-large' } }, 'answer: too much to list'],
    [
      { observed: observed([page, email]) },
      'request: 2 violations, first query page type let pass',
    ],
    [{ observed: observed([email]) }, 'request: 1 format remark, body /email format let pass'],
    [
      { observed: [{ phase: 'limit', code: 'rate_limited', evidence: { limit: 1 } }] },
      'request: rate_limited let pass',
    ],
    [
      { observed: observed([page]), answer: { unchecked: 'memory' } },
      'request: 1 violation, query page type let pass; answer not checked (memory)',
    ],
  ];
  for (const [more, said] of cases) {
    assert.equal(reportedText(leafOf(more)), said === null ? null : `reported: ${said}`);
  }
  const long = reportedText(leafOf({ answer: { undocumented: [`/${'a'.repeat(5_000)}`] } }));
  assert.ok((long as string).length < 200);
});

test('calls of which something was reported are found over any number of pages, and no others', async (t) => {
  const world = await openWorld();
  t.after(() => world.close());
  const count = 1_300;
  const writer = world.writer();
  const expected: string[] = [];
  for (let at = 0; at < count; at++) {
    const isAnswer = at % 97 === 5;
    const isRequest = at % 101 === 7;
    if (isAnswer || isRequest) expected.unshift(`call-${at}`);
    writer.admit();
    writer.append(
      lineOf(at, {
        ...(isAnswer && { answer: { action: 'release', violations: [], undocumented: ['/a'] } }),
        ...(isRequest && { observed: observed([page]) }),
        // What only looks like it.
        ...(at % 50 === 1 && { path: '/"answer":{/"observed":[{' }),
      }),
    );
  }
  await writer.close();
  await drain(await world.recorder());
  const search = async (query: Partial<LogQuery>) => {
    const ids: (string | undefined)[] = [];
    for (let before: number | undefined; ; ) {
      const asked = { ...query, reported: true, limit: 7, before };
      const found = await searchLog(world.reader, NODE, world.keys, asked, world.clock.now);
      assert.ok(found.records.length <= 7);
      ids.push(...found.records.map(({ leaf }) => leaf.id));
      if (found.next === null) return ids;
      before = found.next;
    }
  };
  assert.ok(expected.length > 20);
  assert.deepEqual(await search({}), expected);
  const refused = expected.filter((id) => Number(id.slice(5)) % 10 === 0);
  assert.ok(refused.length > 0);
  assert.deepEqual(await search({ decision: 'refused' }), refused);
  assert.deepEqual(await search({ operation: 'nowhere' }), []);
});
