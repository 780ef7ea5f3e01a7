import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { commands } from '../packages/server/src/cli/commands.ts';
import { runCommand } from '../packages/server/src/cli/definition/run-command.ts';
import { recordingWorld } from '../packages/server/src/cli/definition/world.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';

const api = {
  openapi: '3.1.0',
  info: { title: 'Checked', version: '1' },
  paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};
const KEY = `${Buffer.alloc(32, 7).toString('base64')}\n`;

interface Refusal {
  readonly name: string;
  readonly configuration?: object;
  readonly prepare?: (folder: string) => void;
  readonly says: RegExp;
  /** Where check points to. */
  readonly code: string;
}

const write = (name: string, text: string, mode: number) => (folder: string) => {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  chmodSync(join(folder, name), mode);
};
const masterKey = 'file:./master.key';

const refusals: readonly Refusal[] = [
  ...[0o644, 0o640, 0o660, 0o604].map((mode) => ({
    name: `a master key that others may read, mode ${mode.toString(8)}`,
    configuration: { masterKey },
    prepare: write('master.key', KEY, mode),
    says: new RegExp(`others may read the master key.*mode ${mode.toString(8)}.*chmod 600`),
    code: 'master-key',
  })),
  {
    name: 'a master key of the data directory that others may read',
    prepare: write('data/master.key', KEY, 0o644),
    says: /others may read the master key in .*data\/master\.key/,
    code: 'master-key',
  },
  {
    name: 'a master key that is too short',
    configuration: { masterKey },
    prepare: write('master.key', 'c2hvcnQ=\n', 0o600),
    says: /must hold a master key of 32 random bytes/,
    code: 'master-key',
  },
  {
    name: 'a master key that is not there',
    configuration: { masterKey },
    says: /reading the master key in .*there is no such file/,
    code: 'master-key',
  },
  {
    name: 'a master key in a variable that is not set',
    configuration: { masterKey: 'env:NOBODY_SET_THIS_KEY' },
    says: /env:NOBODY_SET_THIS_KEY is not set/,
    code: 'master-key',
  },
  {
    name: 'a vault that is reached in clear text',
    configuration: { masterKey: 'vault:http://vault.example/transit/keys/p?token=env:HOME' },
    says: /the master key in a vault needs https/,
    code: 'master-key',
  },
  {
    name: 'a data directory that others may write',
    prepare: (folder) => {
      mkdirSync(join(folder, 'data'));
      chmodSync(join(folder, 'data'), 0o777);
    },
    says: /data may be written by others \(mode 777\): chmod go-w/,
    code: 'data-directory',
  },
  {
    name: 'a key file in the data directory that others may write',
    prepare: write('data/keys.yaml', 'keys: []\n', 0o666),
    says: /data\/keys\.yaml may be written by others \(mode 666\)/,
    code: 'data-directory',
  },
  {
    name: 'a named key file that everyone may write',
    configuration: { keys: './named-keys.yaml' },
    prepare: write('named-keys.yaml', 'keys: []\n', 0o666),
    says: /named-keys\.yaml may be written by everyone \(mode 666\): chmod o-w/,
    code: 'unreadable-file',
  },
  {
    name: 'a configuration that everyone may write',
    prepare: (folder) => chmodSync(join(folder, 'poorter.yaml'), 0o646),
    says: /reading the configuration: .*poorter\.yaml may be written by everyone \(mode 646\)/,
    code: 'unreadable-file',
  },
  {
    name: 'a link in the place of a file of the data directory',
    prepare: (folder) => {
      mkdirSync(join(folder, 'data'), { mode: 0o700 });
      symlinkSync('/etc/hostname', join(folder, 'data/operator-credential.json'));
    },
    says: /operator-credential\.json is a link/,
    code: 'data-directory',
  },
  {
    name: 'a data directory below one that everyone may write',
    configuration: { storage: './open/deep/data' },
    prepare: (folder) => {
      mkdirSync(join(folder, 'open'));
      chmodSync(join(folder, 'open'), 0o777);
    },
    says: /open may be written by everyone/,
    code: 'data-directory',
  },
  {
    name: 'a data directory that cannot be made',
    configuration: { storage: './api.yaml/data' },
    says: /the data directory .*api\.yaml\/data cannot be made \(ENOTDIR at /,
    code: 'data-directory',
  },
  {
    name: 'a database whose address is in a variable that is not set',
    configuration: { storage: 'env:NOBODY_SET_THIS_STORAGE', dataDirectory: './data' },
    says: /env:NOBODY_SET_THIS_STORAGE is not set/,
    code: 'configuration',
  },
  {
    name: 'a database whose address is in a file that is not there',
    configuration: { storage: 'file:./gone', dataDirectory: './data' },
    says: /storage: file:\.\/gone cannot be read: ENOENT/,
    code: 'configuration',
  },
  ...[
    { file: './poorter.yaml', says: /poorter\.yaml is read by the gate itself/ },
    { file: './data', says: /the data directory is there/ },
    { file: './data/log.sqlite', says: /among the gate's own files in the data directory/ },
    { file: '/proc/calls.jsonl', says: /no file can be made there|EACCES/ },
    { file: './nowhere/calls.jsonl', says: /there is no folder .*nowhere/ },
  ].map(({ file, says }) => ({
    ...{ name: `records of calls in ${file}`, says, code: 'records-file' },
    configuration: { records: { file } },
  })),
  {
    name: 'a data directory in a file system that holds no files',
    configuration: { storage: '/proc/poorter' },
    says: /the data directory \/proc\/poorter cannot be made \((?:EROFS|ENOENT|EACCES) at /,
    code: 'data-directory',
  },
  ...['state.sqlite', 'log.sqlite'].map((name) => ({
    name: `a ${name} that is no database`,
    prepare: write(`data/${name}`, 'garbage '.repeat(1_000), 0o600),
    says: new RegExp(`opening the database .*${name}: file is not a database`),
    code: 'storage',
  })),
  {
    name: 'an address to listen on that this machine does not have',
    configuration: { listen: [{ address: '192.0.2.77:0', insecure: true }] },
    says: /listening on 192\.0\.2\.77:0: EADDRNOTAVAIL: this machine has no such address \(listen\.0\.address\)/,
    code: 'address',
  },
  {
    name: 'a forward-auth host at a name that has no address',
    configuration: { forwardAuth: [{ address: 'nowhere.invalid:0', for: 'nginx' }] },
    says: /listening on nowhere\.invalid:0: (?:ENOTFOUND|EAI_AGAIN): .*\(forwardAuth\.0\.address\)/,
    code: 'address',
  },
];

function folderOf({ configuration, prepare }: Partial<Refusal>): string {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-check-as-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'api.yaml'), stringify(api));
  const file = {
    listen: [{ address: '127.0.0.1:0' }],
    control: { address: '127.0.0.1:0' },
    apis: [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }],
    storage: './data',
    ...configuration,
  };
  writeFileSync(join(folder, 'poorter.yaml'), stringify(file));
  prepare?.(folder);
  return folder;
}

