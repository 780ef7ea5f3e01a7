import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { call, eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** Written by a process past all messages, as a warning of Node is. */
const PAST_ALL =
  "if (process.argv[1]?.includes('-process')) process.stderr.write('past all of it\\n')";

/** Every line, each held to what is promised of all. */
function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const read = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(Object.keys(read).slice(0, 4), ['time', 'level', 'code', 'message'], line);
      assert.equal(new Date(String(read['time'])).toISOString(), read['time']);
      return read;
    });
}

test('with --json no line of a whole life is anything but a notice: a start, deaths, broken files, an end', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    ...{ description: things, upstream: upstream.url },
    configuration: { listen: [{ address: `127.0.0.1:${await unusedPort()}` }] },
    nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(PAST_ALL)}`],
  });
  const { control, gateway } = poorter.children();
  process.kill(control, 'SIGKILL');
  const { reason, level } = await poorter.awaitNotice('control_ended');
  assert.deepEqual([reason, level], ['SIGKILL', 'error']);
  process.kill(gateway, 'SIGKILL');
  await poorter.awaitNotice('gateway_ended');
  poorter.write('api.yaml', `${stringify(things)}\n  - : broken: [\n`);
  await poorter.awaitNotice('configuration_refused');
  const { file, line, rule } = await poorter.awaitNotice('configuration_faulty');
  assert.match(String(file), /api\.yaml$/);
  assert.equal(typeof line, 'number');
  assert.equal(typeof rule, 'string');
  poorter.write('api.yaml', { ...things, info: { title: 'Mended', version: '2' } });
  await poorter.awaitNotice('version_in_force');
  await eventually('it serves', async () => {
    return (await call(`${poorter.url}/things`).catch(() => null))?.status === 200;
  });
  assert.equal(await poorter.stop(), 0);
  const codes = linesOf(poorter.output()).map(({ code }) => code);
  assert.equal(codes.filter((code) => code === 'started').length, 1);
  const past = poorter.notices('process_said').map(({ message }) => message);
  assert.ok(past.includes('past all of it'), poorter.output());
});

test('with --json a start that fails, and a line that is typed wrongly, are told in JSON alone', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description: things, upstream: upstream.url });
  const config = ['--config', `${poorter.folder}/poorter.yaml`];
  const held = await runPoorter(['serve', ...config, '--json']);
  assert.deepEqual([held.status, held.stdout], [1, '']);
  const [last] = linesOf(held.stderr).slice(-1);
  assert.equal(last?.['code'], 'not_started');
  assert.match(String(last?.['message']), /in use by process/);

  poorter.write('other.yaml', 'listen: [\n');
  const broken = await runPoorter(['serve', '--config', `${poorter.folder}/other.yaml`, '--json']);
  assert.equal(broken.status, 1);
  assert.deepEqual(
    new Set(linesOf(broken.stdout + broken.stderr).map(({ code }) => code)),
    new Set(['configuration_faulty', 'not_started']),
  );

  const wrong = await runPoorter(['serve', ...config, '--json', '--thread', '1']);
  assert.equal(wrong.status, 2);
  const [said, ...more] = linesOf(wrong.stdout + wrong.stderr);
  assert.deepEqual([said?.['code'], more], ['called_wrongly', []]);
});

test('with --json a machine that only runs a gateway speaks in lines, too, and control says of whom it speaks', async (t) => {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    ...{ description: things, upstream: upstream.url, role: 'control' },
    files: linkFiles(authority, 'control'),
    configuration: {
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a'] },
    },
  });
  const gateway = await startGateway(t, { name: 'gw_a', control: `localhost:${port}`, authority });
  process.kill(control.children().control, 'SIGKILL');
  const { level } = await gateway.awaitNotice('control_away');
  assert.equal(level, 'warn');
  await gateway.awaitNotice('control_back');
  await gateway.stop('SIGTERM');
  const left = await control.awaitNotice('gateway_left');
  assert.deepEqual([left['gateway'], left.level], ['gw_a', 'info']);
  for (const { output } of [control, gateway]) {
    const codes = linesOf(output()).map(({ code }) => code);
    assert.equal(codes.filter((code) => code === 'started').length, 1, output());
  }
});
