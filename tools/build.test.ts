import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { findRuntimeFaults } from '@poorter/openapi';
import { unusedPort } from '../scenarios/world/unused-port.fixture.ts';
import { LICENCES_FILE } from './bundle-server.ts';

const root = dirname(import.meta.dirname);

/** A program of somebody else: plain JavaScript that knows nothing of our source. */
const PROGRAM = `
import { createServer } from 'node:http';
import { protectBy } from '@poorter/middleware';
const guarded = protectBy({ description: ${JSON.stringify(join(root, 'examples/middleware/notes.openapi.yaml'))} });
const server = createServer((native, response) => void guarded(native, response, ({ end }) => end()));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const answer = await fetch('http://127.0.0.1:' + server.address().port + '/notes', { method: 'POST' });
console.log(answer.status, (await answer.json()).code);
server.close();
`;

/** A name that is missing ends an older Node before it has evaluated anything. */
const NAMES_OF_NODE_18 = new Set([
  ...[
    'Buffer',
    'isAscii',
    'isUtf8',
    'TLSSocket',
    'createHash',
    'createHmac',
    'createSecretKey',
    'KeyObject',
    'constants',
    'verify',
  ],
  ...['fileURLToPath', 'pathToFileURL', 'isDeepStrictEqual', 'isUint8Array', 'randomUUID'],
  ...['readFileSync'],
]);

function builtFiles(): [string, string][] {
  return ['openapi', 'engine', 'middleware'].flatMap((name) => {
    const dist = join(root, 'packages', name, 'dist');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    const scripts = files.filter((file) => file.endsWith('.js'));
    return scripts.map((file): [string, string] => [file, readFileSync(join(dist, file), 'utf8')]);
  });
}

const built = spawnSync(process.execPath, [join(root, 'tools/build.ts')], { encoding: 'utf8' });

/** Runs it beside the packages, with a Node, after this code. */
function run(program: string, { node = process.execPath, before = '' } = {}) {
  const preloaded =
    before === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  return spawnSync(node, [...preloaded, '--input-type=module', '-e', program], {
    cwd: join(root, 'packages/middleware'),
    // Not the options of this process: they lead to the source.
    env: { ...process.env, NODE_OPTIONS: '' },
    encoding: 'utf8',
  });
}

test('what is built works in a program that runs without our source', () => {
  assert.equal(built.status, 0, built.stdout + built.stderr);
  const { stdout, stderr } = run(PROGRAM);
  const misreads = findRuntimeFaults().find(({ mendedIn }) => mendedIn !== null);
  if (misreads === undefined) assert.equal(stdout.trim(), '401 credentials_required', stderr);
  else assert.match(stderr, new RegExp(`use Node ${misreads.mendedIn} or newer`));
});

test('a Node that is too old says what is needed, and not what it lacks', () => {
  // What this Node has, an older one has not: whoever asked for it before the check would say so.
  const asOld = (version: string) => `
    Object.defineProperty(process.versions, 'node', { value: '${version}' });
    delete Map.groupBy; delete Object.groupBy; delete Set.prototype.union; delete Promise.try;
    delete Uint8Array.fromBase64; delete Iterator.prototype.map; delete RegExp.escape;
    globalThis.RegExp = new Proxy(RegExp, {
      construct(target, [source, flags = '']) {
        if (flags.includes('v')) throw new SyntaxError('Invalid regular expression flags');
        return new target(source, flags);
      },
    });`;
  const ways = [
    PROGRAM,
    `import { Gate } from '@poorter/engine'; console.log(Gate);`,
    `import { readJson } from '@poorter/openapi/json'; console.log(readJson);`,
    `import { createRequire } from 'node:module';
     createRequire(process.cwd() + '/')('@poorter/middleware');`,
  ];
  const wants = (version: string) => `need Node 26.12.1 or newer, and this is Node ${version}`;
  for (const version of ['18.20.8', '20.20.2', '24.22.3', '25.9.0', 'unknown']) {
    for (const program of ways) {
      const { status, stderr } = run(program, { before: asOld(version) });
      assert.notEqual(status, 0);
      assert.ok(stderr.includes(wants(version)), stderr);
    }
  }
  for (const [file, text] of builtFiles()) {
    for (const [, names = ''] of text.matchAll(/import \{([^}]*)\} from 'node:/g)) {
      for (const name of names.split(',').map((one) => one.trim().split(' ')[0] as string)) {
        const how = `${file} imports ${name}: where Node 18 has it, name it in the test, else import * as …`;
        assert.ok(NAMES_OF_NODE_18.has(name), how);
      }
    }
  }
  // The one that npm runs with, where it is one.
  const node = process.env['npm_node_execpath'];
  if (node === undefined) return;
  const version = spawnSync(node, ['-p', 'process.versions.node'], {
    encoding: 'utf8',
  }).stdout.trim();
  if (Number.parseInt(version, 10) >= 26) return;
  assert.ok(run(PROGRAM, { node }).stderr.includes(wants(version)));
});

