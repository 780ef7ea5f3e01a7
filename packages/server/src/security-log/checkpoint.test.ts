import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkpointSigner,
  formatVerifierKey,
  openCheckpoint,
  parseVerifierKey,
  signingKey,
} from './checkpoint.ts';

/** Made with golang.org/x/mod/sumdb/note. */
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'tree/vectors.fixture.json'), 'utf8'),
) as { seed: string; verifierKey: string; checkpoint: string; roots: Record<string, string> };

const name = 'example.com/poorter-log';
const seeded = signingKey(Buffer.from(vectors.seed, 'hex'));
const root = Buffer.from(vectors.roots['1000'] as string, 'hex');

test("keys and checkpoints are those of Go's sumdb/note, byte for byte", () => {
  const signer = checkpointSigner(name, seeded);
  assert.equal(formatVerifierKey(signer.key), vectors.verifierKey);
  assert.equal(signer.sign({ size: 1000, root }), vectors.checkpoint);
  const opened = openCheckpoint(vectors.checkpoint, parseVerifierKey(vectors.verifierKey));
  assert.deepEqual(opened, { origin: name, size: 1000, root });
});

test('a checkpoint with any one byte changed is refused', () => {
  const key = parseVerifierKey(vectors.verifierKey);
  const bytes = Buffer.from(vectors.checkpoint);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.ok('fault' in openCheckpoint(changed.toString(), key), `byte ${at}`);
  }
});

test('witnesses may sign too; nobody else speaks for the log', () => {
  const key = parseVerifierKey(vectors.verifierKey);
  const witness = checkpointSigner('witness.example', generateKeyPairSync('ed25519').privateKey);
  const line = witness.sign({ size: 1, root }).split('\n').at(-2) as string;
  assert.ok(!('fault' in openCheckpoint(`${vectors.checkpoint}${line}\n`, key)));
  const other = checkpointSigner(name, generateKeyPairSync('ed25519').privateKey);
  assert.ok('fault' in openCheckpoint(other.sign({ size: 1000, root }), key));
  assert.ok('fault' in openCheckpoint(witness.sign({ size: 1000, root }), key));
});

test('a verifier key that does not match its own hash is refused', () => {
  for (const text of [
    '',
    'name',
    vectors.verifierKey.replace('41c89591', '41c89592'),
    vectors.verifierKey.replace('+AQ', '+Ag'),
    vectors.verifierKey.slice(0, -1),
  ]) {
    assert.throws(() => parseVerifierKey(text), Error);
  }
});

test('no text makes the note reader throw', () => {
  const key = parseVerifierKey(vectors.verifierKey);
  const pieces = fc.oneof(fc.string(), fc.constantFrom('\n', '\n\n', '— ', `${name}\n`, '1000\n'));
  fc.assert(
    fc.property(fc.array(pieces), (parts) => {
      assert.ok('fault' in openCheckpoint(parts.join(''), key));
    }),
  );
});
