import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { findRuntimeFaults } from '@poorter/openapi';

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
  ],
  ...['fileURLToPath', 'pathToFileURL', 'isDeepStrictEqual', 'randomUUID', 'readFileSync'],
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