test('a handler does not read another amount than was checked: a runtime that misreads is refused', () => {
  const fixture = pathToFileURL(
    join(root, 'packages/openapi/src/json/faulty-parse.fixture.ts'),
  ).href;
  const before = `import { breakParse } from ${JSON.stringify(fixture)}; breakParse();`;
  const { status, stderr } = run(PROGRAM, { before });
  assert.notEqual(status, 0);
  assert.match(stderr, /JSON\.parse takes escaped member names .* use Node 26\.12\.1 or newer/);
  const around = PROGRAM.replace('protectBy({', 'protectBy({ readsAroundFaults: true,');
  assert.equal(run(around, { before }).stdout.trim(), '401 credentials_required');
});

test('one version is that of all packages, and of what they ask of each other', () => {
  const read = (file: string) =>
    JSON.parse(readFileSync(join(root, file), 'utf8')) as {
      version: string;
      dependencies?: Readonly<Record<string, string>>;
    };
  const { version } = read('package.json');
  for (const name of readdirSync(join(root, 'packages'))) {
    const given = read(`packages/${name}/package.json`);
    const ours = Object.entries(given.dependencies ?? {}).filter(([of]) => of.includes('poorter'));
    assert.equal(given.version, version, name);
    for (const [of, asked] of ours) assert.equal(asked, version, `${name} asks for ${of}`);
  }
});

