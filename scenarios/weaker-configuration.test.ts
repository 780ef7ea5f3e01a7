import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type AdminCall, adminOf } from './world/admin.fixture.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { Told } from './world/notices.fixture.ts';
import {
  type Lifetime,
  type RunningPoorter,
  runPoorter,
  startPoorter,
} from './world/poorter.fixture.ts';
import { MAIN } from './world/program.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };

/** One operation that asks for a key, one that does not; `also` is served besides. */
function description(security: object[], also: Record<string, object> = {}): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Weaker', version: '1' },
    components: {
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
    },
    paths: {
      '/mine': { get: { security, responses: ok } },
      '/open': { get: { security: [], responses: ok } },
      ...also,
    },
  };
}

const ASKING = [{ key: [] }];
const another = { '/another': { get: { security: ASKING, responses: ok } } };

async function start(t: Lifetime, reload: 'apply' | 'ask', more: Record<string, unknown> = {}) {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: description(ASKING),
    upstream: upstream.url,
    configuration: { reload, ...more },
  });
  /** Where it is reached now: a control that is started again takes another free port. */
  const credentials = join(poorter.folder, 'data/operator-credential.json');
  const url = () => (JSON.parse(readFileSync(credentials, 'utf8')) as { url: string }).url;
  const admin: AdminCall = (...act) => adminOf({ ...poorter, controlUrl: url() })(...act);
  const world = {
    ...{ poorter, upstream },
    admin,
    status: async () => (await admin('GET', '/v1/status')).body,
    mine: async (key?: string) =>
      (await call(`${poorter.url}/mine`, { headers: key ? { 'x-api-key': key } : {} })).status,
    command: (...argv: string[]) => runPoorter([...argv, '--data', join(poorter.folder, 'data')]),
    metrics: async () => (await fetch(`${poorter.controlUrl}/metrics`)).text(),
    edit: (change: Record<string, unknown>) =>
      poorter.write('poorter.yaml', { ...parse(poorter.read('poorter.yaml')), ...change }),
    awaitWaiting: async (isNews: (digest: string) => boolean = () => true) => {
      let digest = '';
      await eventually('a configuration waits', async () => {
        digest = (await world.status()).configuration.waiting?.digest ?? '';
        return digest !== '' && isNews(digest);
      });
      return digest;
    },
    awaitState: (state: string) =>
      eventually(state, async () => (await world.status()).configuration.state === state),
  };
  return world;
}

const ofChange = ({ operation }: Record<string, unknown>) => operation === 'changeConfiguration';

test('an operation that loses its security is said loudly, in output, status, log and metrics', async (t) => {
  const { poorter, mine, status, command, metrics } = await start(t, 'apply');
  assert.equal(await mine(), 401);
  poorter.write('api.yaml', description([]));
  await eventually('it is open', async () => (await mine()) === 200);
  const { weakenings } = await poorter.awaitNotice('protection_weakened');
  assert.match(String(weakenings), /operation-opened: api GET \/mine/);
  const { configuration, attention } = await status();
  assert.equal(configuration.state, 'current');
  assert.equal(configuration.weakened.approvedBy, null);
  assert.deepEqual(configuration.weakened.weakenings[0].operation, {
    method: 'GET',
    path: '/mine',
  });
  assert.ok(configuration.weakened.files.some((file: string) => file.endsWith('/api.yaml')));
  assert.deepEqual(
    attention.map(({ code }: { code: string }) => code),
    ['protection_weakened'],
  );
  const said = await command('status');
  assert.equal(said.status, 1);
  assert.match(said.stdout, /operation-opened: api GET \/mine/);
  const text = await metrics();
  assert.match(text, /poorter_configuration_weakenings_total\{kind="operation-opened"\} 1/);
  assert.match(text, /poorter_configuration_waiting 0/);
  const [record] = await poorter.awaitRecords(1, ofChange);
  assert.equal(record?.['decision'], 'answered');
  const evidence = record?.['evidence'] as { change: string; weakenings: { kind: string }[] };
  assert.equal(evidence.change, 'weakened');
  await eventually('the security log tells of it', async () => {
    const found = await command('log', 'search', '--operation', 'changeConfiguration', '--json');
    return found.status === 0 && /"weakened".*operation-opened/s.test(found.stdout);
  });
  assert.deepEqual(
    evidence.weakenings.map(({ kind }) => kind),
    ['operation-opened'],
  );
});

