import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatKey } from '@poorter/engine';
import fc from 'fast-check';
import { commands } from '../commands.ts';
import {
  type Command,
  defineCommand,
  defineVerb,
  optionName,
  type Verb,
} from './define-command.ts';
import { type CommandList, loaded, runCommand } from './run-command.ts';
import { UsageError } from './usage-error.ts';
import { recordingWorld } from './world.fixture.ts';

const KEY = formatKey(new Uint8Array(32).fill(7));
const PASSWORD = 'hunter2-and-more';
const SECRETS = [KEY, `postgres://gate:${PASSWORD}@db/state`, `https://a:${PASSWORD}@host:1`];
SECRETS.push(`eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(43)}`, 'c0ffee'.repeat(11));

const real = await loaded(commands);

/** The definitions as they are, with handlers that only note what they were given. */
const noted: { line: readonly string[]; given: Readonly<Record<string, unknown>> }[] = [];

function noting(verb: Verb, line: readonly string[]): Verb {
  return {
    ...verb,
    async run(given) {
      noted.push({ line, given });
      return 0;
    },
  };
}

const stubs: CommandList = Object.fromEntries(
  real.map((command): [string, () => Promise<Command>] => [
    command.name,
    async () =>
      'does' in command
        ? { ...command, does: noting(command.does, [command.name]) }
        : {
            ...command,
            verbs: Object.fromEntries(
              Object.entries(command.verbs).map(([name, verb]) => [
                name,
                noting(verb, [command.name, name]),
              ]),
            ),
          },
  ]),
);

function verbAt([name, verb]: readonly string[]): Verb {
  const command = real.find((one) => one.name === name);
  assert.ok(command !== undefined);
  const found = 'does' in command ? command.does : command.verbs[verb ?? ''];
  assert.ok(found !== undefined);
  return found;
}

const verbNames = real.flatMap((one) => ('verbs' in one ? Object.keys(one.verbs) : []));
const optionNames = real.flatMap((one) =>
  ('does' in one ? [one.does] : Object.values(one.verbs)).flatMap(({ options }) =>
    Object.keys(options).map(optionName),
  ),
);

const value = fc.oneof(
  fc.constantFrom('address', 'active', '12h', '2099-01-31', 'never', '60/minute', '3', 'a,b', ''),
  fc.constantFrom(...SECRETS, '__proto__', 'constructor', '-', '-1', '\u0000', '\u001b[2J', '🔑'),
  fc.string({ maxLength: 12 }),
);
const word = fc.oneof(
  fc.constantFrom(...optionNames),
  fc.tuple(fc.constantFrom(...optionNames), value).map(([name, text]) => `${name}=${text}`),
  value,
  fc.constantFrom('--', '-x', '-hx', '--no-json', '--__proto__', '--constructor=1', '--dat', '---'),
  value.map((text) => `--${text}`),
);
const line = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.keys(commands)) }, word),
    fc.option(fc.constantFrom(...verbNames)),
    fc.array(word, { maxLength: 6 }),
  )
  .map(([command, verb, rest]) => [command, ...(verb === null ? [] : [verb]), ...rest]);

test('no line throws, runs on an unknown option, ends well without having been run, or shows a secret', async () => {
  await fc.assert(
    fc.asyncProperty(line, async (words) => {
      noted.length = 0;
      const world = recordingWorld();
      const status = await runCommand(words, world, stubs);
      const said = world.told.out + world.told.err;
      for (const secret of [...SECRETS, PASSWORD]) assert.ok(!said.includes(secret), said);
      const [run] = noted;
      if (run === undefined) {
        const end = words.indexOf('--');
        const before = end < 0 ? words : words.slice(0, end);
        const wasAsked = before.some((one) => one === '--help' || one === '-h');
        assert.equal(status, wasAsked && world.told.err === '' ? 0 : 2, said);
        assert.notEqual(said, '');
        return;
      }
      assert.equal(status, 0);
      assert.deepEqual([world.told.out, world.told.err], ['', '']);
      // Of what help is asked about, names alone count.
      if (run.line[0] === 'help') return;
      const { options, arguments: taken = {} } = verbAt(run.line);
      const known = Object.keys(options).map(optionName);
      const rest = words.slice(run.line.length);
      const end = rest.indexOf('--');
      const taking = Object.entries(options).flatMap(([name, { value: taken }]) =>
        taken === undefined ? [] : [optionName(name)],
      );
      for (const [at, one] of (end < 0 ? rest : rest.slice(0, end)).entries()) {
        if (!one.startsWith('-') || one === '-') continue;
        // One dash, where a value stands.
        if (!one.startsWith('--') && taking.includes(rest[at - 1] ?? '')) continue;
        assert.ok(known.includes(one.split('=')[0] ?? ''), `${words.join(' ')} ran`);
      }
      for (const name of Object.keys(run.given)) {
        assert.ok(Object.hasOwn(options, name) || Object.hasOwn(taken, name), name);
      }
    }),
    { numRuns: 3000 },
  );
});

