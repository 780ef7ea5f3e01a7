import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceReader } from './source-reader.ts';

test('a secret comes from the environment that control was given, and one that is not there is named without it', () => {
  const world = { now: () => 0, environment: { UPSTREAM_KEY: 'from the given world', EMPTY: '' } };
  const reader = new SourceReader('poorter.yaml', '/', world);
  assert.equal(reader.secret('env:UPSTREAM_KEY'), 'from the given world');
  assert.throws(() => reader.secret('env:PATH'), /env:PATH is not set/);
  assert.throws(() => reader.secret('env:EMPTY'), /env:EMPTY is empty/);
});