test('what protects more, or as much, is not told, and goes live where somebody is to be asked', async (t) => {
  const { poorter, status } = await start(t, 'ask');
  poorter.write('api.yaml', description(ASKING, another));
  await eventually('it serves', async () => (await call(`${poorter.url}/another`)).status === 401);
  const { configuration, attention } = await status();
  assert.equal(configuration.state, 'current');
  assert.equal(configuration.weakened, null);
  assert.deepEqual(attention, []);
  assert.deepEqual(await poorter.awaitRecords(0, ofChange), []);
  assert.deepEqual(poorter.notices('protection_weakened'), []);
  assert.deepEqual(poorter.notices('configuration_held'), []);
});

test('what protects less waits for poorter apply, and for nothing less: not for SIGHUP, not for a restart', async (t) => {
  const { poorter, mine, status, command, metrics, awaitWaiting, awaitState } = await start(
    t,
    'ask',
  );
  poorter.write('api.yaml', description([]));
  const digest = await awaitWaiting();
  assert.equal(await mine(), 401);
  const told = await poorter.awaitNotice('configuration_held', (one) => one['digest'] === digest);
  assert.match(told.message, new RegExp(`operation-opened.*poorter apply ${digest}`, 's'));
  poorter.process.kill('SIGHUP');
  const looked = await command('apply');
  assert.equal(looked.status, 1);
  assert.match(looked.stdout, new RegExp(`operation-opened: api GET /mine.*apply ${digest}`, 's'));
  const said = await command('status');
  assert.equal(said.status, 1);
  assert.match(said.stdout, new RegExp(`HELD.*operation-opened.*poorter apply ${digest}`, 's'));
  assert.match(await metrics(), /poorter_configuration_waiting 1/);
  const ready = (await (await fetch(`${poorter.controlUrl}/health/ready`)).json()) as object;
  assert.match(JSON.stringify(ready), /"ready".*one that protects less waits/);
  const [held] = await poorter.awaitRecords(1, ofChange);
  assert.equal(held?.['decision'], 'refused');
  assert.equal(held?.['code'], 'configuration_waits');
  await eventually('the security log tells of it', async () => {
    const found = await command('log', 'search', '--code', 'configuration_waits');
    return /changeConfiguration/.test(found.stdout);
  });
  // Control alone is started again: what it knew is not lost, and it asks again.
  await killControl(poorter);
  await eventually('control answers', async () => (await status().catch(() => null)) !== null);
  assert.equal(await awaitWaiting(), digest);
  assert.equal(await mine(), 401);
  const applied = await command('apply', digest);
  assert.equal(applied.status, 0, applied.stderr);
  await eventually('it is open', async () => (await mine()) === 200);
  await awaitState('current');
  const { configuration, attention } = await status();
  assert.equal(configuration.digest, digest);
  assert.match(configuration.weakened.approvedBy, /^operator_/);
  // Somebody was asked: nobody needs to look.
  assert.deepEqual(attention, []);
  assert.equal((await command('apply', digest)).status, 0, 'asked twice, done once');
  assert.equal((await command('apply')).stdout, 'nothing waits\n');
  const acts = await poorter.awaitRecords(1, ({ operation }) => operation === 'applyConfiguration');
  assert.ok(acts.length >= 1);
  const records = await poorter.awaitRecords(3, ofChange);
  assert.equal(records.at(-1)?.['decision'], 'answered');
});

