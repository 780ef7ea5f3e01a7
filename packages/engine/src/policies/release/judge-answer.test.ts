import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerCheck, MessageViolation } from '@poorter/openapi';
import { type AnswerMode, judgeAnswer, judgeUncheckable } from './index.ts';

const wrong = (isRemark: boolean) =>
  ({ in: 'body', pointer: '/a', rule: 'type', isRemark }) as unknown as MessageViolation;

function verdicts(found: Partial<AnswerCheck>): string {
  const check = { violations: [], undocumented: [], isUncuttable: false, ...found } as AnswerCheck;
  const modes: readonly AnswerMode[] = ['report', 'redact', 'block'];
  return modes.map((mode) => judgeAnswer(mode, check).kind).join(' ');
}

test('a leak is cut or withheld in every mode but report, also where nothing can be cut', () => {
  assert.equal(verdicts({}), 'release release release');
  assert.equal(verdicts({ violations: [wrong(true)] }), 'release release release');
  assert.equal(verdicts({ violations: [wrong(false)] }), 'release release withhold');
  assert.equal(verdicts({ undocumented: ['/secret'] }), 'release cut withhold');
  // XML, or JSON that is broken around the leak.
  const uncut = { isUncuttable: true };
  assert.equal(verdicts({ undocumented: ['/secret'], ...uncut }), 'release withhold withhold');
  assert.equal(verdicts({ violations: [wrong(false)], ...uncut }), 'release withhold withhold');
  const blind = (['report', 'redact', 'block'] as const).map((mode) => judgeUncheckable(mode).kind);
  assert.deepEqual(blind, ['release', 'withhold', 'withhold']);
});
