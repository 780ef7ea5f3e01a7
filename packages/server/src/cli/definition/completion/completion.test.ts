import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { commands } from '../../commands.ts';
import { runCommand } from '../run-command.ts';
import { recordingWorld } from '../world.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'here'));
writeFileSync(join(folder, 'here', 'keys.yaml'), '');
mkdirSync(join(folder, 'here', 'keys data'));

async function script(shell: string, file: string): Promise<string> {
  const world = recordingWorld();
  assert.equal(await runCommand(['completion', shell], world, commands), 0, world.told.err);
  const path = join(folder, file);
  writeFileSync(path, world.told.out);
  return path;
}

function said(command: string, argv: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(command, argv, {
    encoding: 'utf8',
    cwd: join(folder, 'here'),
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', LANG: 'C.UTF-8' },
    timeout: 120_000,
  });
  assert.equal(error, undefined);
  assert.equal(stderr, '');
  return stdout;
}

const ROLES = ['auditor', 'developer', 'operator', 'owner', 'security-officer'];

/** What stands before the cursor, the last word being the one that is typed; and what is offered. */
const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['ke'], ['keys']],
  [['master'], ['master-key']],
  [['wish', ''], []],
  [
    ['blocks', ''],
    ['add', 'list', 'undo'],
  ],
  [['keys', 'cr'], ['create']],
  [['keys', 'wish', ''], []],
  [['keys', 'create', '--na'], ['--name']],
  [['scan', '.', '--w'], ['--write-baseline']],
  [
    ['serve', '--mode', ''],
    ['enforce', 'observe'],
  ],
  [['serve', 'keys.yaml', '--role', 'g'], ['gateway']],
  [['keys', 'list', '--state', 're'], ['revoked']],
  // Values where one may be anything.
  [['keys', 'create', '--name', ''], []],
  // Arguments, wherever options stand among them.
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['blocks', 'add', 'a'], ['address']],
  [['blocks', 'add', '--reason', 'x', '--json', 'ne'], ['network']],
  [['blocks', 'add', 'key', ''], []],
  [['help', 'gate'], ['gateways']],
  [['operators', 'create', '--roles', ''], ROLES],
  // Files and folders, where a path is asked.
  [['keys', 'create', '--file', 'keys.'], ['keys.yaml']],
  [['restore', 'keys.'], ['keys.yaml']],
  [['check', '--config', 'keys.'], ['keys.yaml']],
];

const missing = (process.env['POORTER_MISSING_PROGRAMS'] ?? '').split(',');
const needs = (shell: string) => ({ skip: missing.includes(shell) && `${shell} is not installed` });

describe('what a shell offers is what the definitions say', () => {
  test('bash', async () => {
    const file = await script('bash', 'poorter.bash');
    const code = `
      source "$1"; shift
      complete -p poorter >/dev/null || exit 1
      [[ $(complete -p poorter) =~ -F\\ ([^ ]+) ]] && complete=\${BASH_REMATCH[1]}
      COMP_WORDS=(poorter "$@"); COMP_CWORD=$#; COMP_LINE="poorter $*"
      $complete poorter "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const offered = (words: readonly string[]) =>
      said('bash', ['--norc', '-c', code, 'bash', file, ...words])
        .split('\n')
        .filter(Boolean);
    for (const [words, expected] of cases) {
      assert.deepEqual(offered(words).toSorted(), expected, words.join(' '));
    }
    // bash itself divides a word at =.
    assert.deepEqual(offered(['serve', '--mode', '=', 'ob']), ['observe']);
    assert.deepEqual(offered(['serve', '--mode', '=']), ['enforce', 'observe']);
    assert.deepEqual(offered(['blocks', 'add', '--reason', '=', 'x', 'ad']), ['address']);
    assert.deepEqual(offered(['operators', 'create', '--roles', 'owner,a']), ['owner,auditor']);
    assert.deepEqual(offered(['serve', '--data', 'keys']), ['keys data']);
    assert.deepEqual(offered(['keys', 'list', "--'$(touch x)"]), []);
  });

  test('fish', needs('fish'), async () => {
    const file = await script('fish', 'poorter.fish');
    const code = 'source $argv[1]; for line in $argv[2..-1]; complete -C $line; echo ==; end';
    const more: typeof cases = [
      [['serve', '--mode=ob'], ['--mode=observe']],
      [['operators', 'create', '--roles', 'owner,a'], ['owner,auditor']],
      [['serve', '--data', 'keys'], ['keys data/']],
    ];
    const all = [...cases, ...more];
    const lines = all.map(([words]) => ['poorter', ...words].join(' '));
    const answers = said('fish', ['--no-config', '-c', code, file, ...lines]).split('==\n');
    for (const [index, [words, expected]] of all.entries()) {
      const offered = (answers[index] ?? '').split('\n').filter(Boolean);
      const names = offered.map((line) => line.split('\t')[0]?.replaceAll('\\', ''));
      assert.deepEqual(names.toSorted(), expected, words.join(' '));
    }
  });

  test('zsh', needs('zsh'), async () => {
    const file = await script('zsh', '_poorter');
    const more: typeof cases = [
      [['serve', '--mode=ob'], ['observe']],
      // What was said already is not offered again.
      [['operators', 'create', '--roles', 'owner,'], ROLES.filter((role) => role !== 'owner')],
      [['scan', '--git', '--all'], []],
      [['serve', '--data', 'keys'], ['keys data']],
    ];
    const all = [...cases, ...more];
    const lines = all.map(([words]) => ['poorter', ...words].join(' '));
    const at = (name: string) => join(import.meta.dirname, name);
    const [driver, setup] = ['complete-in-zsh.fixture.zsh', 'offers-in-zsh.fixture.zsh'].map(at);
    const answers = said('zsh', ['-f', driver ?? '', file, setup ?? '', ...lines]).split('==\n');
    for (const [index, [words, expected]] of all.entries()) {
      // Quoted as it would be typed, and asked for more than once.
      const lines = (answers[index] ?? '').replaceAll(/[\r\\]/g, '').split('\n');
      const offered = new Set(lines.filter(Boolean));
      assert.deepEqual([...offered].toSorted(), expected, words.join(' '));
    }
  });
});

test('no text of a definition steps out of its quotes in a script', async () => {
  const hostile = 'it\'s $(touch x) `touch x` [a] : \\ "b"';
  const { bashCompletion } = await import('./bash.ts');
  const { fishCompletion } = await import('./fish.ts');
  const { zshCompletion } = await import('./zsh.ts');
  const { defineCommand } = await import('../define-command.ts');
  const command = defineCommand({
    name: 'odd',
    purpose: hostile,
    arguments: { what: { value: 'WHAT', says: hostile, oneOf: ['a', 'b'] } },
    options: { wish: { value: 'A:B', says: hostile }, isIt: { says: hostile } },
    run: async () => 0,
  });
  for (const [shell, write] of [
    ['bash', bashCompletion],
    ['zsh', zshCompletion],
    ['fish', fishCompletion],
  ] as const) {
    if (missing.includes(shell)) continue;
    const file = join(folder, `odd.${shell}`);
    writeFileSync(file, write([command]));
    said(shell, ['-n', file]);
  }
});