test('nobody becomes somebody else by a field that a new description lets through, before somebody was asked', async (t) => {
  const { poorter, upstream, command, awaitWaiting } = await start(t, 'ask');
  let calls = 0;
  const claimed = async () => {
    const trace = `call-${++calls};`;
    const headers = { 'x-user-id': 'root', 'x-trace': trace };
    assert.equal((await call(`${poorter.url}/open`, { headers })).status, 200);
    const heads = upstream.received().join('').split('\r\n\r\n');
    const sent = heads.find((head) => head.includes(trace)) ?? '';
    assert.match(sent, /^x-trace: /im);
    return /^x-user-id: root/im.test(sent);
  };
  const described = (...names: string[]) => {
    const parameters = names.map((name) => ({ name, in: 'header', schema: { type: 'string' } }));
    return description(ASKING, { '/open': { parameters, get: { security: [], responses: ok } } });
  };
  assert.equal(await claimed(), false);
  poorter.write('api.yaml', described('X-Trace', 'X-User-Id'));
  const digest = await awaitWaiting();
  const told = await poorter.awaitNotice('configuration_held', (one) => one['digest'] === digest);
  assert.match(told.message, /header-admitted: api GET \/open: .*: x-user-id\./);
  assert.equal(await claimed(), false);
  assert.equal((await command('apply', digest)).status, 0);
  await eventually('it is let through', claimed);
});

test('a second entry for another host, to the same service, does not let calls pass unvalidated', async (t) => {
  const { poorter, edit, awaitWaiting, awaitState, status } = await start(t, 'ask');
  const configuration = () => parse(poorter.read('poorter.yaml'));
  const [first] = configuration().apis;
  const b = async (path: string) =>
    (await call(`${poorter.url}${path}`, { headers: { host: 'b.example' } })).status;
  edit({ apis: [{ ...first, hosts: ['127.0.0.1'] }] });
  await eventually('no other host is answered', async () => (await b('/open')) === 404);
  const [alone] = configuration().apis;
  const second = { ...alone, name: 'second', hosts: ['b.example'] };
  edit({ apis: [alone, { ...second, mode: 'observe' }] });
  await awaitWaiting();
  const { weakenings } = (await status()).configuration.waiting;
  assert.deepEqual(
    [...new Set(weakenings.map(({ kind }: { kind: string }) => kind))],
    ['validation-loosened'],
    JSON.stringify(weakenings),
  );
  assert.equal(weakenings[0].api, 'second');
  assert.equal(await b('/open?x=1'), 404);
  // With the same protection it is no weakening.
  edit({ apis: [alone, second] });
  await eventually('it serves', async () => (await b('/open')) === 200);
  await awaitState('current');
  assert.notEqual(await b('/open?x=1'), 200);
});

test('files that changed after the look are not put in force by it', async (t) => {
  const { poorter, mine, admin, awaitWaiting } = await start(t, 'ask');
  poorter.write('api.yaml', description([{ key: [] }, {}]));
  const looked = await awaitWaiting();
  // Before anything has noticed: the act itself reads the files.
  poorter.write('api.yaml', description([], { '/new': { get: { security: [], responses: ok } } }));
  const refused = await admin('POST', '/v1/configuration/apply', { digest: looked });
  assert.equal(refused.status, 409, JSON.stringify(refused.body));
  assert.equal(refused.body.code, 'configuration_waits');
  assert.equal(await mine(), 401);
  const now = await awaitWaiting((digest) => digest !== looked);
  assert.equal((await admin('POST', '/v1/configuration/apply', { digest: looked })).status, 409);
  poorter.write('api.yaml', 'openapi: 3.1.0\npaths: [');
  const broken = await admin('POST', '/v1/configuration/apply', { digest: now });
  assert.equal(broken.status, 409, JSON.stringify(broken.body));
  assert.equal(broken.body.code, 'not_possible');
  assert.equal(await mine(), 401);
  // Taken back: nothing waits any more, and nothing was ever in force.
  poorter.write('api.yaml', description(ASKING));
  await eventually('nothing waits', async () => {
    const answer = await admin('POST', '/v1/configuration/apply', { digest: now });
    return answer.status === 409 && answer.body.reason === 'nothing waits';
  });
});

