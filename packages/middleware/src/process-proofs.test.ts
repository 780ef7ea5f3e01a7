import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { ProcessProofs } from './process-proofs.ts';

const MINUTE = 60_000;
const idOf = (text: string) => hash('sha256', text, 'buffer');

test('what was shown is shown again until its end, and a full memory forgets nobody', () => {
  const proofs = new ProcessProofs(3);
  for (const name of ['a', 'b', 'c']) assert.equal(proofs.show(idOf(name), MINUTE, 0), 'first');
  assert.equal(proofs.show(idOf('a'), 2 * MINUTE, MINUTE - 1), 'again');
  assert.equal(proofs.show(idOf('d'), 2 * MINUTE, MINUTE - 1), 'full');
  assert.equal(proofs.show(idOf('d'), 2 * MINUTE, MINUTE), 'first');
  assert.equal(proofs.show(idOf('a'), 2 * MINUTE, MINUTE), 'first', 'its time is over');
});
