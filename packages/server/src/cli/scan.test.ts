import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatKey } from '@poorter/engine';
import { commands } from './commands.ts';
import { runCommand } from './definition/run-command.ts';

const repository = join(import.meta.dirname, '../../../..');
const key = () => formatKey(new Uint8Array(randomBytes(32)));
const token = () => `${'gl'}pat-${randomBytes(10).toString('hex')}`;

async function run(...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const world = {
    stdin: (async function* () {})(),
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    environment: {},
    now: () => 0,
    random: (bytes: number) => new Uint8Array(bytes),
  };
  const status = await runCommand(['scan', ...argv, '--threads', '1'], world, commands);
  return { status, stdout, stderr };
}

function tree(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'poorter-scan-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}

test('this repository holds no secret', async () => {
  const isClone = existsSync(join(repository, '.git'));
  const { status, stdout } = await run(isClone ? repository : join(repository, 'packages'));
  assert.match(stdout, /^0 findings in \d{3,} files/);
  assert.equal(status, 0);
});

test('the program scans, and says so by its status', (context) => {
  const root = tree(context, { leak: token() });
  const main = join(import.meta.dirname, '../main.ts');
  const argv = ['--conditions=source', main, 'scan', root];
  const { status, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^leak:1:1: warning: gitlab\/gitlab-personal-access-token: glpa…\n1 findings in 1 files/,
  );
});

test('the status is 0 for nothing, 1 for findings, 2 for a wrong call or what could not be read', async (context) => {
  const clean = tree(context, { file: 'nothing' });
  assert.equal((await run(clean)).status, 0);
  assert.equal((await run(tree(context, { leak: key() }))).status, 1);
  const wrong = [
    [],
    [clean, clean],
    [clean, '--sarif', '--json'],
    [clean, '--write-baseline'],
    [clean, '--no-such'],
    ['--git', '--all-files'],
    ['--git', clean],
    [join(clean, 'missing')],
    [clean, '--baseline', join(clean, 'missing')],
    [clean, '--baseline', join(clean, 'file')],
    [clean, '--output', join(clean, 'missing/report')],
  ];
  for (const argv of wrong) assert.equal((await run(...argv)).status, 2, argv.join(' '));
});

test('no form of the report contains a secret, and keys of ours come with what to do', async (context) => {
  const [ours, theirs] = [key(), token()];
  const root = tree(context, { a: `${ours}\n  ${theirs}\n` });
  for (const form of [[], ['--json'], ['--sarif']]) {
    const { stdout, stderr } = await run(root, ...form);
    for (const text of [stdout, stderr]) {
      assert.ok(!text.includes(ours.slice(0, 13)) && !text.includes(theirs.slice(0, 5)));
    }
    assert.ok(stdout.includes(ours.slice(0, 12)));
    assert.match(stderr, /poorter keys leaked --stdin/);
  }
});

test('SARIF 2.1.0: what code scanning services need, relative and encoded', async (context) => {
  const root = tree(context, { 'a b\n:ü': `\n  ${key()}`, other: token() });
  const output = join(root, 'report.sarif');
  const { status, stdout } = await run(root, '--sarif', '--output', output);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  const sarif = JSON.parse(readFileSync(output, 'utf8'));
  assert.equal(sarif.version, '2.1.0');
  assert.match(sarif.$schema, /sarif-schema-2\.1\.0\.json$/);
  assert.equal(sarif.runs.length, 1);
  const [{ tool, results, invocations, columnKind }] = sarif.runs;
  assert.equal(columnKind, 'utf16CodeUnits');
  assert.equal(invocations[0].executionSuccessful, true);
  assert.equal(tool.driver.name, 'poorter scan');
  const ids: string[] = tool.driver.rules.map(({ id }: { id: string }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(results.length, 2);
  for (const { ruleId, ruleIndex, level, message, locations, partialFingerprints } of results) {
    assert.equal(ids[ruleIndex], ruleId);
    assert.ok(['error', 'warning'].includes(level));
    assert.ok(message.text.length > 0);
    const [{ physicalLocation }] = locations;
    assert.match(physicalLocation.artifactLocation.uri, /^[A-Za-z0-9\-._~/%]+$/);
    assert.ok(physicalLocation.region.startLine >= 1 && physicalLocation.region.startColumn >= 1);
    assert.match(Object.values(partialFingerprints)[0] as string, /^[0-9a-f]{32}$/);
  }
  const [ours] = results;
  assert.equal(ours.level, 'error');
  assert.equal(ours.locations[0].physicalLocation.artifactLocation.uri, 'a%20b%0A%3A%C3%BC');
  assert.deepEqual(ours.locations[0].physicalLocation.region, { startLine: 2, startColumn: 3 });
  assert.deepEqual(JSON.parse((await run(root, '--sarif')).stdout), sarif, 'stable across runs');
});

test('a baseline accepts what is in it, where it is, and nothing new', async (context) => {
  const [old, fresh] = [token(), token()];
  const root = tree(context, { a: old });
  const baseline = join(root, 'accepted.json');
  const written = await run(root, '--baseline', baseline, '--write-baseline');
  assert.equal(written.status, 0);
  assert.ok(!readFileSync(baseline, 'utf8').includes(old.slice(0, 5)));
  assert.equal((await run(root, '--baseline', baseline)).status, 0);
  writeFileSync(join(root, 'a'), `moved down\n${old}`);
  assert.equal((await run(root, '--baseline', baseline)).status, 0);
  writeFileSync(join(root, 'a'), `${old}\n${fresh}`);
  const { status, stdout } = await run(root, '--baseline', baseline);
  assert.equal(status, 1);
  assert.match(stdout, /^a:2:1: .*\n1 findings .*accepted: 1\n$/);
  writeFileSync(join(root, 'b'), old);
  assert.match((await run(root, '--baseline', baseline)).stdout, /^b:1:1: /m);
});

test('a symlink planted where a baseline is drafted is not followed, and what it points at stays as it is', async (context) => {
  const root = tree(context, { a: token(), victim: 'of somebody else\n' });
  const baseline = join(root, 'accepted.json');
  symlinkSync(join(root, 'victim'), `${baseline}.new`);
  assert.equal((await run(root, '--baseline', baseline, '--write-baseline')).status, 0);
  assert.equal(readFileSync(join(root, 'victim'), 'utf8'), 'of somebody else\n');
  assert.ok(lstatSync(baseline).isFile());
  assert.equal((await run(root, '--baseline', baseline)).status, 0);
});

test('the history is scanned with --git, and each finding names its commit', async (context) => {
  const root = tree(context, { leak: token() });
  const git = (...argv: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...argv], {
      cwd: root,
      encoding: 'utf8',
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'leak');
  const commit = git('rev-parse', 'HEAD').trim();
  git('rm', '-q', 'leak');
  git('commit', '-qm', 'gone');
  assert.equal((await run(root)).status, 0);
  const { status, stdout } = await run('--git', root);
  assert.equal(status, 1);
  assert.ok(stdout.startsWith('leak:1:1: ') && stdout.includes(`commit ${commit}`));
  const sarif = JSON.parse((await run('--git', root, '--sarif')).stdout);
  assert.equal(sarif.runs[0].results[0].properties.commit, commit);
});
