import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { makeAuthority } from './world/certificates.fixture.ts';
import { LINK_FILES, linkFiles } from './world/gateways.fixture.ts';
import { MAIN } from './world/program.fixture.ts';
import { things } from './world/things.fixture.ts';

const authority = makeAuthority({ after });

const usual = {
  listen: [{ address: '127.0.0.1:0' }],
  control: { address: '127.0.0.1:0' },
  apis: [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }],
};

/** A home, a temporary folder and a working folder of its own. */
function worldOf(configuration: object, description: object = things) {
  const root = mkdtempSync(join(tmpdir(), 'poorter-check-test-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['home', 'tmp', 'work']) mkdirSync(join(root, name));
  const write = (name: string, text: string, mode = 0o600) =>
    writeFileSync(join(root, 'work', name), text, { mode });
  write('poorter.yaml', stringify(configuration));
  write('api.yaml', stringify(description));
  return { root, work: join(root, 'work'), write };
}

function start(root: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN, 'check', ...argv],
    {
      cwd: join(root, 'work'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: undefined,
        HOME: join(root, 'home'),
        TMPDIR: join(root, 'tmp'),
        ...env,
      },
    },
  );
}

async function check(
  root: string,
  argv: readonly string[] = ['--config', 'poorter.yaml'],
  env = {},
) {
  const child = start(root, argv, env);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => {
      said += text;
    });
  const [status] = (await once(child, 'close')) as [number];
  return { status, said };
}

