import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { usage } from '../packages/server/src/cli/usage.ts';

const root = join(import.meta.dirname, '..');
const MAIN = join(root, 'packages/server/src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'poorter-help-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** `isCut`: whoever reads the output is gone before anything is written, as `head` may be. */
async function run(argv: readonly string[], isCut = false): Promise<Ran> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN, ...argv],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let err = '';
  if (isCut) child.stdout.destroy();
  else
    child.stdout.on('data', (text: Buffer) => {
      out += text;
    });
  child.stderr.on('data', (text: Buffer) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out, err };
}

/** As the usage lists them. */
const commands = [...usage.matchAll(/^ {2}([a-z-]+)/gm)].map(([, command = '']) => command);

/** All in one process: there are hundreds, and each only prints. */
async function runAll(lines: readonly (readonly string[])[]): Promise<readonly Ran[]> {
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=source', '--disable-warning=ExperimentalWarning'],
      ...[join(import.meta.dirname, 'world/run-mains.fixture.ts'), MAIN],
    ],
    { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin.end(JSON.stringify(lines));
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return JSON.parse(said) as Ran[];
}

describe('every command and every verb explains itself', () => {
  test('with --help and -h, by help, and with the rest of the line wrong', async () => {
    assert.ok(commands.length >= 13, 'the usage is read');
    const own = await runAll(commands.map((command) => [command, '--help']));
    const asked: string[][] = [];
    for (const [at, command] of commands.entries()) {
      const { out } = own[at] as Ran;
      // What its own usage speaks of.
      const verbs = [...out.matchAll(new RegExp(`poorter ${command} ([a-z][a-z-]*)`, 'g'))].map(
        ([, verb = '']) => [command, verb],
      );
      const words = usage.match(new RegExp(`^ {2}${command} ([a-z-]+(?:\\|[a-z-]+)+)`, 'm'))?.[1];
      for (const verb of words?.split('|') ?? []) verbs.push([command, verb]);
      if (command === 'keys') verbs.push([command, 'create', '--file', 'keys.yaml']);
      const each = new Map([[command], ...verbs].map((one) => [one.join(' '), one]));
      if (['keys', 'log', 'blocks', 'operators'].includes(command)) assert.ok(each.size > 3, out);
      asked.push(...each.values());
    }
    const lines = asked.flatMap((one) => [
      [...one, '--help'],
      // Whoever asks for help may have the rest of the line wrong.
      [...one, '--no-such-option', '--help'],
      [...one, '-h'],
      ['help', ...one],
    ]);
    const answers = await runAll(lines);
    assert.equal(answers.length, lines.length);
    for (const [at, argv] of lines.entries()) {
      const { status, out, err } = answers[at] as Ran;
      assert.deepEqual([status, err], [0, ''], argv.join(' '));
      const [first, second] = argv;
      const command = first === 'help' ? second : first;
      if (command === 'version') continue;
      assert.match(out, /^usage: poorter /i, argv.join(' '));
      assert.ok(out.includes(`poorter ${command}`), `${argv.join(' ')}: ${out}`);
    }
  });

  test('as a program of its own', async () => {
    const { status, out, err } = await run(['help', 'keys', 'create']);
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^usage: poorter keys/i);
  });

  test('and what is no command or verb says so', async () => {
    for (const argv of [['wish'], ['help', 'wish'], ['wish', '-h'], ['keys', 'wish']]) {
      const { status, out, err } = await run(argv);
      assert.deepEqual([status, out], [2, ''], argv.join(' '));
      assert.match(err, /wish[\s\S]*usage/i);
    }
  });
});

describe('whatever prints ends quietly when nobody reads on', { concurrency: 2 }, () => {
  writeFileSync(
    join(folder, 'api.yaml'),
    `openapi: 3.1.0
info: { title: Things, version: '1' }
paths:
${Array.from({ length: 400 }, (_, at) => `  /t${at}: { get: { responses: { '200': { description: ok } } } }\n`).join('')}`,
  );
  const broken = `{"openapi":"3.1.0","info":{"title":"a","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/gone"}}}}}}`;
  writeFileSync(join(folder, 'broken.json'), broken);
  writeFileSync(join(folder, 'keys.yaml'), 'keys: []\n', { mode: 0o600 });
  const cases: readonly (readonly [argv: readonly string[], status: number])[] = [
    [[], 0],
    [['version'], 0],
    [['check', 'api.yaml'], 0],
    [['check', 'api.yaml', '--json'], 0],
    // What judges still judges.
    [['check', 'broken.json'], 1],
    [['scan', '.'], 0],
    [['keys', 'create', '--file', 'keys.yaml', '--name', 'a'], 0],
    [['keys', 'list', '--file', 'keys.yaml'], 0],
    ...commands.map((command) => [[command, '--help'], 0] as const),
  ];
  for (const [argv, status] of cases) {
    test(['poorter', ...argv].join(' '), async () => {
      const ran = await run(argv, true);
      assert.equal(ran.status, status, ran.err);
      assert.doesNotMatch(ran.err, /EPIPE|ERR_STREAM|\n\s+at /);
    });
  }
});
