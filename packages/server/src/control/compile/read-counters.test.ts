import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configurationSchema } from '../../configuration/schema.ts';
import { realWorld } from '../../platform/world/index.ts';
import { readSharedCounters } from './read-counters.ts';
import { readLocalKeySet } from './read-local-key-set.ts';
import { SourceReader } from './source-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-read-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const apis = [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }];
const readerHere = () => new SourceReader(join(folder, 'poorter.yaml'), folder, realWorld);

test('shared counters without a host, or in a database that is no number, are refused without their password', () => {
  const secret = join(folder, 'counters');
  for (const [url, expected] of [
    ['valkey://', /names no host; expected was valkey:\/\/HOST:PORT\/NUMBER/],
    ['valkey:///1', /names no host/],
    ['valkey://h/abc', /its path is the number of a database/],
    ['valkey://user:hunter2@h/abc', /its path is the number of a database/],
    ['valkey://h/1/2', /its path is the number of a database/],
    ['valkey://h:0', /the port 0/],
    ['valkey://h?family=6', /has a query or a fragment/],
    ['valkeys://h#x', /has a query or a fragment/],
  ] as const) {
    writeFileSync(secret, `${url}\n`);
    for (const counters of [url, `file:${secret}`]) {
      const reader = readerHere();
      readSharedCounters(configurationSchema.parse({ apis, counters }), reader);
      const [error] = reader.errors;
      assert.match(error?.message ?? 'taken', expected, counters);
      assert.ok(!error?.message.includes('hunter2'));
    }
  }
  for (const counters of [
    'valkey://h',
    'valkeys://u:p@h:6380/3',
    'redis://[::1]/0',
    'rediss://h/',
  ]) {
    const reader = readerHere();
    assert.ok(readSharedCounters(configurationSchema.parse({ apis, counters }), reader), counters);
    assert.deepEqual(reader.errors, []);
  }
});

test('a key set by which no token could ever be accepted is refused, with what it holds', () => {
  const read = (keys: object[]) => {
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
    readLocalKeySet('file:./keys.json', 0, readerHere());
  };
  const ec = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  const expected = /expected was a JSON Web Key Set with RSA, EC or OKP keys/;
  assert.throws(() => read([]), expected);
  assert.throws(() => read([{ kty: 'oct', k: 'c2VjcmV0' }]), /key 0 is symmetric.*expected was/);
  assert.throws(() => read([{ ...ec, d: 'd' }]), /key 0 is private/);
  assert.throws(() => read([{ ...ec, use: 'enc' }]), expected);
  read([ec, { kty: 'oct', k: 'c2VjcmV0' }]);
});