interface Checked {
  readonly diagnostics: readonly {
    code: string;
    severity: string;
    message: string;
    line: number;
  }[];
}

/** In this process: what loads once judges all of them. */
async function check(folder: string) {
  const argv = ['check', '--config', join(folder, 'poorter.yaml'), '--json'];
  const world = recordingWorld({ environment: process.env, now: Date.now });
  const status = await runCommand(argv, world, commands);
  return { status, diagnostics: (JSON.parse(world.told.out) as Checked).diagnostics };
}

describe('what serve refuses at its start, check refuses in the same words:', {
  concurrency: 2,
}, () => {
  for (const refusal of refusals) {
    test(refusal.name, async () => {
      const folder = folderOf(refusal);
      const before = readdirSync(folder, { recursive: true }).toSorted();
      const { status, diagnostics } = await check(folder);
      assert.equal(status, 1, JSON.stringify(diagnostics));
      const found = diagnostics.filter(({ code }) => code === refusal.code);
      assert.ok(
        found.some(({ message }) => refusal.says.test(message)),
        JSON.stringify(diagnostics),
      );
      assert.deepEqual(
        readdirSync(folder, { recursive: true }).toSorted(),
        before,
        'nothing is left',
      );
      const served = await runPoorter(['serve', '--config', join(folder, 'poorter.yaml')]);
      assert.equal(served.status, 1, served.stderr);
      assert.match(served.stderr, refusal.says);
    });
  }
});

test('what was sealed with another master key, or with one that is gone, is found before a start', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description: api, upstream: upstream.url });
  const { folder } = poorter;
  assert.equal((await check(folder)).status, 0, 'beside the server');
  poorter.process.kill('SIGTERM');
  await once(poorter.process, 'exit');
  const names = () => readdirSync(folder, { recursive: true }).toSorted();
  const there = names();
  assert.equal((await check(folder)).status, 0);
  assert.deepEqual(names(), there, 'nothing is left beside the database');
  const key = poorter.read('data/master.key');
  for (const { text, says } of [
    { text: null, says: /reading the master key in .*master\.key: there is no such file/ },
    { text: KEY, says: /the master key .* does not open this database: its keys were wrapped by/ },
  ]) {
    rmSync(join(folder, 'data/master.key'));
    if (text !== null) writeFileSync(join(folder, 'data/master.key'), text, { mode: 0o600 });
    const { status, diagnostics } = await check(folder);
    assert.equal(status, 1);
    const found = diagnostics.find(({ code }) => code === 'master-key');
    assert.match(found?.message ?? '', says);
    const served = await runPoorter(['serve', '--config', join(folder, 'poorter.yaml')]);
    assert.equal(served.status, 1, served.stderr);
    assert.match(served.stderr, says);
    writeFileSync(join(folder, 'data/master.key'), key, { mode: 0o600 });
  }
  assert.equal((await check(folder)).status, 0);
});

test('a configuration that serve would serve is found without a word, and nothing is made', async () => {
  const folder = folderOf({
    prepare: write('master.key', KEY, 0o400),
    configuration: { masterKey },
  });
  rmSync(join(folder, 'data'), { recursive: true });
  assert.deepEqual(await check(folder), { status: 0, diagnostics: [] });
  assert.deepEqual(readdirSync(folder).toSorted(), ['api.yaml', 'master.key', 'poorter.yaml']);
});

test('check says in what the files protect less than what a server on the same data serves', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: api,
    upstream: upstream.url,
    configuration: { reload: 'ask', limits: { default: { requests: 10, per: 'minute' } } },
  });
  const less = poorter.read('poorter.yaml').replace('requests: 10', 'requests: 20');
  poorter.write('poorter.yaml', less);
  let found: Checked['diagnostics'] = [];
  await eventually('check tells of it', async () => {
    found = (await check(poorter.folder)).diagnostics;
    return found.some(({ code }) => code === 'protects-less');
  });
  assert.match(
    JSON.stringify(found),
    /limit-raised: api GET \/x: The rate limit is looser: 20 per/,
  );
});
