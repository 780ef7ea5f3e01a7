import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { call, codeOf } from '../../../scenarios/world/calls.fixture.ts';
import { type ProtectionOptions, protectBy, RefusedDescription } from './protect-by.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-protect-by-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function described(stepUp: object | 'off'): string {
  const path = join(folder, 'api.json');
  const responses = { 200: { description: 'ok', content: { 'application/json': {} } } };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'T', version: '1' } },
    components: { securitySchemes: { oauth: { type: 'oauth2', flows: {} } } },
    paths: { '/a': { get: { security: [{ oauth: [] }], 'x-poorter': { stepUp }, responses } } },
  };
  writeFileSync(path, JSON.stringify(document, null, 1));
  return path;
}

async function makeKeys(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid }] };
  const sign = (claims: object) =>
    new SignJWT({ iss: 'https://login.example', aud: 'api', client_id: 'app', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setExpirationTime('5m')
      .sign(privateKey);
  return { jwks, sign };
}

async function serve(options: ProtectionOptions): Promise<(token: string) => Promise<string>> {
  const trustedProxies = ['127.0.0.1'];
  const guarded = protectBy({ ...options, trustedProxies, readsAroundFaults: true });
  const server = createServer((native, response) => {
    void guarded(native, response, ({ end }) => {
      response.end('{}');
      end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  let calls = 0;
  return async (token) => {
    // Each from an address of its own, whose failures are counted apart.
    const from = { 'x-forwarded-for': `192.0.2.${++calls}` };
    const headers = { authorization: `Bearer ${token}`, ...from };
    const answer = await call(`http://127.0.0.1:${port}/a`, { headers });
    return answer.status === 200 ? 'allowed' : codeOf(answer);
  };
}

test('tokens pass whose issuer is named, by the keys that it has at this moment', async () => {
  const [first, second] = [await makeKeys('k'), await makeKeys('k')];
  let { jwks } = first;
  const issuers = [{ issuer: 'https://login.example', audiences: ['api'], keys: () => jwks }];
  const ask = await serve({ description: described('off'), issuers });
  const token = await first.sign({});
  assert.equal(await ask(token), 'allowed');
  assert.equal(await ask(await first.sign({ aud: 'another' })), 'credentials_invalid');
  assert.equal(await ask(await first.sign({ iss: 'https://x.example' })), 'credentials_invalid');
  assert.equal(await ask(await second.sign({})), 'credentials_invalid');
  ({ jwks } = second);
  assert.equal(await ask(await second.sign({})), 'allowed');
  assert.equal(await ask(token), 'credentials_invalid', 'what was verified by keys that are gone');
});

test('a token tells how somebody signed in, and nothing is served that nobody could call', async () => {
  const { jwks, sign } = await makeKeys('k');
  const description = described({ acr: ['phr'] });
  const issuers = [{ issuer: 'https://login.example', audiences: ['api'], keys: () => jwks }];
  const ask = await serve({ description, issuers });
  assert.equal(await ask(await sign({ acr: 'phr' })), 'allowed');
  assert.equal(await ask(await sign({})), 'insufficient_user_authentication');
  assert.throws(
    () => protectBy({ description, readsAroundFaults: true }),
    (error) =>
      error instanceof RefusedDescription && /api\.json:\d+:\d+: GET \/a/.test(error.message),
  );
});
