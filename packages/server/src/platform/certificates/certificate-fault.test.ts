import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import {
  type Certificate,
  makeAuthority,
  makeSelfSigned,
} from '../../../../../scenarios/world/certificates.fixture.ts';
import { fetch } from '../http-client/index.ts';
import { certificateFault } from './index.ts';

const HERE = 'counters.tls.authorities';

async function serverWith(t: TestContext, { certificate, key }: Certificate): Promise<number> {
  const server = createServer({ cert: certificate, key }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What Node says itself when it dials. */
async function faultAt(port: number, options: ConnectionOptions = {}): Promise<Error> {
  const socket = connect({ host: '127.0.0.1', port, ...options });
  const [error] = await once(socket, 'error');
  return error;
}

test('whoever dials is told in whole sentences why a certificate is not believed, and where an authority goes', async (t) => {
  const authority = makeAuthority(t, 'Of the provider');
  const leaf = authority.issue('/CN=service');
  const chained = { ...leaf, certificate: `${leaf.certificate}${authority.certificate}` };
  const ended = authority.issue('/CN=service', { until: new Date('2025-01-01') });
  const other = authority.issue('/CN=service', { names: 'DNS:elsewhere.example' });
  const trusted = { ca: authority.certificate };
  const cases: readonly (readonly [Certificate, ConnectionOptions, RegExp])[] = [
    [leaf, {}, /leads to no authority that is trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/],
    [chained, {}, /an authority that is not trusted here \(SELF_SIGNED_CERT_IN_CHAIN\)/],
    [makeSelfSigned(t), {}, /signed by itself alone.*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
    [ended, trusted, /has expired \(CERT_HAS_EXPIRED\)/],
    [other, trusted, /is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
  ];
  for (const [certificate, options, says] of cases) {
    const error = await faultAt(await serverWith(t, certificate), options);
    const told = certificateFault(error, HERE);
    assert.match(String(told), says);
    assert.ok(String(told).length < 200, 'a record has room for it');
    assert.doesNotMatch(String(told), /elsewhere|service|provider/, 'nothing that it wrote');
    if (!('ca' in options)) assert.match(String(told), /into counters\.tls\.authorities$/);
    // What a library makes of it keeps the sentence, and puts a name of its own in place of the code.
    const wrapped = Object.assign(new Error(error.message), { code: 'ESOCKET' });
    assert.equal(certificateFault(wrapped, HERE), told);
  }
});

test('it is found beneath whatever fetch says, and nowhere else', async (t) => {
  const port = await serverWith(t, makeAuthority(t).issue('/CN=service'));
  const thrown = await fetch(`https://127.0.0.1:${port}/`).catch((error: unknown) => error);
  assert.match(String(certificateFault(thrown, HERE)), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  assert.equal(certificateFault(new Error('fetch failed'), HERE), null);
  assert.equal(certificateFault('a text', HERE), null);
  const circle = new Error('a circle');
  circle.cause = circle;
  assert.equal(certificateFault(circle, HERE), null);
});
