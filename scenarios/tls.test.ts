import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { parse } from 'yaml';
import { type CallOptions, call, codeOf, eventually } from './world/calls.fixture.ts';
import { type Certificate, makeAuthority } from './world/certificates.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const certificateOnly = (clients?: string[]) => ({
  get: {
    security: [{ certificate: [] }],
    responses: ok,
    ...(clients && { 'x-poorter': { authorize: { clients } } }),
  },
});
const description = {
  openapi: '3.1.0',
  info: { title: 'TLS', version: '1' },
  components: {
    securitySchemes: {
      certificate: { type: 'mutualTLS' },
      bearer: { type: 'http', scheme: 'bearer' },
    },
  },
  paths: {
    '/open': { get: { security: [], responses: ok } },
    '/certificate': certificateOnly(),
    '/by-subject': certificateOnly(['CN=shop,O=Acme']),
    '/by-name': certificateOnly(['certificate:URI:spiffe://acme/shop']),
    '/feed': {
      get: {
        security: [{ certificate: [] }],
        responses: { 101: { description: 'a WebSocket' } },
      },
    },
    '/token': { get: { security: [{ bearer: [] }], responses: ok } },
  },
};

const authority = makeAuthority({ after });
const foreign = makeAuthority({ after }, 'Foreign Authority');
const server = authority.issue('/CN=gate');
const shop = authority.issue('/O=Acme/CN=shop', {
  names: 'DNS:shop.example,URI:spiffe://acme/shop',
});
const other = authority.issue('/O=Acme/CN=other');
const expired = authority.issue('/O=Acme/CN=shop', { until: new Date('2024-02-01') });
const stranger = foreign.issue('/O=Acme/CN=shop');

const service = await startService({ after });
const issuer = await startIssuer({ after });
const tls = { certificate: './tls.pem', key: 'file:./tls.key' };
const asking = { ...tls, clientAuthorities: ['./ca.pem'] };
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    files: {
      'tls.pem': server.certificate,
      'tls.key': server.key,
      'ca.pem': authority.certificate,
    },
    configuration: {
      listen: [
        { address: '127.0.0.1:0', tls },
        { address: '127.0.0.1:0', tls: { ...tls, minVersion: 'TLSv1.2' } },
        { address: '127.0.0.1:0', tls: { ...asking, clientCertificate: 'request' } },
        { address: '127.0.0.1:0', tls: { ...asking, clientCertificate: 'require' } },
      ],
      trust: { issuers: [{ issuer: issuer.url, audience: AUDIENCE }] },
    },
  },
);
const [plain, older, requesting, requiring] = poorter.addresses as [string, string, string, string];
const shown = ({ certificate, key }: Certificate) => ({ cert: certificate, key });
const get = (address: string, path: string, options: CallOptions = {}) =>
  call(`https://${address}${path}`, { ca: authority.certificate, ...options });

/** What was agreed on, or the code of the failure. */
function handshake(address: string, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(address.split(':')[1]),
      ca: authority.certificate,
      ...options,
    });
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.name));
  });
}

test('TLS 1.3 is spoken, and 1.2 is refused unless the listener allows it', async () => {
  assert.match(await handshake(plain, {}), /^TLSv1\.3 /);
  assert.match(await handshake(plain, { maxVersion: 'TLSv1.2' }), /PROTOCOL_VERSION|ALERT/);
  assert.match(await handshake(older, { maxVersion: 'TLSv1.2' }), /^TLSv1\.2 ECDHE-.*GCM/);
  assert.match(
    await handshake(older, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }),
    /^(?!TLSv1)/,
  );
});

test('TLS 1.2 has no suite without forward secrecy and authenticated encryption', async () => {
  for (const ciphers of [
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES256-SHA384',
    'ECDHE-RSA-AES256-SHA',
    'AES128-GCM-SHA256',
    'AES256-SHA',
  ]) {
    const agreed = await handshake(older, {
      maxVersion: 'TLSv1.2',
      ciphers: `${ciphers}:@SECLEVEL=0`,
    });
    assert.match(agreed, /HANDSHAKE_FAILURE/, ciphers);
  }
});

