import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { claimPlaces, type Place, PlaceTakenError } from './port-claims.ts';

const HOST = '127.0.0.1';
const none: ReadonlySet<number> = new Set();

/** A server as a gate's thread opens it. */
function share(t: TestContext, place: Place): Promise<Server> {
  const server = createServer();
  t.after(() => server.close());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place, reusePort: true }, () => resolve(server));
  });
}

const portOf = (server: Server) => (server.address() as { port: number }).port;

async function freePort(t: TestContext): Promise<number> {
  const server = await share(t, { host: HOST, port: 0 });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a port that another gate shares among its threads is not taken', async (t) => {
  const port = portOf(await share(t, { host: HOST, port: 0 }));
  for (const host of [HOST, '0.0.0.0']) {
    let isBound = false;
    const claiming = claimPlaces([{ host, port }], none, async () => {
      isBound = true;
    });
    await assert.rejects(
      claiming,
      (error: Error) =>
        error instanceof PlaceTakenError && error.message.includes(`${host}:${port}: EADDRINUSE`),
    );
    assert.equal(isBound, false);
  }
});

test('of gates that start in the same moment one gets the port', async (t) => {
  for (let round = 0; round < 10; round++) {
    const place = { host: HOST, port: await freePort(t) };
    const servers: Server[] = [];
    const gates = await Promise.allSettled(
      Array.from({ length: 4 }, () =>
        claimPlaces([place], none, async () => {
          servers.push(await share(t, place));
        }),
      ),
    );
    assert.equal(servers.length, 1);
    assert.equal(gates.filter(({ status }) => status === 'fulfilled').length, 1);
  }
});

test('a gate that applies its next configuration keeps its own port', async (t) => {
  const place = { host: HOST, port: await freePort(t) };
  await claimPlaces([place], none, async () => void (await share(t, place)));
  let wasAsked = false;
  await claimPlaces([place], new Set([place.port]), async () => {
    wasAsked = true;
  });
  assert.ok(wasAsked);
});

test('two listeners of one configuration that overlap are refused', async (t) => {
  const port = await freePort(t);
  const places = [
    { host: '0.0.0.0', port },
    { host: HOST, port },
  ];
  await assert.rejects(
    claimPlaces(places, none, async () => undefined),
    PlaceTakenError,
  );
});
