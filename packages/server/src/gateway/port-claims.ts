import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Somebody else listens there, or this user may not. */
export class PlaceTakenError extends Error {
  constructor({ host, port }: Place, cause: NodeJS.ErrnoException) {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const why =
      cause.code === 'EADDRINUSE'
        ? 'another program, or another gate, listens there already'
        : cause.message;
    super(`listening on ${address}: ${cause.code}: ${why}`, { cause });
    this.name = 'PlaceTakenError';
  }
}

/** Another gate looks and binds within milliseconds; a program that sits on the name must not stop us. */
const TURN_WAIT_MAX_MS = 5_000;
const TURN_RETRY_MS = 20;

/**
 * The gate's threads share their ports by SO_REUSEPORT, and the kernel would let any other process
 * of the same user share them too: a second gate would take half of the calls without a word.
 * Hence a look before the first thread binds: without that option the kernel says who was first.
 *
 * Binds every new place once without sharing it, then calls `bind`, which shares; gates that start in
 * the same moment do this one after the other. Throws PlaceTakenError, having bound nothing.
 */
export async function claimPlaces(
  places: readonly Place[],
  /** Ports that our own threads have already: another gate on one of them cannot be told apart. */
  own: ReadonlySet<number>,
  bind: () => Promise<void>,
): Promise<void> {
  const fresh = places.filter(({ port }) => port !== 0 && !own.has(port));
  if (fresh.length === 0) {
    void bind();
    return;
  }
  const turns = await takeTurns(fresh);
  const looks: Server[] = [];
  try {
    for (const place of fresh) looks.push(await look(place));
    await closeAll(looks.splice(0));
    await bind();
  } finally {
    await closeAll([...looks, ...turns]);
  }
}

async function look(place: Place): Promise<Server> {
  try {
    return await listen({ ...place, exclusive: true });
  } catch (error) {
    throw new PlaceTakenError(place, error as NodeJS.ErrnoException);
  }
}

/**
 * A turn is a socket with an abstract name: like the port it names, it exists once a network
 * namespace and goes with its process. In the order of the ports, so that no two wait for each other.
 */
async function takeTurns(places: readonly Place[]): Promise<Server[]> {
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

function listen(options: { path: string } | (Place & { exclusive: true })): Promise<Server> {
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
