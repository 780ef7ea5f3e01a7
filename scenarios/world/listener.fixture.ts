import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually, openCall } from './calls.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import type { Service } from './service.fixture.ts';

/** Until the other end closes it. */
export function streamEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: first\n\n');
}

/** Takes every WebSocket that is opened at a service, and says nothing. */
export function takeSockets(t: Lifetime, { server }: Pick<Service, 'server'>): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, () => undefined);
  });
  t.after(() => sockets.close());
}

/** Listens at `/events` and `/feed` of a gate: what came, and whether it has ended. */
export async function listen(
  t: Lifetime,
  gate: string,
  headers: Readonly<Record<string, string>>,
): Promise<{
  readonly events: string;
  readonly hasEventsEnded: boolean;
  readonly hasFeedEnded: boolean;
}> {
  const state = { events: '', hasEventsEnded: false, hasFeedEnded: false };
  const events = openCall(`${gate}/events`, { headers });
  events.once('error', () => undefined);
  events.once('response', (incoming) => {
    incoming.on('data', (chunk: Buffer) => {
      state.events += chunk;
    });
    incoming.once('error', () => undefined);
    incoming.once('close', () => {
      state.hasEventsEnded = true;
    });
  });
  events.end();
  const feed = new WebSocket(`${gate.replace('http', 'ws')}/feed`, { headers });
  feed.once('error', () => undefined);
  feed.once('close', () => {
    state.hasFeedEnded = true;
  });
  await once(feed, 'open');
  await eventually('the first event', () => state.events !== '');
  t.after(() => {
    events.destroy();
    feed.terminate();
  });
  return state;
}
