import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ProblemCode, problems } from '../../problems.ts';
import { PlainCounters } from '../limit/plain-counters.fixture.ts';
import { compileFailureBudget } from './failure-budget.ts';

const noon = Date.UTC(2026, 5, 1, 12);
const perMinute = (requests: number) => ({ requests, perMs: 60_000, burst: requests });

test('a hundred units allow ten guesses at a credential', () => {
  const budget = compileFailureBudget(perMinute(100), new PlainCounters());
  for (let guess = 0; guess < 10; guess++) {
    assert.equal(budget.check('a', noon), null, `guess ${guess}`);
    budget.charge('a', 'credentials_invalid', noon);
  }
  const refused = budget.check('a', noon);
  assert.equal(refused?.code, 'too_many_failures');
  assert.deepEqual(refused?.answerHeaders, ['retry-after', '1']);
});

test('a guess that costs more than is left takes what is left', () => {
  const budget = compileFailureBudget(perMinute(5), new PlainCounters());
  budget.charge('a', 'credentials_invalid', noon);
  assert.equal(budget.check('a', noon)?.code, 'too_many_failures');
});

test('the budget of one address is not the budget of another', () => {
  const budget = compileFailureBudget(perMinute(5), new PlainCounters());
  budget.charge('a', 'credentials_invalid', noon);
  assert.equal(budget.check('b', noon), null);
});

test('the budget refills', () => {
  const budget = compileFailureBudget(perMinute(60), new PlainCounters());
  for (let count = 0; count < 60; count++) budget.charge('a', 'malformed_request', noon);
  assert.notEqual(budget.check('a', noon), null);
  assert.equal(budget.check('a', noon + 1_000), null);
});

test('looking takes nothing', () => {
  const counters = new PlainCounters();
  const budget = compileFailureBudget(perMinute(1), counters);
  for (let count = 0; count < 100; count++) assert.equal(budget.check('a', noon), null);
});

test('refusals that say nothing about intent are free', () => {
  const counters = new PlainCounters();
  const budget = compileFailureBudget(perMinute(1), counters);
  const free = (Object.keys(problems) as ProblemCode[]).filter(
    (code) =>
      problems[code].status >= 500 || /limited|exceeded|failures|required|scope|role/.test(code),
  );
  for (const code of free) budget.charge('a', code, noon);
  assert.equal(budget.check('a', noon), null);
});

test('switched off, it counts nothing', () => {
  const counters = new PlainCounters();
  const budget = compileFailureBudget(null, counters);
  budget.charge('a', 'credentials_invalid', noon);
  assert.equal(budget.check('a', noon), null);
  assert.equal(counters.arrivals.size, 0);
});

test('no mix of failures gets past the budget by more than its last one', () => {
  const costs = { credentials_invalid: 10, malformed_request: 1, internal_fault: 0 } as const;
  const code = fc.constantFrom(...(Object.keys(costs) as (keyof typeof costs)[]));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(code, { maxLength: 80 }),
      (size, codes) => {
        const budget = compileFailureBudget(perMinute(size), new PlainCounters());
        let spent = 0;
        for (const one of codes) {
          if (budget.check('a', noon) !== null) break;
          assert.ok(spent < size);
          budget.charge('a', one, noon);
          spent += costs[one];
        }
        assert.equal(budget.check('a', noon) !== null, spent >= size);
      },
    ),
  );
});

test('a budget that does not divide its period loses no unit', () => {
  for (let size = 1; size <= 200; size++) {
    const budget = compileFailureBudget(perMinute(size), new PlainCounters());
    let spent = 0;
    for (; budget.check('a', noon) === null && spent <= size; spent++) {
      budget.charge('a', 'malformed_request', noon);
    }
    assert.equal(spent, size);
  }
});
