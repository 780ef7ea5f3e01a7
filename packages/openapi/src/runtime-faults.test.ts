import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFaultyRuntime } from './json/faulty-parse.fixture.ts';
import { findRuntimeFaults, refuseUnsafeRuntime } from './runtime-faults.ts';

test('every fault of this runtime is found, and none of them reaches our own code', () => {
  const faults = findRuntimeFaults();
  for (const fault of faults) assert.equal(fault.isContained, true, fault.id);
  const isWrong = !/[^a]$/u.test('😀');
  assert.equal(
    faults.some(({ id }) => id === 'pattern-end-beyond-bmp'),
    isWrong,
  );
  refuseUnsafeRuntime(faults);
});

test('a runtime that misreads escaped names is recognized, and read around', async () => {
  await onFaultyRuntime(() => {
    const found = findRuntimeFaults().find(({ id }) => id === 'json-escaped-names');
    assert.equal(found?.isContained, true);
    assert.equal(found?.mendedIn, '26.12.1');
  });
});

test('nothing is decided on a runtime whose fault reaches our own code', () => {
  const fault = {
    id: 'json-escaped-names',
    what: 'it misreads',
    reference: 'x#1',
    mendedIn: null,
  } as const;
  const reached = findRuntimeFaults([{ fault, isPresent: () => true, isContained: () => false }]);
  assert.throws(() => refuseUnsafeRuntime(reached), /not safe to decide on: it misreads \(x#1\)/);
  const absent = findRuntimeFaults([{ fault, isPresent: () => false, isContained: () => false }]);
  refuseUnsafeRuntime(absent);
});
