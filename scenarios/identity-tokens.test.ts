import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { call, codeOf, eventually } from './world/calls.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      oauth: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: 'https://login.example/token',
            scopes: { 'accounts:read': 'read', 'accounts:write': 'write' },
          },
        },
      },
    },
  },
  paths: {
    '/any': { get: { security: [{ bearer: [] }], responses: ok } },
    '/accounts': {
      get: { security: [{ oauth: ['accounts:read'] }], responses: ok },
      delete: { security: [{ oauth: ['accounts:write'] }], responses: ok },
    },
    '/tellers': {
      get: {
        security: [{ bearer: [] }],
        'x-poorter': { authorize: { roles: ['teller'] } },
        responses: ok,
      },
    },
  },
};

const service = await startService({ after });
const discovered = await startIssuer({ after });
const byUrl = await startIssuer({ after }, { issuer: 'https://url.example' });
const byFile = await startIssuer({ after }, { issuer: 'https://file.example' });
const latePort = await unusedPort();
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    files: { 'jwks.json': JSON.stringify({ keys: byFile.publicKeys() }) },
    configuration: {
      publicOrigin: AUDIENCE,
      trust: {
        issuers: [
          { issuer: discovered.url, audience: AUDIENCE, clockSkewSeconds: 0 },
          { issuer: byUrl.url, audience: AUDIENCE, jwks: `http://127.0.0.1:${byUrl.port}/jwks` },
          {
            issuer: 'https://rsa.example',
            audience: AUDIENCE,
            jwks: `http://127.0.0.1:${byUrl.port}/jwks`,
            algorithms: ['RS256'],
          },
          {
            issuer: byFile.url,
            audience: AUDIENCE,
            jwks: 'file:./jwks.json',
            rolesClaim: '/realm/roles',
          },
          { issuer: `http://127.0.0.1:${latePort}`, audience: AUDIENCE },
        ],
      },
    },
  },
);
const bearer = (token: string, path = '/any', method = 'GET') =>
  call(`${poorter.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });

async function refused(token: string, code = 'credentials_invalid') {
  const reached = service.seen.length;
  const answer = await bearer(token);
  assert.equal(codeOf(answer), code, `${answer.status} ${answer.text}`);
  assert.equal(service.seen.length, reached, 'the call reached the service');
  return answer;
}

const seconds = () => Math.floor(Date.now() / 1000);

test('tokens pass whose keys are found by discovery, at a URL, and in a file', async () => {
  for (const issuer of [discovered, byUrl, byFile]) {
    const answer = await bearer(await issuer.token());
    assert.equal(answer.status, 200, `${issuer.url} ${answer.text}`);
  }
});

test('the token stops at the gate; the service gets the caller, never for longer than the token', async () => {
  const token = await discovered.token({ exp: seconds() + 20 });
  assert.equal((await bearer(token)).status, 200);
  const { headers, rawHeaders } = service.last();
  assert.equal(headers.authorization, undefined);
  assert.equal(rawHeaders.join().includes(token), false);
  const identity = decodeJwt(String(headers['poorter-identity']));
  assert.equal(identity.sub, 'alice');
  assert.equal(identity['client_id'], 'app');
  assert.equal(identity['idp'], discovered.url);
  assert.equal(identity['scope'], 'accounts:read');
  assert.ok((identity.exp as number) <= (decodeJwt(token).exp as number));
});

test('access tokens of RFC 9068 pass, and are refused when they lack what it requires', async () => {
  assert.equal((await bearer(await discovered.token({}, { typ: 'at+jwt' }))).status, 200);
  await refused(await discovered.token({ client_id: undefined }, { typ: 'at+jwt' }));
});

test('an ID token is not an access token', async () => {
  await refused(await discovered.token({ nonce: 'n-0S6' }));
  await refused(await discovered.token({ aud: [AUDIENCE], at_hash: 'x' }));
});

test('a token for another audience, of another issuer, or of no time is refused', async () => {
  await refused(await discovered.token({ aud: 'https://other.example' }));
  await refused(await discovered.token({ aud: undefined }));
  await refused(await discovered.token({ iss: 'https://evil.example' }));
  await refused(await discovered.token({ iss: byUrl.url }));
  await refused(await discovered.token({ exp: undefined }));
  await refused(await discovered.token({ nbf: seconds() + 60 }));
  const expired = await refused(
    await discovered.token({ exp: seconds() - 5 }),
    'credentials_expired',
  );
  assert.match(String(expired.headers['www-authenticate']), /error="invalid_token"/);
});

test('unsigned tokens and HMACs made with the public key are refused', async () => {
  const [, payload] = (await discovered.token()).split('.');
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  await refused(`${encode('{"alg":"none"}')}.${payload}.`);
  await refused(`${encode('{"alg":"none"}')}.${payload}.AAAA`);
  const [jwk] = discovered.publicKeys();
  const head = encode(JSON.stringify({ alg: 'HS256', kid: jwk?.kid }));
  for (const secret of [JSON.stringify(jwk), String(jwk?.x), String(jwk?.y)]) {
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url');
    await refused(`${head}.${payload}.${mac}`);
  }
});

test('an algorithm that the issuer is not trusted with is refused, valid signature or not', async () => {
  await refused(await byUrl.token({ iss: 'https://rsa.example' }));
});

test('a changed payload and a key that the token brings along are refused', async () => {
  const [head, , signature] = (await discovered.token()).split('.');
  const forged = Buffer.from(JSON.stringify({ sub: 'root', exp: seconds() + 60 }));
  await refused(`${head}.${forged.toString('base64url')}.${signature}`);
  const [jwk] = byUrl.publicKeys();
  await refused(await byUrl.token({ iss: discovered.url }, { jwk } as never));
});

test('missing scopes are a 403 that names them', async () => {
  const token = await discovered.token();
  assert.equal((await bearer(token, '/accounts')).status, 200);
  const answer = await bearer(token, '/accounts', 'DELETE');
  assert.equal(codeOf(answer), 'insufficient_scope');
  const challenge = String(answer.headers['www-authenticate']);
  assert.match(challenge, /^Bearer .*error="insufficient_scope".*scope="accounts:write"/);
  const wider = await discovered.token({ scope: 'accounts:read accounts:write' });
  assert.equal((await bearer(wider, '/accounts', 'DELETE')).status, 200);
});

test('roles are read from the claim that the issuer uses', async () => {
  const teller = await discovered.token({ roles: ['teller'] });
  assert.equal((await bearer(teller, '/tellers')).status, 200);
  const misplaced = await byFile.token({ roles: ['teller'] });
  assert.equal(codeOf(await bearer(misplaced, '/tellers')), 'role_required');
  const nested = await byFile.token({ realm: { roles: ['teller'] } });
  assert.equal((await bearer(nested, '/tellers')).status, 200);
});

test('a 401 points to metadata that names the issuers and scopes (RFC 9728)', async () => {
  const answer = await call(`${poorter.url}/accounts`);
  assert.equal(answer.status, 401);
  const challenge = String(answer.headers['www-authenticate']);
  const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
  assert.ok(url.startsWith(`${AUDIENCE}/.well-known/oauth-protected-resource`), challenge);
  const served = await call(`${poorter.url}${new URL(url).pathname}`);
  assert.equal(served.status, 200);
  const metadata = JSON.parse(served.text) as Record<string, unknown>;
  assert.equal(metadata['resource'], AUDIENCE);
  assert.deepEqual(metadata['scopes_supported'], ['accounts:read', 'accounts:write']);
  assert.ok((metadata['authorization_servers'] as string[]).includes(discovered.url));
});

test('the first call with a rotated key passes, and the key that left is believed no longer', async () => {
  const old = await discovered.token();
  assert.equal((await bearer(old)).status, 200);
  await discovered.rotate();
  assert.equal((await bearer(await discovered.token())).status, 200);
  // What was verified with the key that left the set is not believed any longer.
  await refused(old);
});

test('an issuer that is down at the start: 503 until its keys are there', async () => {
  const url = `http://127.0.0.1:${latePort}`;
  const early = await discovered.token({ iss: url });
  const answer = await refused(early, 'keys_unavailable');
  assert.equal(answer.status, 503);
  const late = await startIssuer({ after }, { port: latePort });
  const token = await late.token();
  await eventually('it recovers', async () => (await bearer(token)).status === 200);
});

test('no token appears in a record, in the output or in a problem', async () => {
  const token = await discovered.token({ sub: 'MARKER-subject' });
  const bad = `${token.slice(0, -8)}AAAAAAAA`;
  const answer = await bearer(bad);
  assert.equal(answer.status, 401);
  assert.equal((await bearer(token)).status, 200);
  const records = JSON.stringify(await poorter.records());
  const [head, payload, signature] = token.split('.') as [string, string, string];
  for (const part of [payload, signature, `${head}.${payload}`]) {
    assert.equal(records.includes(part), false, 'in a record');
    assert.equal(poorter.output().includes(part), false, 'in the output');
    assert.equal((answer.text + answer.rawHeaders.join()).includes(part), false, 'in a problem');
  }
});

test('a rolesClaim that finds nothing is warned of once, however many tokens come', async () => {
  for (let made = 0; made < 20; made++) {
    assert.equal((await bearer(await byFile.token({ jti: `without-${made}` }))).status, 200);
  }
  const { issuer, claim } = await poorter.awaitNotice('roles_missing');
  assert.deepEqual([issuer, claim], [byFile.url, '/realm/roles']);
  assert.equal(poorter.notices('roles_missing').length, 1, poorter.output());
});
