import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const WAIT_MS = 300_000;
const PAGE = '<!doctype html><title>Done</title><h1>Done</h1><p>Go on reading in the terminal.';

/** Where an application on this machine is sent the answer (RFC 8252 §7.3): once, on a free port. */
export async function listenForAnswer(): Promise<{
  readonly redirectUri: string;
  /** The address by which somebody came back; throws when nobody does within five minutes. */
  readonly answer: () => Promise<string>;
  readonly close: () => void;
}> {
  const came = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', redirectUri);
    if (url.pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
    response.end(PAGE, () => came.resolve(url.href));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  const late = setTimeout(
    () => came.reject(new Error('nobody came back within five minutes')),
    WAIT_MS,
  );
  // Nobody may wait for it.
  came.promise.catch(() => undefined);
  return {
    ...{ redirectUri, answer: () => came.promise },
    close: () => {
      clearTimeout(late);
      server.close();
      server.closeAllConnections();
    },
  };
}