test('what only speaks to a server that is not there ends with a sentence, and shows no secret', async () => {
  const names = ['keys', 'blocks', 'gateways', 'operators', 'subjects', 'status', 'apply'];
  const spoken = line.filter(
    ([name = '', ...rest]) =>
      names.includes(name) && !rest.some((one) => /^--(file|url)/.test(one)),
  );
  await fc.assert(
    fc.asyncProperty(spoken, async (words) => {
      const world = recordingWorld({ environment: { POORTER_DATA: '/nonexistent/poorter' } });
      const status = await runCommand(words, world, commands);
      const said = world.told.out + world.told.err;
      for (const secret of [...SECRETS, PASSWORD]) assert.ok(!said.includes(secret), said);
      assert.ok([0, 1, 2].includes(status));
      if (status === 0) assert.match(world.told.out, /^Usage: poorter/);
      else assert.match(world.told.err, /^poorter [a-z]+: .+\n/);
    }),
    { numRuns: 300 },
  );
});

test('a credential that stands where a directory belongs is told by its beginning', async () => {
  for (const secret of SECRETS) {
    for (const data of [secret, `/srv/${secret}`, `./${secret}/data`]) {
      const world = recordingWorld();
      assert.notEqual(await runCommand(['keys', 'list', `--data=${data}`], world, commands), 0);
      const said = world.told.out + world.told.err;
      for (const one of [secret, PASSWORD]) assert.ok(!said.includes(one), said);
    }
  }
  const world = recordingWorld();
  await runCommand(['keys', 'list', '--data=/nonexistent/poorter-data'], world, commands);
  assert.match(world.told.err, /\/nonexistent\/poorter-data\/operator-credential\.json/);
});

const verb = defineVerb({
  purpose: 'tries everything',
  arguments: {
    kind: { value: 'KIND', oneOf: ['one', 'two'], says: 'which' },
    leak: { value: 'LEAK', isOptional: true, takesKey: true, says: 'a key' },
  },
  options: {
    count: { value: 'N', default: '3', read: (text) => Number(text), says: 'how many' },
    data: { value: 'DIR', path: 'directory', variable: 'HOME_OF_IT', says: 'where' },
    many: { value: 'X', isRepeatable: true, says: 'all of them' },
    tags: { value: 'A,B', isList: true, oneOf: ['a', 'b'], says: 'some' },
    masterKey: { value: 'TEXT', needs: ['count'], says: 'which' },
    json: { says: 'as JSON', excludes: ['leak'] },
  },
  async run(given, { stdout }) {
    // What the definition says is what the compiler knows: none of these needs a cast.
    const { kind, leak, count, data, many, tags, masterKey, json } = given;
    const typed: readonly ['one' | 'two', string | undefined, number, string | undefined] = [
      kind,
      leak,
      count,
      data,
    ];
    const more: readonly [readonly string[], readonly ('a' | 'b')[] | undefined, boolean] = [
      many,
      tags,
      json,
    ];
    stdout.write(JSON.stringify([...typed, ...more, masterKey]));
    return 0;
  },
});

const list: CommandList = {
  try: async () =>
    defineCommand({
      ...{ name: 'try', purpose: 'tries', verbs: { it: verb } },
      instead: { farAway: 'it works here alone; go there' },
    }),
};

async function tried(argv: readonly string[], environment = {}) {
  const world = recordingWorld({ environment });
  const status = await runCommand(['try', 'it', ...argv], world, list);
  return { status, ...world.told };
}

test('a handler receives what its definition says', async () => {
  const few = await tried(['one'], { HOME_OF_IT: '/home' });
  assert.deepEqual(JSON.parse(few.out), ['one', null, 3, '/home', [], null, false, null]);
  const argv = ['--count=5', 'two', '--data', 'd', '--many=x', '--many', 'y', '--tags', 'a, b,a'];
  const all = await tried([...argv, '--master-key=-', '--json', '--json'], { HOME_OF_IT: '/home' });
  assert.deepEqual(JSON.parse(all.out), ['two', null, 5, 'd', ['x', 'y'], ['a', 'b'], true, '-']);
  const key = await tried(['one', '--', KEY]);
  assert.equal(JSON.parse(key.out)[1], KEY, 'where a key may stand, it may');
});

