import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

test('what gateways on other machines do is measured at control, and one that is gone is down', async (t) => {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    files: linkFiles(authority, 'control'),
    configuration: {
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a', 'gw_b'] },
    },
  });
  const link = `localhost:${port}`;
  const metrics = async () => (await fetch(`${control.controlUrl}/metrics`)).text();
  const callsOf = (text: string, gateway: string) =>
    [...text.matchAll(/^poorter_calls_total\{gateway="([^"]+)".* (\d+)$/gm)]
      .filter(([, name]) => name === gateway)
      .reduce((sum, [, , value]) => sum + Number(value), 0);
  const up = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/^poorter_gateway_up\{gateway="([^"]+)"\} ([01])$/gm)].map(
        ([, name, value]) => [name, Number(value)],
      ),
    );
  const until = async (what: string, holds: (text: string) => boolean) => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const text = await metrics();
      if (holds(text)) return text;
      assert.ok(Date.now() < deadline, `${what}\n${text}`);
      await sleep(100);
    }
  };
  const a = await startGateway(t, { name: 'gw_a', control: link, authority });
  const b = await startGateway(t, { name: 'gw_b', control: link, authority });
  const call = async (url: string, times: number) => {
    for (let done = 0; done < times; done++) await (await fetch(`${url}/things`)).arrayBuffer();
  };
  await call(control.url, 2);
  await call(a.url, 5);
  await call(b.url, 7);
  const text = await until('three gateways', (now) => {
    const local = Object.keys(up(now)).find((name) => !name.startsWith('gw_')) ?? '';
    return callsOf(now, 'gw_a') === 5 && callsOf(now, 'gw_b') === 7 && callsOf(now, local) === 2;
  });
  assert.equal(Object.keys(up(text)).length, 3);
  assert.ok(
    Object.values(up(text)).every((value) => value === 1),
    text,
  );
  assert.match(text, /^poorter_gateway_snapshot_version\{gateway="gw_a"\} 1$/m);

  b.process.kill('SIGSTOP');
  t.after(() => b.process.kill('SIGCONT'));
  await a.stop();
  const without = await until(
    'both are down',
    (now) => up(now)['gw_a'] === 0 && up(now)['gw_b'] === 0,
  );
  assert.doesNotMatch(without, /^poorter_calls_total\{gateway="gw_[ab]"/m);
  // Cut off, not started again: its counts go on.
  b.process.kill('SIGCONT');
  await call(b.url, 1);
  await until('gw_b is back', (now) => up(now)['gw_b'] === 1 && callsOf(now, 'gw_b') === 8);
});
