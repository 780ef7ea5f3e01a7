import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { Agent, fetch as undiciFetch } from 'undici';
import { type Certificate, makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const authority = makeAuthority({ after }, 'Clients');
const [port, mtlsPort] = [await unusedPort(), await unusedPort()];
const server = authority.issue('/CN=gate.test');
const tls = { certificate: './gate.pem', key: './gate.key' };
const origin = `https://localhost:${port}`;
const mtls = `https://localhost:${mtlsPort}`;
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, {
  issuer: {
    ...{ origin, address: `127.0.0.1:${port}`, tls },
    mtls: {
      ...{ origin: mtls, address: `127.0.0.1:${mtlsPort}` },
      ...{ ...tls, authorities: ['./authority.pem'] },
    },
  },
  files: {
    ...{ 'gate.pem': server.certificate, 'gate.key': server.key },
    'authority.pem': authority.certificate,
  },
});
const agents: Agent[] = [];
after(() => Promise.all(agents.map((agent) => agent.close())));

/** As a program that shows this certificate wherever it is asked for one. */
function showing(shown?: Certificate) {
  const own = shown && { cert: shown.certificate, key: shown.key };
  const agent = new Agent({ connect: { ca: authority.certificate, ...own } });
  agents.push(agent);
  return (url: string, options: object = {}) => undiciFetch(url, { ...options, dispatcher: agent });
}

async function handshake(at: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: at, servername: 'localhost', ca: authority.certificate },
      ...options,
    });
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
}

test('the authorization server speaks TLS 1.3, and 1.2 with the suites that are left of it, and nothing older', async () => {
  for (const at of [port, mtlsPort]) {
    assert.match(await handshake(at, {}), /^TLSv1\.3 TLS_(?:AES|CHACHA20)/);
    assert.match(
      await handshake(at, { maxVersion: 'TLSv1.2' }),
      /^TLSv1\.2 ECDHE-.*(?:GCM|POLY1305)/,
    );
    const older = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    } as const;
    assert.doesNotMatch(await handshake(at, older), /^TLSv1/);
    for (const suite of [
      'ECDHE-ECDSA-AES128-SHA',
      'ECDHE-ECDSA-AES256-SHA384',
      'AES128-GCM-SHA256',
    ]) {
      const weak = { maxVersion: 'TLSv1.2', ciphers: `${suite}:@SECLEVEL=0` } as const;
      assert.doesNotMatch(await handshake(at, weak), /^TLSv1/, suite);
    }
  }
});

test('pages and answers over TLS tell browsers to stay with it', async () => {
  for (const path of [
    '/account/sign-in',
    '/auth',
    '/.well-known/openid-configuration',
    '/nowhere',
  ]) {
    const answer = await showing()(`${origin}${path}`);
    const told = answer.headers.get('strict-transport-security');
    assert.match(String(told), /^max-age=\d{8,}/, path);
  }
});

test('the document leads clients with a certificate to where it is asked for, at each endpoint', async () => {
  const answer = await showing()(`${origin}/.well-known/openid-configuration`);
  const metadata = (await answer.json()) as Record<string, unknown>;
  const aliases = metadata['mtls_endpoint_aliases'] as Record<string, string>;
  for (const endpoint of [
    ...['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'userinfo_endpoint'],
    ...['pushed_authorization_request_endpoint', 'backchannel_authentication_endpoint'],
    'device_authorization_endpoint',
  ]) {
    const path = new URL(String(metadata[endpoint])).pathname;
    assert.equal(aliases[endpoint], `${mtls}${path}`, endpoint);
  }
});

async function tokenFor(id: string, shown: Certificate) {
  const answer = await showing(shown)(`${mtls}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'client_credentials', client_id: id, scope: 'accounts.read' },
    }),
  });
  return answer.status;
}

const CASES: readonly (readonly [string, string, string, string])[] = [
  ['dns:tpp.example', '/CN=a', 'DNS:tpp.example', 'DNS:tpp.example.evil.test'],
  ['uri:https://tpp.example/a', '/CN=a', 'URI:https://tpp.example/a', 'URI:https://tpp.example/b'],
  ['ip:2001:db8::1', '/CN=a', 'IP:2001:db8:0::1', 'IP:2001:db8::2'],
  ['ip:192.0.2.1', '/CN=a', 'IP:192.0.2.1', 'DNS:192.0.2.1'],
  ['email:ops@tpp.example', '/CN=a', 'email:ops@tpp.example', 'email:ops@tpp.example.evil.test'],
];

test('a certificate is its client’s by the one name that is registered, of its kind, whole', async () => {
  const made = ['clients', 'create', '--name', 'Nightly', '--profile', 'machine', '--scopes'];
  const bound = ['accounts.read', '--binding', 'certificate', '--authentication', 'certificate'];
  const make = (subject: string) => issuer.run(...made, ...bound, '--subject', subject);
  for (const [subject, name, names, other] of CASES) {
    const id = await make(subject);
    assert.equal(await tokenFor(id, authority.issue(name, { names })), 200, subject);
    const near = authority.issue(name, { names: other });
    assert.equal(await tokenFor(id, near), 401, `${subject}: ${other}`);
  }
  for (const [subject, good, near] of [
    ['CN=tpp,O=Bank,C=BE', '/C=BE/O=Bank/CN=tpp', '/C=BE/O=Bank/CN=tpp/CN=tpp'],
    ['CN=tpp,O=Bank\\, Ltd', '/O=Bank, Ltd/CN=tpp', '/O=Bank/CN=tpp'],
    ['CN=tpp', '/CN=tpp', '/O=x/CN=tpp'],
  ] as const) {
    const id = await make(`dn:${subject}`);
    assert.equal(await tokenFor(id, authority.issue(good)), 200, subject);
    assert.equal(await tokenFor(id, authority.issue(near)), 401, `${subject}: ${near}`);
  }
});
