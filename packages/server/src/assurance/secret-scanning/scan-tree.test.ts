import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { printablePath } from './finding.ts';
import { githubToken, ownKey } from './samples.fixture.ts';
import { scanTree } from './scan-tree.ts';

function scratch(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-scan-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function git(directory: string, ...argv: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  execFileSync('git', [...identity, ...argv], { cwd: directory, stdio: 'pipe' });
}

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

async function uris(path: string, allFiles = false): Promise<string[]> {
  const { findings } = await scanTree({ path, threads: 2, allFiles });
  return findings.map(({ uri }) => uri);
}

test('what git ignores is left out, what it tracks in spite of that is not', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  const secret = githubToken();
  put(root, {
    '.gitignore': 'ignored/\n*.env\n',
    'kept.env': secret,
    'ignored/file': secret,
    'new file': secret,
    'plain/clean': 'nothing',
  });
  git(root, 'add', '-f', 'kept.env');
  assert.deepEqual(await uris(root), ['kept.env', 'new%20file']);
  assert.deepEqual(await uris(root, true), ['ignored/file', 'kept.env', 'new%20file']);
  assert.deepEqual(await uris(join(root, 'ignored'), true), ['file']);
  assert.deepEqual(await uris(join(root, 'kept.env')), ['kept.env']);
});

test('a repository inside another is read too', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  put(root, {
    'inner/leak': githubToken(),
    'inner/.gitignore': 'quiet\n',
    'inner/quiet': ownKey(),
  });
  git(join(root, 'inner'), 'init', '-q');
  git(join(root, 'inner'), 'add', '-A');
  git(join(root, 'inner'), 'commit', '-qm', 'x');
  assert.deepEqual(await uris(root), ['inner/leak'], 'untracked');
  git(root, 'add', 'inner');
  assert.deepEqual(await uris(root), ['inner/leak'], 'as a submodule');
});

test('no link leads out of the tree, and no pipe makes a scan wait', async (context) => {
  const root = scratch(context);
  const outside = scratch(context);
  put(outside, { secret: ownKey() });
  git(root, 'init', '-q');
  put(root, { 'there/secret': 'nothing yet', own: githubToken() });
  git(root, 'add', '-A');
  // The index says there/secret; the work tree says that `there` is elsewhere.
  rmSync(join(root, 'there'), { recursive: true });
  symlinkSync(outside, join(root, 'there'));
  symlinkSync(join(outside, 'secret'), join(root, 'link'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  for (const allFiles of [false, true]) {
    const { findings, unreadable } = await scanTree({ path: root, threads: 1, allFiles });
    assert.deepEqual(
      findings.map(({ uri }) => uri),
      ['own'],
    );
    assert.deepEqual(unreadable, []);
  }
});

test('hostile file names neither end a scan nor reach a terminal as they are', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  const names = ['-rf', '--output=x', 'a\nb', '\u001b[31mred', ' ', 'ü%41', "'; touch x; '"];
  for (const name of names) writeFileSync(join(root, name), githubToken());
  const bytes = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x41])]);
  writeFileSync(bytes, githubToken());
  for (const allFiles of [false, true]) {
    const found = await uris(root, allFiles);
    assert.equal(found.length, names.length + 1);
    assert.ok(found.includes('%FF%FEA') && found.includes('%C3%BC%2541'));
    for (const uri of found) assert.match(printablePath(uri), /^[^\0-\x1f\x7f-\x9f]+$/);
  }
});

test('a directory or file that may not be read is told', async (context) => {
  const root = scratch(context);
  put(root, { 'closed/leak': githubToken(), shut: 'x', open: 'x' });
  if (process.getuid?.() === 0) {
    // Nothing is closed to root; a name that is too deep to open is.
    let deep = root;
    for (let depth = 0; depth < 300; depth++) mkdirSync((deep = join(deep, 'd')));
  } else {
    chmodSync(join(root, 'closed'), 0);
    chmodSync(join(root, 'shut'), 0);
    context.after(() => chmodSync(join(root, 'closed'), 0o700));
  }
  const { unreadable } = await scanTree({ path: root, threads: 1, allFiles: true });
  assert.ok(unreadable.length > 0);
});

test('without git every file is read', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  put(root, { '.gitignore': 'ignored\n', ignored: githubToken(), kept: githubToken() });
  const path = process.env['PATH'];
  context.after(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = root;
  const { findings, notes } = await scanTree({ path: root, threads: 1, allFiles: false });
  assert.deepEqual(
    findings.map(({ uri }) => uri),
    ['ignored', 'kept'],
  );
  assert.match(notes.join(), /every file is read/);
});

test('a repository of somebody else, whom git does not trust, is read whole', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  put(root, { '.gitignore': 'ignored\n', ignored: githubToken() });
  // Who trusts every directory has said so at home.
  const { HOME, XDG_CONFIG_HOME } = process.env;
  context.after(() => {
    for (const [name, value] of Object.entries({ HOME, XDG_CONFIG_HOME })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  Object.assign(process.env, { HOME: scratch(context), XDG_CONFIG_HOME: scratch(context) });
  // Only root can give a directory away; others see here that their own is read as git says.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync('chown', ['-R', '65534:65534', root]);
  assert.deepEqual(await uris(root), isRoot ? ['ignored'] : []);
});

test('a tree that git cannot list to its end is read whole', async (context) => {
  const root = scratch(context);
  git(root, 'init', '-q');
  put(root, { leak: githubToken() });
  git(root, 'add', '-A');
  writeFileSync(join(root, '.git/index'), 'DIRC torn');
  const { findings, notes } = await scanTree({ path: root, threads: 1, allFiles: false });
  assert.ok(findings.some(({ uri }) => uri === 'leak'));
  assert.match(notes.join(), /every file is read/);
});

test('a repository cannot make git run its programs, or look elsewhere', async (context) => {
  const root = scratch(context);
  const elsewhere = scratch(context);
  const witness = join(elsewhere, 'ran');
  git(root, 'init', '-q');
  put(root, { leak: githubToken(), '.gitattributes': '* filter=evil diff=evil\n' });
  git(root, 'add', 'leak');
  const run = `touch ${witness}; exit 1`;
  writeFileSync(join(elsewhere, 'run'), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
  for (const key of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'filter.evil.clean']) {
    git(root, 'config', key, join(elsewhere, 'run'));
  }
  git(root, 'config', 'core.hooksPath', elsewhere);
  assert.deepEqual(await uris(root), ['leak']);
  assert.ok(!existsSync(witness));
  // A work tree elsewhere would leave nothing to look at here.
  mkdirSync(join(elsewhere, 'empty'));
  git(root, 'config', 'core.worktree', join(elsewhere, 'empty'));
  assert.ok((await uris(root)).includes('leak'));
});