/** Every path below, with what would change when somebody wrote there. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { mode, size, mtimeMs } = lstatSync(join(folder, name));
      return `${name} ${mode} ${size} ${mtimeMs}`;
    })
    .toSorted();
}

const issuer = { issuer: 'https://login.example', audience: 'api' };
const linked = { address: '127.0.0.1:0', ...LINK_FILES, gateways: ['gw'] };

interface Unread {
  readonly what: string;
  readonly configuration: object;
  readonly says: RegExp;
  readonly files?: Readonly<Record<string, string | { text: string; mode: number }>>;
  readonly argv?: readonly string[];
}

const unread: readonly Unread[] = [
  {
    what: 'the key set of an issuer, which is not there',
    configuration: { ...usual, trust: { issuers: [{ ...issuer, jwks: 'file:./jwks.json' }] } },
    says: /reading the key set file:\.\/jwks\.json: ENOENT/,
  },
  {
    what: 'the key set of an issuer, which is none',
    configuration: { ...usual, trust: { issuers: [{ ...issuer, jwks: 'file:./jwks.json' }] } },
    files: { 'jwks.json': '{"keys": 1}' },
    says: /reading the key set file:\.\/jwks\.json: it is not a JSON Web Key Set/,
  },
  {
    what: 'a database address in a variable that is not set',
    configuration: { ...usual, storage: 'env:NO_SUCH_DATABASE' },
    says: /storage: env:NO_SUCH_DATABASE is not set/,
  },
  {
    what: 'a database address in a file that is not there',
    configuration: { ...usual, storage: 'file:./database' },
    says: /storage: file:\.\/database cannot be read: ENOENT/,
  },
  {
    what: 'a master key that is not there',
    configuration: { ...usual, masterKey: 'file:./master.key' },
    says: /reading the master key in .*master\.key: there is no such file/,
  },
  {
    what: 'a master key that others may read',
    configuration: { ...usual, masterKey: 'file:./master.key' },
    files: { 'master.key': { text: '0'.repeat(64), mode: 0o644 } },
    says: /others may read the master key/,
  },
  {
    what: 'a master key in a variable that is not set',
    configuration: { ...usual, masterKey: 'env:NO_SUCH_KEY' },
    says: /reading the master key: env:NO_SUCH_KEY is not set/,
  },
  {
    what: 'the token of a vault that is not set',
    configuration: {
      ...usual,
      masterKey: 'vault:https://vault.example/transit/keys/poorter?token=env:NO_SUCH_TOKEN',
    },
    says: /needs a token: env:NO_SUCH_TOKEN is not set/,
  },
  {
    what: 'an authority of the link that is no certificate',
    configuration: { ...usual, link: { ...linked, authorities: ['./api.yaml'] } },
    files: linkFiles(authority, 'control'),
    says: /the authority of the link \.\/api\.yaml does not serve/,
  },
  {
    what: 'the credentials of a machine that only runs a gateway',
    configuration: { link: { control: 'localhost:9', ...LINK_FILES } },
    argv: ['--role', 'gateway', '--config', 'poorter.yaml'],
    says: /reading the certificate \.\/link\.pem: ENOENT/,
  },
  {
    what: 'the key file, which is not there',
    configuration: { ...usual, keys: './gone.yaml' },
    says: /reading the key file .*ENOENT/,
  },
];

describe('poorter check reads what serve reads', { concurrency: 2 }, () => {
  for (const { what, configuration, files = {}, argv, says } of unread) {
    test(what, async () => {
      const { root, write } = worldOf(configuration);
      for (const [name, file] of Object.entries(files)) {
        if (typeof file === 'string') write(name, file);
        else write(name, file.text, file.mode);
      }
      const before = treeOf(root);
      const { status, said } = await check(root, argv);
      assert.equal(status, 1, said);
      assert.match(said, says);
      assert.match(said, /poorter\.yaml:\d+:\d+: error: /);
      assert.doesNotMatch(said, /\n\s+at /);
      assert.deepEqual(treeOf(root), before);
    });
  }

  test('a data directory that others may write', async () => {
    const { root, work } = worldOf(usual);
    mkdirSync(join(work, 'poorter-data'));
    chmodSync(join(work, 'poorter-data'), 0o777);
    const { status, said } = await check(root);
    assert.equal(status, 1, said);
    assert.match(said, /poorter-data may be written by others \(mode 777\)/);
  });

  test('and the configuration of a gateway alone, when it is whole', async () => {
    const { root, write } = worldOf({ link: { control: 'localhost:9', ...LINK_FILES } });
    for (const [name, text] of Object.entries(linkFiles(authority, 'gw'))) write(name, text);
    const { status, said } = await check(root, ['--role', 'gateway', '--config', 'poorter.yaml']);
    assert.equal(status, 0, said);
  });
});

test('a check leaves nothing on disk, whether it passes, fails, or is killed at any moment', async () => {
  const paths = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, index) => [
      `/things/${index}`,
      { get: { responses: { 200: { description: 'ok' } } } },
    ]),
  );
  const good = worldOf(usual, { ...things, paths });
  const bad = worldOf({ ...usual, storage: 'file:./gone', colour: 'blue' });
  for (const [{ root }, expected] of [
    [good, 0],
    [bad, 1],
  ] as const) {
    const before = treeOf(root);
    for (const argv of [
      ['--config', 'poorter.yaml'],
      ['api.yaml'],
      ['--config', 'poorter.yaml', '--json'],
    ]) {
      const { status, said } = await check(root, argv);
      if (argv[0] === '--config') assert.equal(status, expected, said);
      assert.deepEqual(treeOf(root), before, argv.join(' '));
    }
  }
  const before = treeOf(good.root);
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    for (const afterMs of [150, 350, 550, 750]) {
      const child = start(good.root, ['--config', 'poorter.yaml']);
      const gone = once(child, 'exit');
      await sleep(afterMs);
      child.kill(signal);
      await gone;
      assert.deepEqual(treeOf(good.root), before, `${signal} after ${afterMs} ms`);
    }
  }
});

test('a check that cannot list everything says how much more there is, and counts it', async () => {
  const broken = (index: number) => ({
    get: { responses: { 200: { $ref: `#/components/responses/Gone${index}` } } },
  });
  const paths = Object.fromEntries(
    Array.from({ length: 700 }, (_, index) => [`/things/${index}`, broken(index)]),
  );
  const { root } = worldOf(usual, { ...things, paths });
  const { status, said } = await check(root);
  assert.equal(status, 1);
  const listed = said.match(/components\/responses\/Gone/g)?.length ?? 0;
  const more = Number(/: error: (\d+) more errors are not listed/.exec(said)?.[1]);
  assert.equal(listed + more, 700, said.slice(-400));
  assert.match(said, /^700 errors, /m);

  // Sixty paths that some request fits both of, in pairs.
  const overlapping = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      [`/a${index}/{x}/c`, 'x'],
      [`/a${index}/b/{y}`, 'y'],
    ])
      .flat()
      .map(([path = '', name = '']) => [
        path,
        {
          parameters: [{ name, in: 'path', required: true, schema: { type: 'string' } }],
          get: { responses: { 200: { description: 'ok' } } },
        },
      ]),
  );
  const warned = await check(worldOf(usual, { ...things, paths: overlapping }).root);
  assert.equal(warned.status, 0, warned.said);
  const pairs = warned.said.match(/some requests fit both/g)?.length ?? 0;
  assert.equal(pairs + Number(/: (\d+) more pairs of paths overlap/.exec(warned.said)?.[1]), 60);
});
