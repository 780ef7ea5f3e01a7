import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { loadConfiguration } from '../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { realWorld } from '../platform/world/index.ts';
import { compileSnapshot } from './compile/compile-snapshot.ts';
import type { CompiledConfiguration, CompileOrder } from './compile/compiler-messages.ts';
import { unpackRights } from './compile/packed-rights.ts';
import { type CompilerBounds, CompilerHost } from './compiler-host.ts';
import { packProtection, unpackProtection } from './protection/protection.ts';

const responses = { 200: { description: 'ok' } };

/** So many operations, each with a body of its own. */
function description(operations: number, title = 'Things') {
  const schema = (index: number) => ({
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', maxLength: index + 1 },
      [`of${index}`]: { type: 'integer' },
    },
  });
  const paths = Object.fromEntries(
    Array.from({ length: operations }, (_, index) => {
      const content = { 'application/json': { schema: schema(index) } };
      const security = [{ oauth: [`things:${index % 7}`] }];
      return [`/things${index}`, { post: { security, requestBody: { content }, responses } }];
    }),
  );
  const components = { securitySchemes: { oauth: { type: 'oauth2', flows: {} } } };
  return { openapi: '3.1.0', info: { title, version: '1' }, paths, components };
}

interface Place {
  readonly folder: string;
  readonly source: { readonly file: string; readonly values: Record<string, unknown> };
  readonly write: (description: object, more?: object) => void;
  readonly host: CompilerHost;
}

function place(
  t: TestContext,
  given: object,
  {
    world = realWorld as Pick<typeof realWorld, 'after'>,
    ...bounds
  }: Partial<CompilerBounds> & {
    readonly world?: Pick<typeof realWorld, 'after'>;
  } = {},
): Place {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-compiler-'));
  const host = new CompilerHost(world, bounds);
  t.after(async () => {
    await host.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'poorter.yaml');
  const write = (document: object, more: object = {}) => {
    writeFileSync(join(folder, 'api.yaml'), stringify(document), { mode: 0o600 });
    const apis = [
      { name: 'api', spec: './api.yaml', upstream: { targets: ['http://127.0.0.1:1'] } },
    ];
    const trust = { issuers: [{ issuer: 'https://login.example', audience: ['api'] }] };
    const written = { listen: [{ address: '127.0.0.1:8080' }], storage: './data', apis, trust };
    writeFileSync(file, stringify({ ...written, ...more }), { mode: 0o600 });
  };
  write(given);
  return { folder, source: { file, values: {} }, write, host };
}

function order({ folder }: Place, more: Partial<CompileOrder> = {}): CompileOrder {
  return {
    ...{ dataDirectory: folder, identityKeys: { current: {}, all: [] }, spool: null },
    ...{ trialKeys: null, issuerKeys: {}, before: null, digestKey: Buffer.alloc(32, 1) },
    gateSecret: '',
    ...more,
  };
}

async function compiled(
  at: Place,
  more: Partial<CompileOrder> = {},
): Promise<CompiledConfiguration> {
  await at.host.load(at.source);
  return at.host.compile(order(at, more));
}

const asBefore = ({ judgement }: CompiledConfiguration) => ({
  files: Object.fromEntries(judgement.files),
  protection: judgement.protection,
});

const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;

test('what the thread hands on is what compiling here gives, with everything that was read', async (t) => {
  const at = place(t, description(20));
  const one = await compiled(at);
  const here = compileSnapshot({
    configuration: loadConfiguration(at.source),
    ...{ configurationFile: at.source.file, baseDirectory: at.folder, dataDirectory: at.folder },
    ...{ version: 1, identityKeys: { current: {}, all: [] }, spool: null, trialKeys: null },
    world: realWorld,
    issuerKeys: () => null,
  });
  assert.deepEqual(one.snapshot, here.snapshot);
  assert.deepEqual(one.warnings, here.warnings);
  assert.deepEqual(one.files, here.files);
  assert.deepEqual(json(one.summary), JSON.parse(JSON.stringify(here.summary)));
  assert.deepEqual(unpackRights(one.rights)(), here.rights);
  assert.deepEqual(one.judgement.protection, packProtection(here.protection));
  assert.equal(one.operated.address.port, 9090);
});

test('a description that did not change is not compiled again, and comes out the same', async (t) => {
  const at = place(t, description(20));
  const first = await compiled(at);
  const again = await compiled(at, { before: asBefore(first) });
  // Another thread goes on with what the first one compiled.
  await at.host.end();
  const elsewhere = await compiled(at, { before: asBefore(first) });
  for (const { snapshot, judgement, warnings } of [again, elsewhere]) {
    const { version } = first.snapshot.gate;
    assert.deepEqual({ ...snapshot, gate: { ...snapshot.gate, version } }, first.snapshot);
    assert.deepEqual(judgement.protection, first.judgement.protection);
    assert.equal(judgement.digest, first.judgement.digest);
    assert.deepEqual(warnings, first.warnings);
    assert.deepEqual([judgement.count, judgement.changedFiles], [0, []]);
  }
  const [here, there] = [first, elsewhere].map(
    ({ snapshot }) => snapshot.gate.apis[0]?.packed.bytes as Uint8Array,
  );
  here?.fill(0);
  assert.deepEqual(there, here, 'it is the very same memory');
  await at.host.end();
  at.write(description(20, 'Another title'));
  const changed = await compiled(at, { before: asBefore(first) });
  assert.notEqual(changed.judgement.digest, first.judgement.digest);
  assert.deepEqual(changed.judgement.changedFiles, [join(at.folder, 'api.yaml')]);
});

test('what the digest speaks of is what was compiled, although the files change meanwhile', async (t) => {
  const at = place(t, description(200));
  const first = await compiled(at);
  const open = description(200);
  for (const { post } of Object.values(open.paths)) post.security = [];
  await at.host.load(at.source);
  const compiling = at.host.compile(order(at, { before: asBefore(first) }));
  at.write(open);
  const { snapshot, judgement } = await compiling;
  const isOpen = unpackProtection(judgement.protection).apis[0]?.operations.every(
    ({ security }) => security.length === 0,
  );
  // Whichever it has read, judged and compiled are one.
  const [packed] = snapshot.gate.apis.map((api) => api.packed.digest);
  const isFirst = packed === first.snapshot.gate.apis[0]?.packed.digest;
  assert.equal(isFirst, !isOpen);
  assert.equal(judgement.digest === first.judgement.digest, isFirst);
  assert.equal(judgement.count > 0, isOpen);
});

test('faults come out as compiling here tells them, with the files that were read', async (t) => {
  const at = place(t, { openapi: '3.1.0', info: { title: 'x' }, paths: { '/a': { get: 1 } } });
  const here = () =>
    compileSnapshot({
      configuration: loadConfiguration(at.source),
      ...{ configurationFile: at.source.file, baseDirectory: at.folder, dataDirectory: at.folder },
      ...{ version: 1, identityKeys: { current: {}, all: [] }, spool: null, trialKeys: null },
      world: realWorld,
      issuerKeys: () => null,
    });
  const told = async (work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      assert.ok(error instanceof RefusedConfiguration, String(error));
      return { diagnostics: error.diagnostics, files: error.files, message: error.message };
    }
    assert.fail('it is refused');
  };
  const refused = await told(() => compiled(at));
  assert.deepEqual(refused, await told(here));
  assert.ok(refused.diagnostics.every(({ file, line }) => file !== '' && line > 0));
  at.write(description(1), { unknownKey: true });
  assert.deepEqual(await told(() => at.host.load(at.source)), await told(here));
  // The thread goes on.
  at.write(description(1));
  assert.equal((await compiled(at)).snapshot.gate.apis.length, 1);
});

