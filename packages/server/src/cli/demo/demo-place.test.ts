import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDemoPlace, writeDemoPlace } from './demo-place.ts';

/** As the first version that had a demo wrote it: whoever starts a newer one over it keeps what they have. */
const ofBefore = {
  api: 'http://127.0.0.1:8080/v1',
  origin: 'http://127.0.0.1:9091',
  application: { id: 'client_a' },
  phone: { id: 'client_p' },
  till: { id: 'client_t', secret: 'hidden' },
  machine: { id: 'client_m', key: { kty: 'EC' } },
  reader: { id: 'account_r', login: 'you@example.test' },
  played: {
    id: 'aGFuZGxl',
    login: 'an@example.test',
    passkey: { kty: 'EC' },
    credential: 'Y3JlZA',
  },
};

test('a demo that an earlier version prepared is known, and what is none is named', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'demo-place-'));
  t.after(() => rmSync(data, { recursive: true }));
  const file = join(data, 'demo.json');
  assert.equal(readDemoPlace(data), null);
  writeFileSync(file, JSON.stringify(ofBefore), { mode: 0o600 });
  const known = readDemoPlace(data);
  assert.deepEqual(known, ofBefore);
  writeDemoPlace(data, { ...ofBefore, page: { id: 'client_s', origin: 'http://127.0.0.1:8070' } });
  assert.equal(readDemoPlace(data)?.page?.id, 'client_s');
  const { played: _, ...less } = ofBefore;
  writeFileSync(file, JSON.stringify(less), { mode: 0o600 });
  assert.throws(() => readDemoPlace(data), /demo\.json is not what .* wrote \(played\)/);
});
