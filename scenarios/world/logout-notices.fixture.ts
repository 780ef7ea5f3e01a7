import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeAuthority } from './certificates.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';

/** Where an application is told of things: over TLS, by an authority of its own. */
export async function startLogoutNotices(t: Lifetime) {
  const authority = makeAuthority(t);
  const { certificate: cert, key } = authority.issue('/CN=budget');
  const told: { path: string; body: string; authorization: string | undefined }[] = [];
  let status = 200;
  const server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece;
    });
    request.on('end', () => {
      const { url: path = '', headers } = request;
      told.push({ path, body, authorization: headers.authorization });
      response.writeHead(status).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return {
    ...{ told, authority: authority.certificate, origin: `https://localhost:${port}` },
    answerWith(next: number) {
      status = next;
    },
  };
}
