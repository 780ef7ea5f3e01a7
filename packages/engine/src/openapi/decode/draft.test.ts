import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../processor-time.fixture.ts';
import { openOperation, parts, told } from '../testing.ts';

test('a union around an object is settled although its violation names no member', () => {
  const schema = {
    type: 'object',
    oneOf: [
      { properties: { a: { const: '1' }, b: { const: 2 } }, required: ['a'] },
      { properties: { a: { const: 'x' }, b: { type: 'string' } }, required: ['a'] },
    ],
  };
  const operation = openOperation({
    parameters: [{ name: 'o', in: 'query', explode: false, schema }],
  });
  const check = (query: string) => told(operation.checkParameters(parts({ query })));
  assert.equal(check('o=a,1,b,2'), '');
  assert.equal(check('o=a,x,b,2'), '');
  assert.equal(check('o=a,2,b,2'), 'query o oneOf');
});

test('thousands of ambiguous items cost a bounded number of validations', () => {
  const items = {
    anyOf: [
      { type: 'integer', maximum: 5 },
      { type: 'string', maxLength: 4 },
    ],
  };
  const operation = openOperation({
    parameters: [{ name: 'l', in: 'query', explode: false, schema: { type: 'array', items } }],
  });
  const check = (count: number, item: string) =>
    told(operation.checkParameters(parts({ query: `l=${Array(count).fill(item).join(',')}` })));
  assert.equal(check(500, '9999'), '');
  const usedMs = processorMs(() => assert.notEqual(check(5_000, '99999'), ''));
  assert.ok(usedMs < 2_000, `${usedMs}`);
});
