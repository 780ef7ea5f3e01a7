import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { githubToken, ownKey } from './samples.fixture.ts';
import { scanHistory } from './scan-history.ts';

class Repository {
  readonly root = mkdtempSync(join(tmpdir(), 'poorter-history-'));
  #clock = 1_700_000_000;

  constructor(context: TestContext) {
    context.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.git('init', '-q', '-b', 'main');
  }

  git(...argv: string[]): string {
    this.#clock += 60;
    const date = `${this.#clock} +0000`;
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    return execFileSync('git', [...identity, '-c', 'protocol.file.allow=always', ...argv], {
      cwd: this.root,
      env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  }

  setClock(seconds: number): void {
    this.#clock = seconds;
  }

  commit(file: string, text: string): string {
    writeFileSync(join(this.root, file), text);
    this.git('add', '-A');
    this.git('commit', '-qm', `change ${file}`);
    return this.git('rev-parse', 'HEAD');
  }
}

const scan = (root: string) => scanHistory({ repository: root, threads: 2 });

test('a secret that was removed is found, with the commit that brought it', async (context) => {
  const repository = new Repository(context);
  repository.commit('readme', 'hello');
  const brought = repository.commit('config', `key: ${ownKey()}\n`);
  repository.commit('readme', 'hello again');
  repository.commit('config', 'key: none\n');
  const { findings, unreadable } = await scan(repository.root);
  assert.deepEqual(
    findings.map(({ uri, line, column, commit, level }) => ({ uri, line, column, commit, level })),
    [{ uri: 'config', line: 1, column: 6, commit: brought, level: 'error' }],
  );
  assert.deepEqual(unreadable, []);
});

test('a clock that went backwards does not make a later commit the earliest', async (context) => {
  const repository = new Repository(context);
  const secret = githubToken();
  const first = repository.commit('leak', secret);
  repository.commit('leak', 'gone');
  repository.setClock(1_000_000_000);
  repository.commit('leak', secret);
  repository.commit('readme', 'later');
  const { findings } = await scan(repository.root);
  assert.deepEqual(
    findings.map(({ commit }) => commit),
    [first],
  );
});

test('one content in many commits and places is one finding', async (context) => {
  const repository = new Repository(context);
  const secret = `x ${githubToken()}`;
  const first = repository.commit('a', secret);
  repository.commit('b', secret);
  repository.git('revert', '--no-edit', 'HEAD');
  repository.commit('c', secret);
  const { findings } = await scan(repository.root);
  assert.deepEqual(
    findings.map(({ commit }) => commit),
    [first],
  );
});

test('other branches, tags, stashes, abandoned commits and the index hide nothing', async (context) => {
  const repository = new Repository(context);
  repository.commit('readme', 'hello');
  repository.git('checkout', '-qb', 'side');
  repository.commit('on-side', githubToken());
  repository.git('checkout', '-q', 'main');
  repository.commit('abandoned', githubToken());
  repository.git('reset', '-q', '--hard', 'HEAD~1');
  for (const name of ['stashed-first', 'stashed-second']) {
    writeFileSync(join(repository.root, 'readme'), `${name} ${githubToken()}`);
    repository.git('stash', '-q');
  }
  writeFileSync(join(repository.root, 'staged'), githubToken());
  repository.git('add', 'staged');
  const { findings } = await scan(repository.root);
  assert.deepEqual(
    findings.map(({ uri }) => uri),
    ['abandoned', 'on-side', 'readme', 'readme', 'staged'],
  );
  assert.deepEqual(
    findings.filter(({ commit }) => commit === null).map(({ uri }) => uri),
    ['staged'],
  );
});

test('large and binary contents pass through, and what follows them is found', async (context) => {
  const repository = new Repository(context);
  writeFileSync(join(repository.root, 'a-binary'), Buffer.alloc(3_000_000, 'poorter_\0'));
  writeFileSync(join(repository.root, 'b-large'), `${'line\n'.repeat(1_000_000)}${ownKey()}`);
  writeFileSync(join(repository.root, 'c-empty'), '');
  for (let index = 0; index < 700; index++) {
    writeFileSync(join(repository.root, `file-${index}`), `${index} ${githubToken()}`);
  }
  repository.commit('z-last', githubToken());
  const { findings, contents } = await scan(repository.root);
  assert.equal(findings.length, 702);
  assert.equal(findings.find(({ uri }) => uri === 'b-large')?.line, 1_000_001);
  assert.equal(contents, 704);
});

test('a replaced object is read as it is, not as what replaces it', async (context) => {
  const repository = new Repository(context);
  repository.commit('leak', githubToken());
  const blob = repository.git('rev-parse', 'HEAD:leak');
  writeFileSync(join(repository.root, 'harmless'), 'nothing here');
  const harmless = repository.git('hash-object', '-w', 'harmless');
  repository.git('replace', blob, harmless);
  assert.equal((await scan(repository.root)).findings.length, 1);
});

test('a shallow clone is not called clean: what it lacks is told', async (context) => {
  const repository = new Repository(context);
  repository.commit('leak', githubToken());
  repository.commit('leak', 'gone');
  const clone = join(repository.root, 'clone');
  repository.git('clone', '-q', '--depth=1', `file://${repository.root}`, clone);
  const { findings, unreadable } = await scan(clone);
  assert.deepEqual(findings, []);
  assert.match(unreadable[0]?.reason ?? '', /shallow/);
});

test('a missing object is told, and git fetches nothing by a program of the repository', async (context) => {
  const repository = new Repository(context);
  repository.commit('kept', githubToken());
  repository.commit('lost', 'some content');
  const lost = repository.git('rev-parse', 'HEAD:lost');
  rmSync(join(repository.root, '.git/objects', lost.slice(0, 2), lost.slice(2)));
  const tools = join(repository.root, 'tools');
  const witness = join(tools, 'ran');
  mkdirSync(tools);
  writeFileSync(join(tools, 'run'), `#!/bin/sh\ntouch ${witness}\nexit 1\n`, { mode: 0o755 });
  for (const [key, value] of Object.entries({
    'core.repositoryformatversion': '1',
    'extensions.partialClone': 'origin',
    'remote.origin.url': `ext::${join(tools, 'run')}`,
    'remote.origin.promisor': 'true',
    'remote.origin.uploadpack': join(tools, 'run'),
    'protocol.ext.allow': 'always',
    'core.sshCommand': join(tools, 'run'),
    'log.showSignature': 'true',
    'gpg.program': join(tools, 'run'),
    'core.pager': join(tools, 'run'),
    'core.fsmonitor': join(tools, 'run'),
  })) {
    repository.git('config', key, value);
  }
  const outcome = await scan(repository.root).catch((error: Error) => error);
  assert.ok(!existsSync(witness), 'nothing was run');
  if (outcome instanceof Error) assert.match(outcome.message, /reading the history/);
  else assert.ok(outcome.unreadable.length > 0);
});

test('what is no repository is refused, not called clean', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'poorter-history-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  await assert.rejects(scan(root), /reading the history: .*not a git repository/s);
});
