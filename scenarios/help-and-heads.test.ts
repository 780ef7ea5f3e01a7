import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { commands as list } from '../packages/server/src/cli/commands.ts';
import { MAIN } from './world/program.fixture.ts';

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

const commands = Object.keys(list);

describe('a command explains itself, as a program of its own', { concurrency: 4 }, () => {
  // A test beside the definitions asks in every way for every verb.
  for (const argv of [
    ['help'],
    ['-h'],
    ['help', 'keys', 'create'],
    ['log', 'search', '-h'],
    ['serve', '--no-such-option', '--help'],
    ['completion', '--help'],
  ]) {
    test(`poorter ${argv.join(' ')}`, async () => {
      const { status, out, err } = await run(argv);
      assert.deepEqual([status, err], [0, '']);
      assert.match(out, /^Usage: poorter /);
    });
  }

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
