import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { makeAuthority } from './world/certificates.fixture.ts';
import { ACCESS_TOKEN, EXCHANGE, exchange, give, startExchange } from './world/exchange.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const shared = await startExchange({ after });

test('a token is bound where the terms of its client say so, and what was bound stays so', async () => {
  const { issuer, ask, makeService, makeCaller } = shared;
  const free = await makeCaller();
  const bound = await makeService('accounts.read', '--binding', 'dpop');
  const unbound = await makeService();
  const handle = async ({ configuration }: { configuration: oidc.Configuration }) =>
    oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  const token = await give(free, 'accounts.read');
  await assert.rejects(exchange(bound.configuration, token), { error: 'invalid_grant' });
  const DPoP = await handle(bound);
  const given = await exchange(bound.configuration, token, {}, { DPoP });
  assert.equal(given.token_type, 'dpop');
  assert.equal(
    (decodeJwt(given.access_token)['cnf'] as Record<string, string>)['jkt'],
    await DPoP.calculateThumbprint(),
  );
  assert.equal(await ask(given.access_token), 401, 'without its proof');
  const url = new URL(`${issuer.poorter.url}/accounts`);
  const answer = await oidc.fetchProtectedResource(
    ...([bound.configuration, given.access_token, url, 'GET', null, undefined, { DPoP }] as const),
  );
  assert.equal(answer.status, 200);
  await assert.rejects(
    exchange(unbound.configuration, given.access_token),
    { error: 'invalid_request' },
    'a bound one for an unbound one',
  );
  const shown = await exchange(
    unbound.configuration,
    given.access_token,
    {},
    {
      DPoP: await handle(unbound),
    },
  );
  assert.equal(shown.token_type, 'dpop', 'bound to a key of its own');
});

test('a service that shows a certificate is given what is bound to it, and nothing without one', async (t) => {
  const authority = makeAuthority(t, 'Clients');
  const port = await unusedPort();
  const { certificate, key } = authority.issue('/CN=login.test');
  const mtls = {
    ...{ origin: `https://127.0.0.1:${port}`, address: `127.0.0.1:${port}` },
    ...{ certificate: './login.pem', key: './login.key', authorities: ['./authority.pem'] },
  };
  const files = { 'login.pem': certificate, 'login.key': key };
  const { issuer, makeService, makeCaller } = await startExchange(t, {
    issuer: { mtls },
    files: { ...files, 'authority.pem': authority.certificate },
  });
  const service = await makeService('accounts.read', '--binding', 'certificate');
  const token = await give(await makeCaller(), 'accounts.read');
  await assert.rejects(exchange(service.configuration, token), { error: 'invalid_grant' });
  const own = authority.issue('/CN=Service');
  const connect = { ca: authority.certificate, cert: own.certificate, key: own.key };
  const agent = new Agent({ connect });
  t.after(() => agent.close());
  const metadata = { use_mtls_endpoint_aliases: true };
  const shows = await oidc.discovery(
    ...([new URL(issuer.origin), service.id, metadata] as const),
    oidc.PrivateKeyJwt({ key: service.key, kid: 'k1' }),
    { execute: [oidc.allowInsecureRequests] },
  );
  shows[oidc.customFetch] = ((url: string, options: object) =>
    undiciFetch(url, { ...options, dispatcher: agent })) as never;
  const given = await exchange(shows, token);
  const { raw } = new X509Certificate(own.certificate);
  const thumbprint = createHash('sha256').update(raw).digest('base64url');
  assert.deepEqual(decodeJwt(given.access_token)['cnf'], { 'x5t#S256': thumbprint });
});

test('one proof of possession, fifty at once: one token', async () => {
  const { issuer, makeService, makeCaller } = shared;
  const service = await makeService('accounts.read', '--binding', 'dpop');
  const token = await give(await makeCaller(), 'accounts.read');
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const proof = await new SignJWT({ htm: 'POST', htu: `${issuer.origin}/token`, jti: 'p1' })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
    .setIssuedAt()
    .sign(privateKey);
  const ask = async () => {
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(service.id)
      .setSubject(service.id)
      .setAudience(issuer.origin)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(service.key);
    const answer = await fetch(`${issuer.origin}/token`, {
      method: 'POST',
      headers: { DPoP: proof },
      body: new URLSearchParams({
        ...{ grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    });
    return answer.status;
  };
  const answers = await Promise.all(Array.from({ length: 50 }, ask));
  assert.equal(answers.filter((status) => status === 200).length, 1);
});
