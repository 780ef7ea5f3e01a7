import assert from 'node:assert/strict';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { Agent, request, fetch as undiciFetch } from 'undici';
import { call } from './world/calls.fixture.ts';
import { type Certificate, makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { makeMachine, startIssuer } from './world/own-issuer.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

test('a machine with a key of its own is given tokens that are bound to another, and the gate takes them with proofs alone', async () => {
  const { poorter } = issuer;
  const machine = await makeMachine(issuer, 'accounts.read');
  const { configuration } = machine;
  const DPoP = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  const scope = 'accounts.read';
  const tokens = await oidc.clientCredentialsGrant(configuration, { scope }, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(tokens.scope, 'accounts.read');
  assert.ok((tokens.expires_in ?? 0) <= 300);
  const claims = decodeJwt(tokens.access_token);
  assert.equal(decodeProtectedHeader(tokens.access_token).typ, 'at+jwt');
  assert.equal(claims.iss, issuer.origin);
  assert.equal(claims['client_id'], machine.id);

  const url = new URL(`${poorter.url}/accounts`);
  const ask = (method: string) =>
    oidc.fetchProtectedResource(configuration, tokens.access_token, url, method, null, undefined, {
      DPoP,
    });
  assert.equal((await ask('GET')).status, 200);
  assert.equal((await ask('GET')).status, 200);
  // The token has no more than was asked for.
  assert.equal((await ask('POST').catch((error) => error.response ?? error)).status, 403);
  const alone = await call(String(url), {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  assert.equal(alone.status, 401);
  assert.equal(JSON.parse(alone.text).code, 'proof_invalid');
  const forwarded = upstream.requests();
  assert.equal(forwarded, 2);

  // A second DPoP key is not the one of the token.
  const other = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  const foreign = await oidc
    .fetchProtectedResource(configuration, tokens.access_token, url, 'GET', null, undefined, {
      DPoP: other,
    })
    .catch((error) => error.response ?? error);
  assert.equal(foreign.status, 401);
  assert.equal(upstream.requests(), forwarded);
});

test('what a machine may not have, it is not given', async () => {
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration, id, key } = await makeMachine(issuer, 'accounts.read', ...free);
  const refused = async (wish: Record<string, string>, code: string) =>
    assert.rejects(oidc.clientCredentialsGrant(configuration, wish), { error: code });
  await refused({ scope: 'accounts.write' }, 'invalid_scope');
  await refused({ scope: 'accounts.read made.up' }, 'invalid_scope');
  await refused({ scope: 'accounts.read', resource: 'https://other.test' }, 'invalid_target');

  const assertionOf = (more: { aud?: string; exp?: string; iss?: string; jti?: string } = {}) =>
    new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(more.iss ?? id)
      .setSubject(id)
      .setAudience(more.aud ?? issuer.origin)
      .setJti(more.jti ?? crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime(more.exp ?? '60s')
      .sign(key);
  const ask = async (assertion: string) => {
    const answer = await fetch(`${issuer.origin}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'client_credentials', scope: 'accounts.read' },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    });
    const { error } = (await answer.json()) as { error?: string };
    return `${answer.status} ${error ?? 'token'}`;
  };
  assert.equal(await ask(await assertionOf()), '200 token');
  for (const [what, assertion] of [
    ['for another server', await assertionOf({ aud: 'https://other.test' })],
    ['for a year', await assertionOf({ exp: '1y' })],
    ['of the past', await assertionOf({ exp: '-1m' })],
    ['of another client', await assertionOf({ iss: 'client_other' })],
  ] as const) {
    assert.equal(await ask(assertion), '401 invalid_client', what);
  }
  const once = await assertionOf();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(once)));
  assert.equal(answers.filter((one) => one === '200 token').length, 1, 'one assertion, one token');
});

test('a client that is disabled is refused everywhere when its operator is answered', async () => {
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration, id } = await makeMachine(issuer, 'accounts.read', ...free);
  const give = () => oidc.clientCredentialsGrant(configuration, { scope: 'accounts.read' });
  const { access_token: token } = await give();
  const headers = { authorization: `Bearer ${token}` };
  const ask = async () => (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  assert.equal(await ask(), 200);
  let isAnswered = false;
  let late = 0;
  const calling = (async () => {
    for (let rest = 50; rest > 0; ) {
      const wasAnswered = isAnswered;
      if ((await ask()) === 200 && wasAnswered) late += 1;
      if (isAnswered) rest -= 1;
    }
  })();
  await issuer.run('clients', 'disable', id);
  isAnswered = true;
  await calling;
  assert.equal(late, 0);
  await assert.rejects(give(), { error: 'invalid_client' });
});

test('keys rotate without a failed call, and what a revoked one signed is refused at once', async (t) => {
  const issuer = await startIssuer(t, upstream.url);
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration } = await makeMachine(issuer, 'accounts.read', ...free);
  const give = async () =>
    (await oidc.clientCredentialsGrant(configuration, { scope: 'accounts.read' })).access_token;
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  };
  const first = await give();
  const kidOf = (token: string) => decodeProtectedHeader(token).kid;
  let isOver = false;
  let failed = 0;
  const calling = (async () => {
    while (!isOver) if ((await ask(await give())) !== 200) failed += 1;
  })();
  await issuer.run('issuer', 'rotate', '--now');
  await issuer.run('issuer', 'rotate', '--now', '--algorithm', 'EdDSA');
  let last = await give();
  for (const deadline = Date.now() + 60_000; kidOf(last) === kidOf(first); last = await give()) {
    assert.ok(Date.now() < deadline, 'another key signs');
  }
  isOver = true;
  await calling;
  assert.equal(failed, 0);
  assert.equal(await ask(first), 200, 'what the key before signed is good until its end');
  await issuer.run('issuer', 'revoke', String(kidOf(first)));
  assert.equal(await ask(first), 401);
  assert.equal(await ask(last), 200);
});

test('a machine looks at its own tokens and takes one back, with effect at every gate when it is answered', async () => {
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration, id } = await makeMachine(issuer, 'accounts.read', ...free);
  const other = await makeMachine(issuer, 'accounts.read', ...free);
  const give = async () =>
    (await oidc.clientCredentialsGrant(configuration, { scope: 'accounts.read' })).access_token;
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  };
  const [token, kept] = [await give(), await give()];
  const seen = await oidc.tokenIntrospection(configuration, token);
  assert.equal(seen.active, true);
  assert.deepEqual(
    [seen.client_id, seen.scope, seen.iss, seen.sub, seen.token_type],
    [id, 'accounts.read', issuer.origin, id, 'Bearer'],
  );
  assert.equal(seen.jti, decodeJwt(token).jti);
  const nothing = { active: false };
  assert.deepEqual(
    await oidc.tokenIntrospection(other.configuration, token),
    nothing,
    'of another',
  );
  await oidc.tokenRevocation(other.configuration, token);
  assert.equal(await ask(token), 200, 'nobody takes back what is another’s');
  for (const bad of [`${token}x`, 'a.b.c', 'opaque', token.split('.').slice(0, 2).join('.')]) {
    assert.deepEqual(await oidc.tokenIntrospection(configuration, bad), nothing, bad);
  }

  await oidc.tokenRevocation(configuration, token);
  assert.equal(await ask(token), 401);
  assert.equal(await ask(kept), 200, 'and no other');
  assert.deepEqual(await oidc.tokenIntrospection(configuration, token), nothing);
  assert.equal((await oidc.tokenIntrospection(configuration, kept)).active, true);
  await oidc.tokenRevocation(configuration, token);
});

test('whoever looks at tokens all day is answered each time: what was looked at is let go of', async () => {
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration } = await makeMachine(issuer, 'accounts.read', ...free);
  const given = await oidc.clientCredentialsGrant(configuration, { scope: 'accounts.read' });
  const made = ['clients', 'create', '--name', 'Looker', '--profile', 'browser'];
  const [id, secret] = (
    await issuer.run(...made, '--redirect-uri', 'https://looker.test/callback')
  ).split('\n');
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  const look = async () => {
    const answer = await request(`${issuer.origin}/token/introspection`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${basic}` },
      },
      body: String(new URLSearchParams({ token: given.access_token })),
    });
    await answer.body.dump();
    return answer.statusCode;
  };
  // More than are held at once.
  const statuses = new Set<number>();
  for (let round = 0; round < 55; round += 1) {
    for (const one of await Promise.all(Array.from({ length: 20 }, look))) statuses.add(one);
  }
  assert.deepEqual([...statuses], [200]);
});

test('what the server offers stands where both kinds of client look for it', async () => {
  const read = async (path: string) =>
    (await fetch(`${issuer.origin}${path}`)).json() as Promise<Record<string, unknown>>;
  const metadata = await read('/.well-known/oauth-authorization-server');
  assert.deepEqual(metadata, await read('/.well-known/openid-configuration'));
  assert.ok(issuer.poorter.output().includes(issuer.origin), 'and is said at the start');
  assert.equal(metadata['issuer'], issuer.origin);
  // RFC 9700 §2.1.2, §2.4: nothing of what is no longer done.
  assert.deepEqual(metadata['response_types_supported'], ['code']);
  assert.deepEqual(metadata['code_challenge_methods_supported'], ['S256']);
  const grants = metadata['grant_types_supported'] as string[];
  for (const gone of ['implicit', 'password']) assert.ok(!grants.includes(gone), gone);
  const { keys } = (await read('/jwks')) as { keys: Record<string, unknown>[] };
  for (const key of keys) assert.equal(key['d'], undefined);
  const resource = await (
    await fetch(`${issuer.poorter.url}/.well-known/oauth-protected-resource`)
  ).json();
  assert.deepEqual((resource as Record<string, unknown>)['authorization_servers'], [issuer.origin]);
});

test('a machine with a certificate is given tokens that are bound to it, of an authority and of its own making', async (t) => {
  const authority = makeAuthority(t, 'Clients');
  const stranger = makeAuthority(t, 'Strangers');
  const [mtls, gate] = [await unusedPort(), await unusedPort()];
  const server = authority.issue('/CN=gate.test');
  const files = { 'gate.pem': server.certificate, 'gate.key': server.key };
  const tls = { certificate: './gate.pem', key: './gate.key' };
  const issuer = await startIssuer(t, upstream.url, {
    issuer: {
      mtls: {
        ...{ origin: `https://127.0.0.1:${mtls}`, address: `127.0.0.1:${mtls}` },
        ...{ ...tls, authorities: ['./authority.pem'] },
      },
    },
    listen: [
      {
        address: `127.0.0.1:${gate}`,
        tls: { ...tls, clientCertificate: 'request', clientAuthorities: ['./authority.pem'] },
      },
    ],
    files: { ...files, 'authority.pem': authority.certificate },
  });
  const agents: Agent[] = [];
  t.after(() => Promise.all(agents.map((agent) => agent.close())));
  /** As a program that shows this certificate wherever it is asked for one. */
  const showing = (shown: { certificate: string; key: string }) => {
    const connect = { ca: authority.certificate, cert: shown.certificate, key: shown.key };
    const agent = new Agent({ connect });
    agents.push(agent);
    return (url: string, options: object) => undiciFetch(url, { ...options, dispatcher: agent });
  };
  const make = async (...more: string[]) => {
    const made = ['clients', 'create', '--name', 'Nightly', '--profile', 'machine'];
    const bound = ['--scopes', 'accounts.read', '--binding', 'certificate'];
    return issuer.run(...made, ...bound, ...more);
  };
  const configure = async (id: string, method: oidc.ClientAuth, shown: Certificate) => {
    const metadata = { use_mtls_endpoint_aliases: true };
    const configuration = await oidc.discovery(new URL(issuer.origin), id, metadata, method, {
      execute: [oidc.allowInsecureRequests],
    });
    configuration[oidc.customFetch] = showing(shown) as never;
    return configuration;
  };
  const byName = await make('--authentication', 'certificate', '--subject', 'dns:tpp.example');
  const own = authority.issue('/CN=TPP', { names: 'DNS:tpp.example' });
  const configuration = await configure(byName, oidc.TlsClientAuth(), own);
  const { access_token: token } = await oidc.clientCredentialsGrant(configuration, {
    scope: 'accounts.read',
  });
  const { x5t } = { x5t: (decodeJwt(token)['cnf'] as Record<string, string>)['x5t#S256'] };
  const der = new X509Certificate(own.certificate).raw;
  assert.equal(x5t, createHash('sha256').update(der).digest('base64url'));

  const ask = async (shown: Certificate) => {
    const headers = { authorization: `Bearer ${token}` };
    const url = `https://127.0.0.1:${gate}/accounts`;
    return (await showing(shown)(url, { headers })).status;
  };
  assert.equal(await ask(own), 200);
  const another = authority.issue('/CN=Other', { names: 'DNS:other.example' });
  assert.equal(await ask(another), 401, 'a token that was stolen');
  for (const [what, shown] of [
    ['of another name', another],
    ['of strangers', stranger.issue('/CN=TPP', { names: 'DNS:tpp.example' })],
  ] as const) {
    const foreign = await configure(byName, oidc.TlsClientAuth(), shown);
    await assert.rejects(
      oidc.clientCredentialsGrant(foreign, { scope: 'accounts.read' }),
      { error: 'invalid_client' },
      what,
    );
  }

  // RFC 8705 §2.2: of no authority at all, and registered.
  const lonely = stranger.issue('/CN=Lonely');
  const publicKey = createPublicKey(lonely.certificate).export({ format: 'jwk' });
  const x5c = [new X509Certificate(lonely.certificate).raw.toString('base64')];
  issuer.poorter.write('own.jwk', JSON.stringify({ ...publicKey, x5c, alg: 'ES256' }));
  const file = `${issuer.poorter.folder}/own.jwk`;
  const registered = await make('--authentication', 'self_signed_certificate', '--jwks', file);
  const alone = await configure(registered, oidc.TlsClientAuth(), lonely);
  const given = await oidc.clientCredentialsGrant(alone, { scope: 'accounts.read' });
  assert.ok((decodeJwt(given.access_token)['cnf'] as Record<string, string>)['x5t#S256']);
  const foreign = await configure(registered, oidc.TlsClientAuth(), own);
  await assert.rejects(oidc.clientCredentialsGrant(foreign, { scope: 'accounts.read' }), {
    error: 'invalid_client',
  });
});

test('a certificate that a header field tells of is nobody’s', async (t) => {
  const authority = makeAuthority(t);
  const issuer = await startIssuer(t, upstream.url, { trust: { proxies: ['127.0.0.1'] } });
  const made = ['clients', 'create', '--name', 'Nightly', '--profile', 'machine'];
  const shown = ['--authentication', 'certificate', '--subject', 'dns:tpp.example'];
  const id = await issuer.run(...made, ...shown, '--binding', 'certificate');
  const { certificate } = authority.issue('/CN=TPP', { names: 'DNS:tpp.example' });
  const pem = encodeURIComponent(certificate);
  const answer = await fetch(`${issuer.origin}/token`, {
    method: 'POST',
    headers: { 'x-ssl-cert': pem, 'client-cert': pem, 'x-forwarded-client-cert': `Cert=${pem}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id }),
  });
  assert.equal(answer.status, 401);
  assert.equal(((await answer.json()) as { error: string }).error, 'invalid_client');
});

test('behind a proxy that speaks TLS, addresses are those that callers know', async (t) => {
  const address = `127.0.0.1:${await unusedPort()}`;
  const origin = 'https://login.bank.test';
  await startIssuer(t, upstream.url, { issuer: { origin, address } });
  const readAs = (host: string) =>
    request(`http://${address}/.well-known/openid-configuration`, { headers: { host } });
  const metadata = (await (await readAs('login.bank.test')).body.json()) as Record<string, unknown>;
  for (const name of ['issuer', 'token_endpoint', 'jwks_uri', 'authorization_endpoint']) {
    assert.match(String(metadata[name]), /^https:\/\/login\.bank\.test/, name);
  }
  const other = await readAs('evil.test');
  assert.equal(other.statusCode, 404, 'and it answers under no other name');
  await other.body.dump();
});

test('without its authorization server, a gate goes on with the tokens that were given', async (t) => {
  const issuer = await startIssuer(t, upstream.url);
  const free = ['--binding', 'none', '--accept', 'unbound-tokens'];
  const { configuration } = await makeMachine(issuer, 'accounts.read', ...free);
  const give = () => oidc.clientCredentialsGrant(configuration, { scope: 'accounts.read' });
  const { access_token: token } = await give();
  process.kill(issuer.poorter.children().issuer, 'SIGKILL');
  await issuer.poorter.awaitNotice('issuer_ended');
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 200);
  for (const deadline = Date.now() + 60_000; ; ) {
    const answer = await give().catch(() => null);
    if (answer !== null) break;
    assert.ok(Date.now() < deadline, 'it is started again');
  }
});
