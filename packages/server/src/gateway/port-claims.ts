import { lookup } from 'node:dns/promises';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ListenerPlace, placeTaken } from '../platform/processes/index.ts';
import { holdsSocket, listeningSockets } from './listening-sockets.ts';

/** Another gate looks and binds within milliseconds; a program that sits on the name must not stop us. */
const TURN_WAIT_MAX_MS = 5_000;
const TURN_RETRY_MS = 20;

/**
 * The gate's threads share their ports by SO_REUSEPORT, and the kernel would let any other process
 * of the same user share them too: a second gate would take half of the calls without a word.
 * Hence a look before the first thread binds, and gates that start in the same moment look and bind
 * one after the other. Throws PlaceFault, having bound nothing.
 *
 * Looking takes no connection: callers may be waiting for this very port to open.
 */
export async function claimPlaces(
  places: readonly ListenerPlace[],
  bind: () => Promise<void>,
): Promise<void> {
  const wanted = places.filter(({ port }) => port !== 0);
  const taken = await isTaken(wanted, true);
  if (taken === 'ours') {
    await bind();
    return;
  }
  const turns = await takeTurns(wanted);
  try {
    await isTaken(wanted, false);
    await bind();
  } finally {
    await closeAll(turns);
  }
}

/** 'ours': each place has a socket of this process already. Throws when one has another's. */
async function isTaken(
  places: readonly ListenerPlace[],
  isFirstLook: boolean,
): Promise<'ours' | 'free'> {
  const sockets = places.length === 0 ? null : listeningSockets();
  // Elsewhere the kernel does not spread connections over sockets that share a port.
  if (sockets === null) return isFirstLook ? 'ours' : 'free';
  let areOurs = true;
  const before: { readonly address: string; readonly port: number }[] = [];
  for (const place of places) {
    const addresses = await addressesOf(place.host);
    const twice = before.some(
      ({ address, port }) => port === place.port && addresses.some((one) => overlap(one, address)),
    );
    if (twice) throw placeTaken(place, 'another listener of this configuration is there');
    before.push(...addresses.map((address) => ({ address, port: place.port })));
    const there = sockets.filter(
      (socket) =>
        socket.port === place.port && addresses.some((one) => overlap(one, socket.address)),
    );
    const strange = there.find(({ inode }) => !holdsSocket(inode));
    if (strange !== undefined) throw placeTaken(place);
    areOurs &&= there.length > 0;
  }
  return areOurs ? 'ours' : 'free';
}

/** As the kernel lists them. */
async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address, family }) => (family === 4 ? address : longForm(address)));
}

function longForm(address: string): string {
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = address.includes('::')
    ? [...groups(head), ...Array(missing).fill('0'), ...groups(tail)]
    : groups(head);
  return all.map((group: string) => Number.parseInt(group, 16).toString(16)).join(':');
}

const ANY_V4 = '0.0.0.0';
const ANY_V6 = '0:0:0:0:0:0:0:0';

function overlap(one: string, other: string): boolean {
  if (one === other || one === ANY_V6 || other === ANY_V6) return true;
  const areBothV4 = one.includes('.') && other.includes('.');
  return areBothV4 && (one === ANY_V4 || other === ANY_V4);
}

/**
 * A turn is a socket with an abstract name: like the port it names, it exists once a network
 * namespace and goes with its process. In the order of the ports, so that no two wait for each other.
 */
async function takeTurns(places: readonly ListenerPlace[]): Promise<Server[]> {
  if (process.platform !== 'linux') return [];
  const turns: Server[] = [];
  const ports = [...new Set(places.map(({ port }) => port))].toSorted((a, b) => a - b);
  for (const port of ports) {
    const turn = await takeTurn(`\0poorter-binds-${port}`);
    if (turn !== null) turns.push(turn);
  }
  return turns;
}

async function takeTurn(path: string): Promise<Server | null> {
  for (let waitedMs = 0; waitedMs < TURN_WAIT_MAX_MS; waitedMs += TURN_RETRY_MS) {
    try {
      return await listen({ path });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return null;
      await sleep(TURN_RETRY_MS);
    }
  }
  return null;
}

function listen(options: { path: string }): Promise<Server> {
  // Whoever connects meanwhile is not for us.
  const server = createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options, backlog: 1 }, () => resolve(server));
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
}