test('the bill of materials names what is inside, and its licences lie beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-bill-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'bill.json');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/sbom.ts'), file], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { components } = JSON.parse(readFileSync(file, 'utf8')) as {
    components: readonly { name: string; version: string; properties: readonly object[] }[];
  };
  const names = new Set(components.map(({ name }) => name));
  // Of these the tests of the repository have use as well: npm takes them for tools of development.
  for (const name of [
    'oidc-provider',
    'undici',
    'jose',
    'zod',
    'ws',
    'yaml',
    'koa',
    'pg-protocol',
  ]) {
    assert.ok(names.has(name), name);
  }
  assert.ok(names.has('@node-rs/argon2'), 'what is installed beside it');
  for (const name of ['typescript', 'esbuild', 'fast-check', '@biomejs/biome', 'axe-core']) {
    assert.ok(!names.has(name), name);
  }
  assert.doesNotMatch(readFileSync(file, 'utf8'), /package:development/);
  const licences = readFileSync(join(root, 'packages/server/dist', LICENCES_FILE), 'utf8');
  const without = components.filter(
    ({ name, version }) =>
      !name.startsWith('@node-rs/') &&
      !name.startsWith('node-') &&
      !licences.includes(`${name} ${version}\n`),
  );
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test('what is packed installs in an empty place, and serves there without our source', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-installed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const packed = ['openapi', 'engine', 'middleware', 'server'].map((name) => {
    const given = ['pack', '--silent', '--pack-destination', folder];
    return join(folder, npm(given, join(root, 'packages', name)).trim());
  });
  const install = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  const [server = '', ...forPrograms] = packed.toReversed();
  // Alone: everything but machine code is inside.
  npm([...install, '--global', '--prefix', folder, server], folder);
  const theirs = join(folder, 'their-program');
  mkdirSync(theirs);
  npm([...install, '--prefix', theirs, ...forPrograms], theirs);
  const places = [join(folder, 'lib/node_modules/poorter'), join(theirs, 'node_modules/@poorter')];
  const ours = places.flatMap((place) =>
    readdirSync(place, { recursive: true, encoding: 'utf8' })
      .filter((file) => !file.includes('node_modules'))
      .map((file) => join(place, file)),
  );
  assert.deepEqual(
    ours.filter((file) => /(?<!\.d)\.ts$|\/src\/|\.test\.|fixture/.test(file)),
    [],
  );
  const poorter = join(folder, 'bin/poorter');
  const old = `Object.defineProperty(process.versions, 'node', { value: '22.1.0' })`;
  const refused = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(old)}`, poorter],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(refused.status, 1);
  assert.equal(refused.stderr, 'poorter needs Node 26.12.1 or newer, and this is Node 22.1.0\n');

  const service = createServer((_, response) => response.end('served'));
  await once(service.listen(0, '127.0.0.1'), 'listening');
  t.after(() => service.close());
  const flows = { clientCredentials: { tokenUrl: 'https://x.test/token', scopes: { read: '' } } };
  const answers = { responses: { 200: { description: 'ok' } } };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'T', version: '1' }, security: [] },
    paths: { '/things': { get: answers, post: { security: [{ oauth: ['read'] }], ...answers } } },
    components: { securitySchemes: { oauth: { type: 'oauth2', flows } } },
  };
  writeFileSync(join(folder, 'api.json'), JSON.stringify(document));
  const { port } = service.address() as AddressInfo;
  const login = await unusedPort();
  const origin = `http://localhost:${login}`;
  const configuration = {
    ...{ listen: [{ address: '127.0.0.1:0' }], control: { address: '127.0.0.1:0' } },
    apis: [{ spec: './api.json', upstream: `http://127.0.0.1:${port}` }],
    issuer: { origin, address: `127.0.0.1:${login}` },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'poorter.yaml'), JSON.stringify(configuration), { mode: 0o600 });
  const child = spawn(
    process.execPath,
    [poorter, 'serve', '--config', 'poorter.yaml', '--json', '--threads', '1'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  const { addresses } = JSON.parse(line) as { addresses: readonly string[] };
  const answer = await fetch(`http://${addresses[0]}/things`);
  assert.equal(await answer.text(), 'served');
  assert.equal((await fetch(`http://${addresses[0]}/other`)).status, 404);
  const metadata = await fetch(`${origin}/.well-known/openid-configuration`);
  assert.equal(((await metadata.json()) as { issuer: string }).issuer, origin);
  const page = await (await fetch(`${origin}/account/sign-in`)).text();
  for (const [, asset = ''] of page.matchAll(/(?:href|src)="(\/[^"]+\.(?:css|js|svg))"/g)) {
    assert.equal((await fetch(origin + asset)).status, 200, asset);
  }
  assert.match(page, /\.css"/);
  const key = spawnSync(process.execPath, [poorter, 'keys', 'create', '--name', 'shop'], {
    ...{ cwd: folder, encoding: 'utf8' },
  });
  assert.match(key.stdout, /^poorter_[0-9A-Za-z]{49}\n$/, key.stderr);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

function npm(argv: readonly string[], cwd: string): string {
  const script = process.env['npm_execpath'];
  const [program, ...first] =
    script === undefined ? ['npm'] : [process.env['npm_node_execpath'] ?? process.execPath, script];
  const { status, stdout, stderr } = spawnSync(program as string, [...first, ...argv], {
    ...{ cwd, encoding: 'utf8' },
    // Not the settings of the npm that runs the tests, such as its prefix.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)),
    ),
  });
  assert.equal(status, 0, `npm ${argv.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