test('saying that nobody is to be asked any more is itself asked', async (t) => {
  const { edit, mine, poorter, awaitWaiting, status } = await start(t, 'ask');
  poorter.write('api.yaml', description([]));
  edit({ reload: 'apply' });
  await awaitWaiting();
  await eventually('both wait', async () => {
    const kinds = (await status()).configuration.waiting.weakenings.map(
      ({ kind }: { kind: string }) => kind,
    );
    return kinds.includes('reload-unasked') && kinds.includes('operation-opened');
  });
  assert.equal(await mine(), 401);
});

test('while something weaker waits, a revoked key is refused and a new one accepted', async (t) => {
  const { poorter, mine, awaitWaiting } = await start(t, 'ask');
  const key = await poorter.createKey('shop');
  assert.equal(await mine(key), 200);
  poorter.write('api.yaml', description([]));
  const digest = await awaitWaiting();
  poorter.write('keys.yaml', 'keys: []\n');
  await eventually('the key is refused', async () => (await mine(key)) === 401);
  await awaitWaiting((now) => now !== digest);
  assert.equal(await mine(), 401);
  const stall = await poorter.createKey('stall', { whileOthersWait: true });
  await eventually('the new key is accepted', async () => (await mine(stall)) === 200);
});

test('a start after a change that was never looked at serves nothing until it is applied', async (t) => {
  const { poorter } = await start(t, 'ask');
  assert.equal(await poorter.stop(), 0);
  poorter.write('api.yaml', description([]));
  const control = `127.0.0.1:${new URL(poorter.controlUrl).port}`;
  const listen = `127.0.0.1:${poorter.port}`;
  const again = serveAgain(t, poorter, ['--control', control, '--listen', listen]);
  const held = await again.awaitNotice('configuration_held');
  assert.equal(held['isServing'], false);
  assert.match(held.message, /nothing is served until it is applied.*poorter apply/s);
  await assert.rejects(call(`${poorter.url}/open`));
  const data = ['--data', join(poorter.folder, 'data')];
  const status = await runPoorter(['status', ...data]);
  assert.match(status.stdout, /operation-opened: api GET \/mine/);
  assert.equal((await fetch(`${poorter.controlUrl}/health/ready`)).status, 503);
  // A broken file does not end what somebody is looking at, and taking it back lifts the hold.
  poorter.write('api.yaml', 'openapi: 3.1.0\npaths: [');
  await again.awaitNotice('not_started');
  poorter.write('api.yaml', description(ASKING));
  await eventually('it serves again', async () => {
    return (await call(`${poorter.url}/mine`).catch(() => null))?.status === 401;
  });
});

for (const how of ['broken', 'gone'])
  test(`a record of what was in force that is ${how} counts as weaker, and is asked about`, async (t) => {
    const { poorter } = await start(t, 'ask');
    assert.equal(await poorter.stop(), 0);
    const record = join(poorter.folder, 'data/configuration-in-force.json');
    if (how === 'broken') writeFileSync(record, '{"digest"', { mode: 0o600 });
    else rmSync(record);
    const again = serveAgain(t, poorter, []);
    const held = await again.awaitNotice('configuration_held');
    assert.match(held.message, /before-unknown/);
    const data = ['--data', join(poorter.folder, 'data')];
    const { stdout } = await runPoorter(['apply', '--json', ...data]);
    const { digest } = (JSON.parse(stdout) as { waiting: { digest: string } }).waiting;
    // A busy machine takes longer to start a gateway than `apply` waits for it, which it then says.
    await eventually('it is in force', async () => {
      const applied = await runPoorter(['apply', digest, ...data]);
      if (applied.status !== 0) assert.match(applied.stderr, /no gateway has confirmed it yet/);
      return applied.status === 0;
    });
    // It was not called in force before somebody serves it.
    assert.equal(again.notices('started').length, 1, again.text);
  });

