import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { BOUNDS, openOperation, utf8 } from '../../openapi/src/openapi/testing.fixture.ts';
import type { OperationGate } from './open-operation.ts';
import type { AnswerMode } from './policies/release/index.ts';
import {
  answerWithheld,
  isBodiless,
  judgeBody,
  judgeHead,
  judgeUnseen,
  judgeWhole,
} from './release-answer.ts';

const JSON_TYPE = 'application/json';
const schema = { type: 'object', properties: { id: { type: 'integer' } } };
const described = openOperation({
  responses: {
    200: { description: '', content: { [JSON_TYPE]: { schema } } },
    202: { description: '', content: { 'image/png': {} } },
  },
});

const gate = (response: AnswerMode): OperationGate =>
  ({ operation: described, response, jsonBounds: BOUNDS }) as unknown as OperationGate;
const fields = (...more: string[]) => new HeaderFields(['content-type', JSON_TYPE, ...more]);
const MODES: readonly AnswerMode[] = ['report', 'redact', 'block'];

/** What becomes of it in each mode, by its head alone. */
const ofHead = (status: number, given = fields(), isBodiless = false) =>
  MODES.map((mode) => {
    const judged = judgeHead(gate(mode), status, given, isBodiless);
    return typeof judged === 'string' ? judged : judged.verdict.kind;
  }).join(', ');

test('no host lets content go unjudged that the description speaks of', () => {
  const body = 'judge its body, judge its body, judge its body';
  assert.equal(ofHead(200), body);
  assert.equal(ofHead(200, fields('content-encoding', 'Identity')), body);
  assert.equal(ofHead(200, fields('content-encoding', 'br')), 'release, withhold, withhold');
  assert.equal(ofHead(418), 'release, withhold, withhold');
  // Of what has no content, and of what nobody could judge, the head is all.
  assert.equal(ofHead(200, fields(), true), 'release, release, release');
  const image = new HeaderFields(['content-type', 'image/png']);
  assert.equal(ofHead(202, image), 'release, release, release');
});

test('whatever becomes of an answer, the record says why', () => {
  const evidence = (mode: AnswerMode, text: string) =>
    judgeBody(gate(mode), 200, fields(), utf8(text)).findings;
  assert.equal(evidence('report', '{"id":1}'), null);
  for (const [mode, action] of [
    ['report', 'release'],
    ['redact', 'cut'],
    ['block', 'withhold'],
  ] as const) {
    assert.deepEqual(evidence(mode, '{"id":1,"secret":2}'), {
      ...{ action, violations: [], undocumented: ['/secret'] },
    });
  }
  const broken = evidence('report', '{"id":"x"}') as { violations: { rule: string }[] };
  assert.equal(broken.violations[0]?.rule, 'type');
  const unseen = judgeUnseen(gate('block'), 'memory');
  assert.deepEqual(unseen.findings, { unchecked: 'memory', action: 'withhold' });
  assert.equal(unseen.verdict.kind, 'withhold');
  assert.deepEqual(judgeUnseen(gate('report'), 'over-bound').findings, { unchecked: 'over-bound' });
  const undocumented = judgeHead(gate('report'), 418, fields(), false);
  assert.ok(typeof undocumented !== 'string' && undocumented.findings?.['undocumented']);
});

test('an answer that is there whole is judged by its head first, and without content by its head alone', () => {
  const kindOf = (status: number, text: string, empty = false) =>
    judgeWhole(gate('block'), status, fields(), utf8(text), empty).verdict.kind;
  assert.equal(kindOf(200, '{"id":1}'), 'release');
  assert.equal(kindOf(200, '{"id":"x"}'), 'withhold');
  assert.equal(kindOf(418, '{"id":1}'), 'withhold');
  assert.equal(kindOf(200, '', true), 'release');
  const bodiless = [isBodiless('HEAD', 200), isBodiless('GET', 204), isBodiless('GET', 304)];
  assert.deepEqual([...bodiless, isBodiless('GET', 200)], [true, true, true, false]);
});

test('only after a method that may change something is the caller told that it may have done so', () => {
  const told = (method: string) => answerWithheld(method).details?.['mayHaveTakenEffect'] ?? null;
  assert.deepEqual(['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'PATCH'].map(told), [
    ...[null, null, null],
    ...[true, true, true],
  ]);
});
