import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configurationSchema } from '../../configuration/schema.ts';
import { realWorld } from '../../platform/world/index.ts';
import { checkRecordsFile } from './check-records-file.ts';
import { SourceReader } from './source-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-records-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const dataDirectory = join(folder, 'data');
mkdirSync(join(dataDirectory, 'spool'), { recursive: true });
mkdirSync(join(folder, 'logs'));
const apis = [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }];
const configurationFile = join(folder, 'poorter.yaml');
for (const [name, text] of Object.entries({
  'poorter.yaml': 'records:\n  file: x\n',
  'api.yaml': 'openapi: 3.1.0\n',
  'api.yaml.1': '',
  'gate.key': '-----BEGIN',
  'notes.txt': 'mine\n',
  'set-aside.2': '',
  'logs/calls.jsonl': '{"time":"2026-11-29T10:00:00.000Z","id":"1"}\n',
  'logs/torn.jsonl': '{"ti',
  'logs/other.json': '{"openapi":"3.1.0"}\n',
  'data/state.sqlite': 'SQLite format 3\u0000',
})) {
  writeFileSync(join(folder, name), text);
}
linkSync(configurationFile, join(folder, 'another-name'));
symlinkSync('logs/calls.jsonl', join(folder, 'link.jsonl'));
symlinkSync('logs', join(folder, 'linked'));
execFileSync('mkfifo', [join(folder, 'fifo')]);

function refusal(file: string, keepFiles = 5): string | null {
  const reader = new SourceReader(configurationFile, folder, realWorld);
  reader.read('./api.yaml', 'description');
  const control = { tls: { certificate: './gate.pem', key: './gate.key' } };
  const given = {
    apis,
    control,
    records: { file, keepFiles },
    masterKey: 'file:./kept/master.key',
  };
  const configuration = configurationSchema.parse(given);
  checkRecordsFile(configuration, { configurationFile, dataDirectory }, reader);
  const [error] = reader.errors;
  assert.equal(error?.line, error && 2);
  return error?.message ?? null;
}

test('records are not written over what the gate reads or keeps, nor where none can be kept', () => {
  const before = readdirSync(folder, { recursive: true }).toSorted();
  for (const [file, why] of [
    ['./poorter.yaml', /is read by the gate itself/],
    ['./another-name', /is read by the gate itself/],
    ['./logs/../api.yaml', /is read by the gate itself/],
    ['./gate.key', /is read by the gate itself/],
    ['./kept/master.key', /is read by the gate itself/],
    ['./data', /the data directory is there/],
    ['.', /the data directory is there/],
    ...['state.sqlite', 'log.sqlite', 'state.sqlite-wal', 'master.key', 'spool/calls.jsonl'].map(
      (name) => [`./data/${name}`, /among the gate's own files/] as const,
    ),
    ['./data/tombstones.jsonl', /among the gate's own files/],
    ['./logs', /is a directory/],
    ['./link.jsonl', /is a link/],
    ['./fifo', /is a FIFO/],
    ['./nowhere/calls.jsonl', /there is no folder .*nowhere/],
    ['./notes.txt/calls.jsonl', /notes\.txt is a regular file, and no folder/],
    ['./notes.txt', /holds something else than records/],
    ['./logs/other.json', /holds something else than records/],
    ['/proc/calls.jsonl', /no file can be made there|EACCES/],
    ['/sys/calls.jsonl', /no file can be made there|EACCES|EROFS/],
    ['/dev', /is a directory/],
  ] as const) {
    assert.match(refusal(file) ?? 'taken', why, file);
  }
  assert.deepEqual(readdirSync(folder, { recursive: true }).toSorted(), before);
});

test('what is set aside does not replace a file that the gate reads', () => {
  symlinkSync('api.yaml', join(folder, 'set-aside.1'));
  assert.match(refusal('./set-aside') ?? '', /set-aside\.1 is read by the gate itself/);
});

test('a file of records, an empty one, a new one and a device take records', () => {
  for (const file of [
    ...['./logs/calls.jsonl', './logs/torn.jsonl', './logs/new.jsonl', 'file:./logs/new'],
    ...['./linked/new.jsonl', './data/decisions.jsonl', './data/calls.log', './api.yaml.1'],
    ...['/dev/stdout', '/dev/stderr', '/dev/full', '/dev/null'],
  ]) {
    assert.equal(refusal(file), null, file);
  }
});
