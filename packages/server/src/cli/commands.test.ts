import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { commands } from './commands.ts';
import { type Command, optionName, type Verb } from './definition/define-command.ts';
import { readArguments } from './definition/read-arguments.ts';
import { loaded, runCommand } from './definition/run-command.ts';
import { recordingWorld } from './definition/world.fixture.ts';

const root = join(import.meta.dirname, '../../../..');
const definitions = await loaded(commands);

/** Every place where options may stand: `[words, verb]`. */
const places = definitions.flatMap((command): (readonly [string[], Verb, Command])[] =>
  'does' in command
    ? [[[command.name], command.does, command]]
    : Object.entries(command.verbs).map(
        ([name, verb]) => [[command.name, name], verb, command] as const,
      ),
);

/** As a shell divides a line, without its redirections, pipes and comments. */
function words(line: string): string[] {
  const divided = line.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? [];
  const end = divided.findIndex((word) => /^(?:[|<>#]|&&|;)/.test(word));
  return divided
    .slice(0, end < 0 ? undefined : end)
    .map((word) => word.replace(/^['"]|['"]$/g, ''));
}

/** Throws what a person would be told who types this line. */
function readLine(line: readonly string[]): void {
  const [, verb] =
    places.find(([at]) => at.every((word, index) => line[index] === word)) ??
    assert.fail(`no such command: ${line.join(' ')}`);
  const taken = places.find(([at]) => at.every((word, index) => line[index] === word))?.[0] ?? [];
  readArguments(verb, line.slice(taken.length), { environment: {}, now: 0 });
}

describe('definitions are whole', () => {
  test('a command is found under its own name', () => {
    assert.deepEqual(
      definitions.map(({ name }) => name),
      Object.keys(commands),
    );
  });

  for (const [at, verb] of places) {
    test(`poorter ${at.join(' ')}`, () => {
      const options = Object.keys(verb.options);
      const taken = Object.entries(verb.arguments ?? {});
      for (const [name] of taken) assert.ok(!options.includes(name), `${name} is both`);
      const optional = taken.map(([, { isOptional }]) => isOptional === true);
      assert.deepEqual(optional.toSorted(), optional, 'what is optional comes last');
      const known = [...options, ...taken.map(([name]) => name)];
      for (const [name, { excludes = [], needs = [] }] of Object.entries(verb.options)) {
        for (const other of [...excludes, ...needs]) {
          assert.ok(known.includes(other) && other !== name, `${name} speaks of ${other}`);
        }
      }
      const typed = options.map(optionName);
      for (const form of verb.forms ?? []) {
        for (const option of form.match(/--[a-z-]+/g) ?? [])
          assert.ok(typed.includes(option), form);
      }
      for (const { purpose } of [verb]) assert.match(purpose, /^[^\n]{5,90}[^.\n]$/);
    });
  }
});

test('whoever reads the log of a server elsewhere is told how, by every verb', async () => {
  const command = definitions.find(({ name }) => name === 'log');
  assert.ok(command !== undefined && 'verbs' in command);
  const verbs = Object.entries(command.verbs);
  assert.ok(verbs.length > 0);
  for (const { instead = {} } of definitions) {
    for (const sentence of Object.values(instead)) assert.doesNotMatch(sentence, /\.$/);
  }
  for (const [name, verb] of verbs) {
    assert.ok(!('url' in verb.options), name);
    const { instead } = command;
    assert.throws(
      () => readArguments(verb, ['--url', 'https://x'], { environment: {}, now: 0, instead }),
      /--url: .*--data.*GET \/v1\/log\/records/,
      name,
    );
  }
});

test('no option is passed over in silence: what would have no effect is refused, and says beside what it has', async () => {
  const file = join(import.meta.dirname, 'commands.ts');
  const table: readonly (readonly [line: readonly string[], says: RegExp])[] = [
    [['keys', 'list', '--data', 'd', '--url', 'https://poorter.example'], /either --url or --data/],
    [['log', 'tail', '--key', 'k'], /unknown option --key/],
    [['log', 'prove', '1', '--names'], /unknown option --names/],
    [['log', 'verify', '--names'], /unknown option --names/],
    [['log', 'verify', file, '--node', 'n'], /either --node or EXPORT\|PROOF/],
    [['log', 'verify', file, '--config', 'c'], /either --config or EXPORT\|PROOF/],
    [['log', 'verify', file, '--key', 'k', '--data', 'd'], /either --key or --data/],
    [['log', 'export', '--to', 'a.jsonl', '--ca', 'c.pem'], /--ca has no effect but with .*tls:/],
    [
      ['log', 'export', '--to', 'tcp://a:1', '--cursor', 'c', '--ca', 'c.pem'],
      /--ca has no effect/,
    ],
    [['log', 'export', '--to', 'a.jsonl', '--names'], /--names goes with --format ocsf or ecs/],
    // A file of that name was written where standard output was meant.
    [['log', 'export', '--to', '-'], /--to takes a file, .*; - is none/],
    [['accounts', 'import', 'a.csv', '--provider', 'a=https://b'], /--provider has no effect but/],
  ];
  for (const [line, says] of table) {
    const world = recordingWorld();
    assert.equal(await runCommand(line, world, commands), 2, line.join(' '));
    assert.match(world.told.err, says);
  }
});

test('an option that does not exist is told from all there are, and not by its dashes', async () => {
  const world = recordingWorld();
  assert.equal(await runCommand(['log', 'search', '--path', '/x'], world, commands), 2);
  assert.match(world.told.err, /unknown option --path; it takes --from, .*--operation/);
  const near = recordingWorld();
  assert.equal(await runCommand(['log', 'search', '--operatoin', 'x'], near, commands), 2);
  assert.match(near.told.err, /did you mean '--operation'/);
});

test('words that people type are written as words: none has a capital or a blank', () => {
  for (const [at] of places) for (const word of at) assert.match(word, /^[a-z]+(?:-[a-z]+)*$/);
});

test('what a definition gives as an example, and what a page shows, is what the parser takes', () => {
  const shown = definitions.flatMap((command) => command.examples ?? []);
  const ofVerbs = places.flatMap(([, verb]) => verb.examples ?? []);
  const lines = [...shown, ...ofVerbs].map(({ line }) => line);
  for (const file of [...globSync('docs/guides/*.md', { cwd: root }), 'README.md']) {
    const text = readFileSync(join(root, file), 'utf8').replaceAll('\\\n', ' ');
    for (const [, block = ''] of text.matchAll(/^```(?:sh)?\n(.*?)^```/gms)) {
      const found = block.match(/^(?:[A-Z_]+=\S+ )?(?:npx )?poorter .*$/gm) ?? [];
      lines.push(...found.map((line) => line.replace(/^(?:[A-Z_]+=\S+ )?(?:npx )?/, '')));
    }
  }
  assert.ok(lines.length > 50, `${lines.length} lines`);
  for (const line of lines) {
    const [, ...argv] = words(line);
    assert.doesNotThrow(() => readLine(argv), line);
  }
});

test('every command and every verb explains itself, in each way one may ask', async () => {
  for (const [at] of places) {
    for (const line of [
      [...at, '--help'],
      [...at, '-h'],
      [...at, '--no-such-option', '--help'],
      ['help', ...at],
      ['help', ...at, '--file', 'x'],
    ]) {
      const world = recordingWorld();
      assert.equal(await runCommand(line, world, commands), 0, line.join(' '));
      assert.equal(world.told.err, '');
      assert.ok(world.told.out.startsWith(`Usage: poorter ${at.join(' ')}`), line.join(' '));
    }
  }
  for (const name of Object.keys(commands)) {
    const world = recordingWorld();
    assert.equal(await runCommand(['help', name], world, commands), 0);
    assert.ok(world.told.out.startsWith(`Usage: poorter ${name}`));
  }
});

test('help is there at once: definitions load nothing that only handlers need', () => {
  const code = `
    import { registerHooks } from 'node:module';
    const seen = new Set();
    registerHooks({ load(url, context, next) { seen.add(url); return next(url, context); } });
    const { commands } = await import(${JSON.stringify(join(import.meta.dirname, 'commands.ts'))});
    const { loaded } = await import(${JSON.stringify(join(import.meta.dirname, 'definition/run-command.ts'))});
    await loaded(commands);
    console.log([...seen].join('\\n'));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      code,
    ],
    { encoding: 'utf8' },
  );
  const urls = stdout.trim().split('\n');
  assert.ok(
    urls.some((url) => url.endsWith('cli/commands/keys.ts')),
    stderr,
  );
  assert.deepEqual(
    urls.filter((url) => /node_modules|packages\/engine|\/supervisor\/|\/database\//.test(url)),
    [],
  );
});

test('a variable of ours that a command reads stands in its definition', () => {
  const declared = new Set(
    places.flatMap(([, verb, { environment = {} }]) => [
      ...Object.keys(environment),
      ...Object.values(verb.options).flatMap(({ variable }) => variable ?? []),
    ]),
  );
  const files = globSync('**/*.ts', { cwd: import.meta.dirname, exclude: ['**/*.test.ts'] });
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    for (const [name] of text.matchAll(/POORTER_[A-Z_]+/g))
      assert.ok(declared.has(name), `${file}: ${name}`);
  }
  assert.deepEqual([...declared].toSorted(), ['POORTER_DATA', 'POORTER_OPERATOR_KEY']);
});
