import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { unusedPort } from '../../../../scenarios/world/unused-port.fixture.ts';
import { PlaceFault } from '../platform/processes/index.ts';
import { parseTable } from './listening-sockets.ts';
import { claimPlaces } from './port-claims.ts';

const HOST = '127.0.0.1';
const key = 'listen.0.address';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** A server as a gate's thread opens it. */
function share(t: TestContext, place: Place): Promise<Server> {
  const server = createServer();
  t.after(() => server.close());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place, reusePort: true }, () => resolve(server));
  });
}

/** Another process that claims and shares a place, and says 'bound PORT' or 'refused'. */
function otherGate(t: TestContext, { host, port }: Place): ChildProcess {
  const script = `
    import { createServer } from 'node:net';
    import { claimPlaces } from ${JSON.stringify(join(import.meta.dirname, 'port-claims.ts'))};
    const place = { host: ${JSON.stringify(host)}, port: ${port} };
    const server = createServer();
    const bind = () => new Promise((resolve) => server.listen({ ...place, reusePort: true }, resolve));
    claimPlaces([place], bind).then(
      () => console.log('bound ' + server.address().port),
      () => console.log('refused'),
    );
    setInterval(() => {}, 1_000);`;
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--input-type=module-typescript', '-e', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function said(child: ChildProcess): Promise<string> {
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return String(text).trim();
}

test('a port that another gate shares among its threads is not taken', async (t) => {
  const port = await unusedPort();
  assert.equal(await said(otherGate(t, { host: HOST, port })), `bound ${port}`);
  for (const host of [HOST, '0.0.0.0', '::', 'localhost']) {
    let isBound = false;
    const claiming = claimPlaces([{ host, port, key }], async () => {
      isBound = true;
    });
    await assert.rejects(
      claiming,
      (error: Error) =>
        error instanceof PlaceFault && error.message.includes(`:${port}: EADDRINUSE`),
      host,
    );
    assert.equal(isBound, false);
  }
});

test('looking takes no connection of callers who wait for the port to open', async () => {
  const place = { host: HOST, port: await unusedPort(), key };
  let isReachable = false;
  const probe = createServer();
  await claimPlaces([place], async () => {
    // Nothing of ours listens before the threads do.
    isReachable = await new Promise((resolve) => {
      probe.once('error', () => resolve(true));
      probe.listen(place, () => resolve(false));
    });
  });
  probe.close();
  assert.equal(isReachable, false);
});

test('of gates that start in the same moment one gets the port', async (t) => {
  for (let round = 0; round < 3; round++) {
    const place = { host: HOST, port: await unusedPort(), key };
    const gates = Array.from({ length: 4 }, () => otherGate(t, place));
    const words = await Promise.all(gates.map(said));
    assert.deepEqual(words.toSorted(), [
      `bound ${place.port}`,
      ...Array<string>(3).fill('refused'),
    ]);
    for (const gate of gates) gate.kill('SIGKILL');
  }
});

test('a gate that applies its next configuration keeps its own port', async (t) => {
  const place = { host: HOST, port: await unusedPort(), key };
  await claimPlaces([place], async () => void (await share(t, place)));
  let wasAsked = false;
  await claimPlaces([place], async () => {
    wasAsked = true;
  });
  assert.ok(wasAsked);
});

test('two listeners of one configuration that overlap are refused', async () => {
  const port = await unusedPort();
  const places = [
    { host: '0.0.0.0', port, key },
    { host: HOST, port, key },
  ];
  await assert.rejects(
    claimPlaces(places, async () => undefined),
    PlaceFault,
  );
});

test('the list of the kernel is read in full', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 4711 1 0 100 0',
    '   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  0 0 4712 1 0 100 0',
    '   2: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4713 1',
    '   3: 0000000000000000FFFF00000200A8C0:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4714 1',
    '',
  ].join('\n');
  assert.deepEqual(parseTable(table), [
    { address: '127.0.0.1', port: 8080, inode: '4711' },
    { address: '0:0:0:0:0:0:0:1', port: 443, inode: '4713' },
    { address: '192.168.0.2', port: 80, inode: '4714' },
  ]);
});
