import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkClient } from '../packages/server/src/platform/link/index.ts';
import { programVersion } from '../packages/server/src/platform/program/index.ts';
import { realWorld } from '../packages/server/src/platform/world/index.ts';
import { adminOf } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { type Authority, makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles } from './world/gateways.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

type Test = Parameters<typeof startPoorter>[0];
type Message = { readonly type: string } & Readonly<Record<string, unknown>>;

async function startControl(t: Test) {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a'] },
    },
  });
  const admin = adminOf(control);
  return { admin, connect: (hello: object) => connectAs(t, authority, port, hello) };
}

/** A gateway of another version, as far as control can see. */
function connectAs(t: Test, authority: Authority, port: number, hello: object) {
  const files = linkFiles(authority, 'gw_a');
  const heard: Message[] = [];
  const ends: string[] = [];
  const link = new LinkClient({
    world: realWorld,
    address: `localhost:${port}`,
    credentials: () => ({
      certificate: files['link.pem'] as string,
      key: files['link.key'] as string,
      authorities: [authority.certificate],
    }),
    on: {
      open: () => link.send(hello),
      message: (message) => heard.push(message as Message),
      close: (why) => ends.push(why),
    },
  });
  t.after(() => link.close());
  const of = (type: string) => heard.filter((message) => message.type === type);
  return { link, heard, ends, of };
}

const hello = {
  ...{ type: 'hello', protocol: 1, oldest: 1, version: programVersion() },
  instance: 'a'.repeat(32),
};
const sequenceOf = (live: Message | undefined) =>
  (live as unknown as { state: { sequence: number } }).state.sequence;

test('messages that control does not know are passed over, and cut nothing', async (t) => {
  const { admin, connect } = await startControl(t);
  const gateway = connect({ ...hello, protocol: 3, somethingNew: true });
  await eventually(
    'it hears',
    () => gateway.of('live').length === 1 && gateway.of('snapshot').length === 1,
  );
  for (const message of [
    { type: 'weather', is: 'fine' },
    { type: 'drained' },
    { type: 'live-applied', sequence: 'all of it' },
    { type: 'metrics', metrics: 5 },
    {},
  ]) {
    gateway.link.send(message);
  }
  const sequence = sequenceOf(gateway.of('live')[0]);
  gateway.link.send({ type: 'live-applied', sequence, andMore: 1 });
  gateway.link.send({ type: 'renew', at: 5, andMore: 1 });
  await eventually('it is answered', () => gateway.of('renewed').length >= 1);
  assert.deepEqual(gateway.of('renewed')[0], { type: 'renewed', at: 5 });
  assert.deepEqual(gateway.ends, []);
  const { items } = (await admin('GET', '/v1/gateways')).body;
  assert.deepEqual(
    items.map(({ isConnected, live, passedOver }: never) => [isConnected, live, passedOver]),
    [[true, sequence, 5]],
  );
});

test('a gateway that does not know a restriction is not counted, and is promised no time', async (t) => {
  const { admin, connect } = await startControl(t);
  const wish = { kind: 'address', value: '192.0.2.1', reason: 'x' };
  const before = await admin('POST', '/v1/blocks', wish);
  assert.equal(before.status, 201);
  const gateway = connect(hello);
  await eventually('it hears', () => gateway.of('live').length >= 1);
  const sequence = sequenceOf(gateway.of('live')[0]);
  gateway.link.send({ type: 'not-understood', what: ['block block_1'] });
  gateway.link.send({ type: 'live-applied', sequence: sequence - 1 });
  gateway.link.send({ type: 'renew', at: 1 });
  const answer = await admin('POST', '/v1/blocks', { ...wish, value: '192.0.2.2' });
  assert.equal(answer.status, 504, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.gateways, ['gw_a']);
  assert.deepEqual(gateway.of('renewed'), []);
  const { attention } = (await admin('GET', '/v1/status')).body;
  assert.ok(
    attention.some(({ code }: { code: string }) => code === 'gateway_too_old'),
    JSON.stringify(attention),
  );
});

test('a gateway of another version hears of keys and blocks, and keeps the snapshot it has', async (t) => {
  const { admin, connect } = await startControl(t);
  const gateway = connect({ ...hello, version: '0.0.1' });
  await eventually('it hears', () => gateway.of('live').length >= 1);
  await admin('POST', '/v1/operators', { name: 'Time passes', roles: ['developer'] });
  assert.deepEqual(gateway.of('snapshot'), []);
  const { attention } = (await admin('GET', '/v1/status')).body;
  assert.ok(attention.some(({ code }: { code: string }) => code === 'gateway_version'));
});

test('a gateway that says nothing, or speaks no protocol of ours, is told nothing and promised nothing', async (t) => {
  const { admin, connect } = await startControl(t);
  const hellos = [
    { type: 'live-applied', sequence: 0 },
    { ...hello, protocol: 9, oldest: 2 },
    { ...hello, instance: '../../etc' },
  ];
  const reasons: unknown[] = [];
  for (const one of hellos) {
    const stranger = connect(one);
    await eventually('it is cut off', () => stranger.ends.length > 0);
    stranger.link.close();
    reasons.push(...stranger.of('refused').map(({ reason }) => reason));
    assert.deepEqual(
      stranger.heard.filter(({ type }) => type !== 'refused'),
      [],
    );
  }
  assert.equal(reasons.length, 1);
  assert.match(String(reasons[0]), /protocols 2 to 9/);
  assert.deepEqual((await admin('GET', '/v1/gateways')).body.items, []);
});