test('answers over TLS tell browsers to stay with it', async () => {
  const answer = await get(plain, '/open');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
  assert.equal(service.last().headers['x-forwarded-proto'], 'https');
});

test('the metadata that a 401 points to is at an https address', async () => {
  const challenge = String((await get(plain, '/token')).headers['www-authenticate']);
  assert.match(challenge, /resource_metadata="https:\/\/127\.0\.0\.1/);
});

test('a listener that asks for certificates serves without one, as nobody', async () => {
  assert.equal((await get(requesting, '/open')).status, 200);
  assert.equal(codeOf(await get(requesting, '/certificate')), 'credentials_required');
});

test('a certificate counts only on a listener that asks for it', async () => {
  const answer = await get(plain, '/certificate', shown(shop));
  assert.equal(codeOf(answer), 'credentials_required');
});

test('a verified certificate is the caller: its subject and its alternative names', async () => {
  for (const address of [requesting, requiring]) {
    assert.equal((await get(address, '/certificate', shown(shop))).status, 200);
    assert.equal((await get(address, '/by-subject', shown(shop))).status, 200);
    assert.equal((await get(address, '/by-name', shown(shop))).status, 200);
    assert.equal((await get(address, '/certificate', shown(other))).status, 200);
    assert.equal((await get(address, '/by-subject', shown(other))).status, 403);
    assert.equal((await get(address, '/by-name', shown(other))).status, 403);
  }
  const records = await poorter.awaitRecords(2, ({ path, status }) => {
    return path === '/by-name' && status === 200;
  });
  assert.deepEqual(records[0]?.['principal'], {
    kind: 'certificate',
    client: 'CN=shop,O=Acme',
    subject: null,
    credentialId: createHash('sha256')
      .update(new X509Certificate(shop.certificate).raw)
      .digest('base64url'),
  });
});

test('no certificate, a foreign one and an expired one end at a listener that requires one', async () => {
  await assert.rejects(get(requiring, '/open'), /alert|ECONNRESET|socket hang up|EPIPE/i);
  await assert.rejects(get(requiring, '/open', shown(stranger)), /alert|reset|hang up|EPIPE/i);
  await assert.rejects(get(requiring, '/open', shown(expired)), /alert|reset|hang up|EPIPE/i);
});

test('a foreign or expired certificate identifies nobody where certificates are only asked for', async () => {
  for (const certificate of [stranger, expired]) {
    const answer = await get(requesting, '/by-subject', shown(certificate));
    assert.equal(answer.status, 401);
  }
});

test('a WebSocket over TLS is identified by its certificate like every call', async () => {
  const echo = new WebSocketServer({ server: service.server });
  echo.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))));
  const options = { ca: authority.certificate, ...shown(shop) };
  const socket = new WebSocket(`wss://${requesting}/feed`, options);
  await once(socket, 'open');
  socket.send('hello');
  assert.equal(String((await once(socket, 'message'))[0]), 'hello');
  socket.terminate();
  const nobody = new WebSocket(`wss://${requesting}/feed`, { ca: authority.certificate });
  const [error] = (await once(nobody, 'error')) as [Error];
  assert.match(error.message, /401/);
});

