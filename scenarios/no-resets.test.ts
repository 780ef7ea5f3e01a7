import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** POORTER_CONNECTIONS=100000 makes it the long run; here it is one of a few thousand. */
const CONNECTIONS = Number(process.env['POORTER_CONNECTIONS'] ?? 4_000);
const CALLERS = 24;
const ASKED = {
  'x-original-method': 'GET',
  'x-original-uri': '/things',
  'x-original-host': 'things.example',
};

/** How many outcomes of each kind; callers call without a pause until `isOn` says no. */
function startCallers(ports: readonly number[], isOn: () => boolean) {
  const tally: Record<string, number> = {};
  const once = (port: number, agent: Agent | false) =>
    new Promise<string>((resolve) => {
      const asking = get({ port, host: '127.0.0.1', path: '/things', agent, headers: ASKED });
      asking.once('response', (answer) => {
        answer.resume();
        answer.once('end', () => resolve(String(answer.statusCode)));
        answer.once('error', () => resolve('cut'));
      });
      asking.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    const port = ports[caller % ports.length] as number;
    // One in four keeps its connection.
    const agent = caller % 4 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    while (isOn()) {
      const outcome = await once(port, agent);
      tally[outcome] = (tally[outcome] ?? 0) + 1;
      if (outcome === 'ECONNREFUSED') await sleep(20);
    }
    if (agent !== false) agent.destroy();
  });
  return { tally, done: () => Promise.all(callers) };
}

test('reloads and stops reset no connection, whatever waits in the queues of the sockets', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const [first, second, asked] = [await unusedPort(), await unusedPort(), await unusedPort()];
  let isOn = true;
  const { tally, done } = startCallers([first, first, second, asked], () => isOn);
  const answered = () => tally['200'] ?? 0;
  for (let round = 0; answered() < CONNECTIONS; round++) {
    const listen = [first, second].map((port) => ({ address: `127.0.0.1:${port}` }));
    const poorter = await startPoorter(t, {
      description: things,
      upstream: upstream.url,
      threads: 4,
      configuration: {
        listen,
        forwardAuth: [{ address: `127.0.0.1:${asked}`, for: 'nginx' }],
        trust: { proxies: ['127.0.0.1'] },
      },
    });
    const configuration = parse(poorter.read('poorter.yaml')) as object;
    const served = answered();
    const enough = async (count: number) => {
      while (answered() < served + count) await sleep(20);
    };
    await enough(200);
    // Bounds, which a listening socket changes in place; then one listener goes, and comes back.
    for (const change of [
      { bounds: { headerBytes: 17_000 + round } },
      { listen: [listen[0]], forwardAuth: [] },
      {},
    ]) {
      poorter.write('poorter.yaml', { ...configuration, ...change });
      // Noticed, compiled, applied, and what goes has closed.
      await sleep(4_000);
    }
    assert.equal(await poorter.stop(), 0);
  }
  isOn = false;
  await done();
  t.diagnostic(JSON.stringify(tally));
  const lost = Object.keys(tally).filter((outcome) => !['200', 'ECONNREFUSED'].includes(outcome));
  assert.deepEqual(lost, [], JSON.stringify(tally));
});