test('status says that a configuration was refused, and why, whatever was wrong with it', async (t) => {
  const { poorter, status, command, mine, edit, awaitState } = await start(t, 'apply', {
    listen: [{ address: '127.0.0.1:0' }],
  });
  const whole = { api: poorter.read('api.yaml'), configuration: poorter.read('poorter.yaml') };
  const keys = poorter.read('keys.yaml');
  const faults: readonly (readonly [string, () => void, RegExp])[] = [
    ['a broken document', () => poorter.write('api.yaml', `${whole.api}\n - : [`), /api\.yaml/],
    ['a broken configuration', () => edit({ colour: 'blue' }), /unknown key 'colour'/],
    ['no YAML', () => poorter.write('poorter.yaml', 'apis: ['), /poorter\.yaml.*not YAML/],
    ['a document that is gone', () => rmSync(join(poorter.folder, 'api.yaml')), /ENOENT/],
    ['a configuration that is gone', () => rmSync(join(poorter.folder, 'poorter.yaml')), /ENOENT/],
    ['a broken key file', () => poorter.write('keys.yaml', 'keys: [{ id: 1 }]'), /keys\.yaml/],
    ['a key file that is gone', () => rmSync(join(poorter.folder, 'keys.yaml')), /key file/],
    ['a secret that is not set', () => edit({ counters: 'env:NOBODY_SET_IT' }), /NOBODY_SET_IT/],
  ];
  for (const [what, breakIt, says] of faults) {
    breakIt();
    await awaitState('refused');
    const { attention, configuration } = await status();
    assert.equal(attention[0].code, 'configuration_refused', what);
    assert.match(attention[0].message, says, what);
    assert.match(JSON.stringify(configuration.refused), says, what);
    assert.equal(await mine(), 401, what);
    const said = await command('status');
    assert.equal(said.status, 1, what);
    assert.match(said.stdout, says, what);
    poorter.write('api.yaml', whole.api);
    poorter.write('poorter.yaml', whole.configuration);
    poorter.write('keys.yaml', keys);
    await awaitState('current');
    assert.deepEqual((await status()).attention, [], what);
  }
});

test('status answers that the configuration is refused also after control alone was started again', async (t) => {
  const { poorter, status, mine, awaitState } = await start(t, 'apply');
  poorter.write('poorter.yaml', 'apis: [');
  await awaitState('refused');
  await killControl(poorter);
  await eventually('it says so', async () => {
    return (await status().catch(() => null))?.configuration.state === 'refused';
  });
  assert.equal(await mine(), 401);
});

test('a change of the port in use elsewhere is refused by control, and status says so', async (t) => {
  const { poorter, edit, status, mine } = await start(t, 'apply');
  const other = await start(t, 'apply');
  const { digest } = (await status()).configuration;
  poorter.write('api.yaml', description([]));
  edit({ listen: [{ address: `127.0.0.1:${other.poorter.port}` }] });
  await eventually('status says so', async () => {
    const { attention } = await status();
    return attention[0]?.code === 'snapshot_not_applied' && /EADDRINUSE/.test(attention[0].message);
  });
  assert.equal((await call(`${poorter.url}/open`)).status, 200);
  // Not served, and so not in force: neither in what is told, nor in what is compared with next.
  assert.equal(await mine(), 401);
  assert.equal((await status()).configuration.digest, digest);
});

/** Its supervisor starts another. */
async function killControl(poorter: RunningPoorter): Promise<void> {
  const pid = poorter.children().control;
  process.kill(pid, 'SIGKILL');
  await poorter.awaitNotice('control_ended', ({ reason }) => reason === 'SIGKILL');
}

/** The same folder served once more; what it says. */
function serveAgain(t: Lifetime, poorter: RunningPoorter, argv: readonly string[]) {
  const config = ['--config', join(poorter.folder, 'poorter.yaml'), '--json'];
  const child = spawn(
    process.execPath,
    ['--conditions=source', MAIN, 'serve', ...config, ...argv],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return new Told(child);
}