test('a pseudonym copied from the log is found whatever character it begins with', async () => {
  for (const value of ['-', '-x', '-Qx81', '-yQx81aaaaaaaaaaaaaaa_', '--Qx81aaaaaaaaaaaaaa-_']) {
    const { status, out, err } = await tried(['one', '--data', value]);
    assert.deepEqual([status, err], [0, ''], value);
    assert.ok(JSON.parse(out).includes(value), value);
  }
  for (const value of ['--', '--tags', '--Qx81', `--${'a'.repeat(21)}`]) {
    assert.equal((await tried(['one', '--data', value])).status, 2, value);
  }
});

test('a name drawn by chance stands where a name is asked for, whatever character it begins with', async () => {
  for (const value of [
    '-h7eD0lq-Z_u3kVx',
    '--no-h7eD0lqZ_u3',
    '-yQx81aaaaaaaaaaaaaaa_',
    '---h7eD0lqZ_u3kV',
  ]) {
    for (const argv of [
      ['one', value],
      [value, 'one'],
      ['one', value, '--count', '5'],
    ]) {
      const { status, out, err } = await tried(argv);
      if (argv[0] === value) assert.match(err, /KIND is one of one, two/);
      else assert.deepEqual([status, err, JSON.parse(out || '[]')[1]], [0, '', value]);
    }
  }
  for (const value of ['-h7eD0lq', '--no-such-option-is-known', '--h7eD0lqZ_u3kVx=5']) {
    const { status, err } = await tried(['one', value]);
    assert.equal(status, 2);
    assert.match(err, /unknown option/);
  }
});

test('a line that is wrong exits 2, and says what was expected', async () => {
  for (const [argv, says] of [
    [[], /KIND is missing/],
    [[''], /KIND is missing/],
    [['on'], /KIND is one of one, two; did you mean 'one'\?/],
    [['one', KEY, 'three'], /unexpected argument: three/],
    [['one', '--cuont', '5'], /unknown option --cuont; did you mean '--count'\?/],
    [['one', '--wish'], /unknown option --wish; it takes --count, --data, /],
    [['one', '--far-away', 'x'], /try: --far-away: it works here alone; go there$/m],
    [['one', '--far-away=x'], /--far-away: it works here alone; go there$/m],
    [['one', '-j'], /unknown option -j/],
    [['one', '--no-json'], /unknown option --no-json/],
    [['one', '--count'], /--count takes N, and nothing follows it/],
    [
      ['one', '--count', '--json'],
      /--count takes N, and another option follows it; .* --count=--…/,
    ],
    [['one', '--json=yes'], /--json takes no value/],
    // The last one used to win in silence: one of two networks, of two reasons.
    [['one', '--count', '1', '--count', '2'], /--count is given more than once/],
    [['one', '--tags', 'a,c'], /--tags is one of a, b/],
    [['one', '--data='], /--data names nothing/],
    [['one', '--master-key', 'x'], /--master-key needs --count/],
    [['one', KEY, '--json'], /give either --json or LEAK, not both/],
    [['one', `--data=${KEY}`], /an argument holds a key/],
  ] as const) {
    const { status, out, err } = await tried(argv);
    assert.deepEqual([status, out], [2, ''], argv.join(' '));
    assert.match(err, says);
    assert.match(err, /^poorter try: [^\n]+\n\nUsage: poorter try it KIND \[LEAK\] \[options\]\n/);
    assert.ok(!err.includes(KEY));
  }
  const { err } = await tried(['one'], { HOME_OF_IT: '' });
  assert.match(err, /HOME_OF_IT names nothing/);
});

test('what keeps a command from being done is told in one way, and in its own words where it has some', async () => {
  const failing = (more: Partial<Command>): CommandList => ({
    fail: async () => ({
      ...defineCommand({
        name: 'fail',
        purpose: 'fails',
        options: {},
        async run() {
          throw new Error('the disk is full');
        },
      }),
      ...more,
    }),
  });
  for (const [more, status, words] of [
    [{}, 1, 'poorter fail: the disk is full\n'],
    [{ failureStatus: 2 }, 2, 'poorter fail: the disk is full\n'],
    [
      { inWords: ({ message }: Error) => `not started: ${message}\n` },
      1,
      'not started: the disk is full\n',
    ],
  ] as const) {
    const world = recordingWorld();
    assert.equal(await runCommand(['fail'], world, failing(more)), status);
    assert.deepEqual(world.told, { out: '', err: words });
  }
  assert.ok(new UsageError('x') instanceof Error);
});
