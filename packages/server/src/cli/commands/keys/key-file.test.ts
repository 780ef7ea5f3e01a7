import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { hashKey, isWellFormedKey } from '@poorter/engine';
import { commands } from '../../commands.ts';
import { runCommand } from '../../definition/run-command.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'poorter-keys-command-'));
after(() => rm(folder, { recursive: true }));

const noon = Date.UTC(2026, 5, 1, 12);
let drawn = 0;

async function run(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const world = {
    stdin: (async function* () {})(),
    environment: {},
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    now: () => noon,
    random: (bytes: number) => new Uint8Array(bytes).fill((drawn += 1)),
  };
  const status = await runCommand(['keys', ...argv], world, commands);
  return { status, out: out.join(''), err: err.join('') };
}

test('a key is made, listed and revoked; it is printed once and stored nowhere', async () => {
  const file = path.join(folder, 'keys.yaml');
  const made = await run(
    'create',
    '--file',
    file,
    '--name',
    'Shop',
    '--scopes',
    'read, write',
    '--expires',
    '90d',
  );
  assert.equal(made.status, 0);
  const key = made.out.trim();
  assert.ok(isWellFormedKey(key));
  assert.ok(!made.err.includes(key));
  const text = await readFile(file, 'utf8');
  assert.ok(text.includes(hashKey(key)) && !text.includes(key));

  const listed = await run('list', '--file', file);
  assert.equal(listed.status, 0);
  assert.match(listed.out, /Shop {2}read,write {2}expires 2026-08-30T12:00:00Z/);
  assert.equal((await run('create', '--file', file, '--name', 'Shop')).status, 1);

  const revoked = await run('revoke', 'Shop', '--file', file, '--json');
  assert.equal(JSON.parse(revoked.out).revoked.name, 'Shop');
  assert.equal((await run('revoke', 'Shop', '--file', file)).status, 1);
  assert.deepEqual(JSON.parse((await run('list', '--file', file, '--json')).out), { keys: [] });
});

test('--json carries the key, and no hash', async () => {
  const file = path.join(folder, 'json.yaml');
  const { out } = await run('create', '--file', file, '--name', 'n', '--roles', 'a,b', '--json');
  const shown = JSON.parse(out);
  assert.ok(isWellFormedKey(shown.key));
  assert.deepEqual(shown.roles, ['a', 'b']);
  assert.equal(shown.hash, undefined);
});

const KEY = `poorter_${'0'.repeat(49)}`;

test('a wrong call exits 2 with a line that helps', async () => {
  const file = path.join(folder, 'never.yaml');
  const wrong: [string[], RegExp][] = [
    [[], /verb is missing/],
    [['make'], /no such verb: make/],
    [['create', '--file', file], /--name is missing/],
    [['create', '--file', '', '--name', 'n'], /--file names nothing/],
    // What a key file cannot hold would be left out of it, and the key could do more.
    [['create', '--file', file, '--name', 'n', '--rate', '1/day'], /either --file or --rate/],
    [['create', '--file', file, '--name', 'n', '--networks', '::1'], /either --file or --networks/],
    [['rotate', 'n', '--file', file], /unknown option --file/],
    [['create', '--file', file, '--name', 'n', '--expire', '1d'], /--expire/],
    [
      ['create', '--file', file, '--name', 'n', '--expires', 'soon'],
      /--expires is a span in minutes, hours, days or weeks/,
    ],
    [['create', '--file', file, '--name', 'n', '--expires', '2020-01-01'], /lies in the past/],
    [['create', 'extra', '--file', file, '--name', 'n'], /unexpected argument: extra/],
    [['revoke', '--file', file], /ID\|NAME is missing/],
    [['revoke', KEY, '--file', file], /name it by its id/],
    [[KEY, '--file', file], /name it by its id/],
  ];
  for (const [argv, words] of wrong) {
    const { status, out, err } = await run(...argv);
    assert.equal(status, 2, argv.join(' '));
    assert.match(err, words);
    assert.match(err, /Usage: poorter keys /);
    assert.equal(out, '');
    assert.ok(!err.includes(KEY));
  }
  assert.equal((await run('list', '--file', file)).status, 1);
});

test('a name or scope that cannot stand in the file is refused, and no key is printed', async () => {
  const file = path.join(folder, 'odd.yaml');
  for (const more of [
    ['--name', 'two\nlines'],
    ['--name', 'n', '--scopes', 'a"b'],
  ]) {
    const { status, out } = await run('create', '--file', file, ...more);
    assert.equal(status, 1);
    assert.equal(out, '');
  }
});
