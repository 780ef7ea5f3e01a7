import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternWork } from '../json-schema/index.ts';
import { PATTERN_STEPS_MAX } from '../json-schema/patterns/work.ts';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from './testing.fixture.ts';

/** Steps beyond the bound that the text under way may take before it notices. */
const OVERRUN_MAX = 20_000;
const costly = { type: 'string', pattern: 'foo.{0,2000}bar' };
const foos = 'foo'.repeat(500);
const JSON_BODY = headers('content-type', 'application/json');

const listOf = (items: object) => ({
  requestBody: { content: { 'application/json': { schema: { type: 'array', items } } } },
});

function stepsOf(run: (work: PatternWork) => unknown): number {
  const work = new PatternWork();
  run(work);
  return work.steps;
}

test('many texts in one message hold a thread no longer than one does', () => {
  const operation = openOperation(listOf(costly));
  const body = utf8(JSON.stringify(new Array(400).fill(`${foos}bar`)));
  const steps = stepsOf((work) => {
    const { violations } = operation.checkBody(JSON_BODY, body, BOUNDS, work);
    assert.equal(told(violations), 'body  pattern-work');
  });
  assert.ok(steps <= PATTERN_STEPS_MAX + OVERRUN_MAX, `${steps}`);
});

test('a spent message is refused also where the pattern is only forbidden', () => {
  const operation = openOperation(listOf({ type: 'string', not: { pattern: 'foo.{0,2000}bar' } }));
  const body = utf8(JSON.stringify(new Array(400).fill(foos)));
  const { violations } = operation.checkBody(JSON_BODY, body, BOUNDS);
  assert.equal(told(violations), 'body  pattern-work');
});

test('parameters and body of one request spend from one account', () => {
  const operation = openOperation({
    ...listOf(costly),
    parameters: [{ name: 'q', in: 'query', schema: { type: 'array', items: costly } }],
  });
  const query = new Array(15).fill(`q=${foos}bar`).join('&');
  const body = utf8(JSON.stringify(new Array(15).fill(`${foos}bar`)));
  const work = new PatternWork();
  assert.equal(told(operation.checkParameters(parts({ query, patternWork: work }))), '');
  const afterParameters = work.steps;
  assert.ok(afterParameters > 10_000);
  operation.checkBody(JSON_BODY, body, BOUNDS, work);
  assert.ok(work.steps > afterParameters);
  // Another request has an account of its own.
  assert.equal(told(operation.checkBody(JSON_BODY, body, BOUNDS).violations), '');
});

test('the readings that a text may have do not multiply the bound', () => {
  const ambiguous = {
    oneOf: [
      { type: 'integer', maximum: 0 },
      { type: 'string', pattern: '1.{0,2000}2' },
    ],
  };
  const operation = openOperation({
    parameters: [{ name: 'q', in: 'query', schema: { type: 'array', items: ambiguous } }],
  });
  const query = new Array(60).fill(`q=${'1'.repeat(900)}`).join('&');
  const steps = stepsOf((work) => {
    const violations = operation.checkParameters(parts({ query, patternWork: work }));
    assert.notEqual(told(violations), '');
  });
  assert.ok(steps > PATTERN_STEPS_MAX / 2, `${steps}`);
  assert.ok(steps <= PATTERN_STEPS_MAX + OVERRUN_MAX, `${steps}`);
});

test('a large text is not matched again for every reading of the small ones beside it', () => {
  const small = {
    oneOf: [
      { type: 'integer', maximum: 0 },
      { type: 'string', const: 'never' },
    ],
  };
  const names = Array.from({ length: 40 }, (_, at) => `x${at}`);
  const properties = {
    big: { type: 'string', not: { pattern: 'a{0,63}b' } },
    ...Object.fromEntries(names.map((name) => [name, small])),
  };
  const form = 'application/x-www-form-urlencoded';
  const operation = openOperation({
    requestBody: { content: { [form]: { schema: { type: 'object', properties } } } },
  });
  const text = 'a'.repeat(90_000);
  const body = utf8(`big=${text}&${names.map((name) => `${name}=5`).join('&')}`);
  const steps = stepsOf((work) => {
    const { violations } = operation.checkBody(headers('content-type', form), body, BOUNDS, work);
    assert.notEqual(told(violations), '');
  });
  assert.ok(steps > PATTERN_STEPS_MAX, `${steps}`);
  // The text that exceeds the bound is not looked at any more.
  assert.ok(steps <= PATTERN_STEPS_MAX + 64 * text.length, `${steps}`);
});

test('characters that were never seen before are counted as the work they are', () => {
  const operation = openOperation(listOf({ type: 'string', pattern: '^(\\p{L}+\\s?)*!$' }));
  const text = Array.from({ length: 20_000 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join(
    '',
  );
  const steps = stepsOf((work) =>
    operation.checkBody(JSON_BODY, utf8(JSON.stringify([text])), BOUNDS, work),
  );
  assert.ok(steps > 16 * 20_000, `${steps}`);
});

test('a thousand ordinary values take less than a hundredth of the bound', () => {
  const password = '^(?=.*[A-Z])(?=.*\\d)(?!.*\\s).{8,64}$';
  const mail = '[a-z]+@([a-z]+\\.)+[a-z]{2,}$';
  const operation = openOperation(
    listOf({
      type: 'object',
      properties: { password: { pattern: password }, mail: { pattern: mail } },
    }),
  );
  const items = Array.from({ length: 1000 }, (_, at) => ({
    password: `Secret-${at}-word`,
    mail: `person@mail${'abc'[at % 3]}.example`.replace(/\d/, ''),
  }));
  const steps = stepsOf((work) => {
    const body = utf8(JSON.stringify(items));
    const { violations } = operation.checkBody(JSON_BODY, body, BOUNDS, work);
    assert.equal(told(violations), '');
  });
  assert.ok(steps < PATTERN_STEPS_MAX / 100, `${steps}`);
});