test('a certificate that expires on an open connection stops counting there too', async () => {
  // Long enough for one call, whatever else the machine does.
  const until = new Date(Date.now() + 8_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  agent.on('free', (socket) => ports.add(socket.localPort));
  const options = { agent, ...shown(authority.issue('/O=Acme/CN=brief', { until })) };
  assert.equal((await get(requesting, '/certificate', options)).status, 200);
  await sleep(until.getTime() - Date.now() + 1_000);
  assert.equal(codeOf(await get(requesting, '/certificate', options)), 'credentials_required');
  assert.equal(ports.size, 1);
  agent.destroy();
});

test('headers that pretend to carry a certificate identify nobody and stop at the gate', async () => {
  const headers = {
    'client-cert': ':TUlJ:',
    'x-forwarded-client-cert': 'Subject="CN=shop,O=Acme"',
    'x-ssl-client-cert': encodeURIComponent(shop.certificate),
  };
  assert.equal((await get(requesting, '/by-subject', { headers })).status, 401);
  assert.equal((await get(requesting, '/open', { headers })).status, 200);
  for (const name of Object.keys(headers)) assert.equal(service.last().headers[name], undefined);
});

test('a token bound to a certificate is accepted over that certificate alone (RFC 8705)', async () => {
  const thumbprint = createHash('sha256')
    .update(new X509Certificate(shop.certificate).raw)
    .digest('base64url');
  const token = await issuer.token({ cnf: { 'x5t#S256': thumbprint } });
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await get(requesting, '/token', { headers, ...shown(shop) })).status, 200);
  // Verified a moment ago and remembered: the proof is asked for again all the same.
  for (const options of [shown(other), shown(stranger), {}]) {
    const answer = await get(requesting, '/token', { headers, ...options });
    assert.equal(codeOf(answer), 'credentials_invalid');
  }
  assert.equal(codeOf(await get(plain, '/token', { headers })), 'credentials_invalid');
  const free = { authorization: `Bearer ${await issuer.token()}` };
  assert.equal((await get(requesting, '/token', { headers: free, ...shown(other) })).status, 200);
});

test('plain HTTP beyond loopback is refused at the start, unless it is said to be wanted', async () => {
  const write = (insecure: boolean) => {
    poorter.write('plain.yaml', {
      listen: [{ address: '0.0.0.0:0', ...(insecure && { insecure }) }],
      apis: [{ spec: './open.yaml', upstream: service.url }],
    });
    poorter.write('open.yaml', {
      openapi: '3.1.0',
      info: { title: 'Open', version: '1' },
      paths: { '/open': description.paths['/open'] },
    });
  };
  write(false);
  const argv = ['check', '--config', join(poorter.folder, 'plain.yaml')];
  const refused = await runPoorter(argv);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /0\.0\.0\.0:0 would serve plain HTTP beyond this machine/);
  assert.match(refused.stdout, /insecure: true/);
  const start = await runPoorter(['serve', ...argv.slice(1)]);
  assert.equal(start.status, 1);
  write(true);
  assert.equal((await runPoorter(argv)).status, 0);
});

test('a renewed certificate is served without a restart', async () => {
  const renewed = authority.issue('/CN=renewed');
  writeFileSync(join(poorter.folder, 'tls.key'), renewed.key);
  writeFileSync(join(poorter.folder, 'tls.pem'), renewed.certificate);
  await poorter.awaitNotice('version_in_force');
  const name = await new Promise((resolve, reject) => {
    const [host, port] = plain.split(':') as [string, string];
    const socket = connect({ host, port: Number(port), ca: authority.certificate }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once('error', reject);
  });
  assert.equal(name, 'renewed');
});

test('whoever shows a certificate of an authority that stays is known again, after another authority left', async (t) => {
  const address = `127.0.0.1:${await unusedPort()}`;
  const listening = (clientAuthorities: readonly string[]) => ({
    listen: [{ address, tls: { ...tls, clientAuthorities, clientCertificate: 'request' } }],
  });
  const two = await startPoorter(t, {
    ...{ description, upstream: service.url },
    files: {
      'tls.pem': server.certificate,
      'tls.key': server.key,
      'ca.pem': authority.certificate,
      'foreign.pem': foreign.certificate,
    },
    configuration: listening(['./ca.pem', './foreign.pem']),
  });
  const kept = [shop, stranger].map((certificate) => ({
    agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    ...shown(certificate),
  }));
  t.after(() => {
    for (const { agent } of kept) agent.destroy();
  });
  for (const options of kept) {
    assert.equal((await get(address, '/certificate', options)).status, 200);
  }
  two.write('poorter.yaml', { ...parse(two.read('poorter.yaml')), ...listening(['./ca.pem']) });
  const [stays, leaves] = kept as [(typeof kept)[0], (typeof kept)[0]];
  await eventually('the other authority is gone', async () => {
    return (await get(address, '/certificate', leaves)).status === 401;
  });
  await eventually('a connection that is kept comes to know its caller again', async () => {
    return (await get(address, '/certificate', stays)).status === 200;
  });
  assert.equal((await get(address, '/certificate', stays)).status, 200);
  assert.equal((await get(address, '/certificate', leaves)).status, 401);
});