test('nobody who asks control waits for a compile: it goes on in another thread', async (t) => {
  const at = place(t, description(300));
  await at.host.load(at.source);
  let isCompiling = true;
  const compiling = at.host.compile(order(at)).finally(() => {
    isCompiling = false;
  });
  let turns = 0;
  while (isCompiling) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await compiling;
  // On this loop, it would have been one long turn.
  assert.ok(turns > 100, `${turns} turns`);
});

test('a compile that takes too long is given up, and the next one is done', async (t) => {
  const world = new FakeWorld();
  const at = place(t, description(300), { world, maxMs: 60_000 });
  await at.host.load(at.source);
  const late = at.host.compile(order(at));
  world.advance(60_000);
  await assert.rejects(late, /took longer than 60 s and was given up/);
  assert.equal((await compiled(at)).snapshot.gate.apis.length, 1);
});

test('a compile that takes more memory than it may is given up, and control goes on', async (t) => {
  const at = place(t, description(3_000), { heapMbMax: 40 });
  await assert.rejects(compiled(at), /takes more than 40 MB of memory and was given up/);
  at.write(description(1));
  assert.equal((await compiled(at)).snapshot.gate.apis.length, 1);
});

test('whoever stops control does not wait for a compile', async (t) => {
  const at = place(t, description(300));
  await at.host.load(at.source);
  const compiling = assert.rejects(at.host.compile(order(at)), /told to end/);
  await at.host.end();
  await compiling;
});

test('a thread that ended for want of work between the two steps is started again', async (t) => {
  const world = new FakeWorld();
  const at = place(t, description(2), { world });
  await at.host.load(at.source);
  world.advance(60_000);
  const one = await at.host.compile(order(at));
  assert.equal(one.snapshot.gate.apis.length, 1);
  assert.equal(readFileSync(join(at.folder, 'snapshot-version'), 'utf8'), '1');
});
