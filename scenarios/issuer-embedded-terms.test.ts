import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { type Certificate, makeAuthority } from './world/certificates.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Fields,
  Installation,
  shown,
  type Told,
} from './world/installed-application.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const BACK = 'https://till.bank.test/back';

test('a session that was given to a certificate goes on with that one alone, and the tokens are bound to it', async (t) => {
  const authority = makeAuthority(t, 'Clients');
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const mtls = `https://127.0.0.1:${port}`;
  const server = authority.issue('/CN=gate.test');
  const issuer = await startIssuer(t, upstream.url, {
    issuer: {
      mtls: {
        ...{ origin: mtls, address: `127.0.0.1:${port}`, authorities: ['./authority.pem'] },
        ...{ certificate: './gate.pem', key: './gate.key' },
      },
    },
    api: { flows: ['embedded'] },
    files: {
      ...{ 'gate.pem': server.certificate, 'gate.key': server.key },
      'authority.pem': authority.certificate,
    },
  });
  const person = await enrol(issuer, 'griet@example.test');
  const client = await issuer.run(
    ...['clients', 'create', '--name', 'Till', '--profile', 'fapi2', '--flows', 'embedded'],
    ...['--authentication', 'certificate', '--subject', 'dns:till.example'],
    ...['--binding', 'certificate', '--redirect-uri', BACK, '--scopes', 'accounts.read'],
  );
  const issue = () => authority.issue('/CN=Till', { names: 'DNS:till.example' });
  const [own, other] = [issue(), issue()];
  const ask = (path: string, fields: Fields, by: Certificate) =>
    post(`${mtls}${path}`, fields, { ...by, ca: authority.certificate });
  // Only for the request and what belongs to it: nothing here shows a proof.
  const { request: asked, verifier } = await Installation.of(issuer, client);
  const from = { ...asked, redirect_uri: BACK };

  const metadata = await fetch(`${issuer.origin}/.well-known/openid-configuration`);
  const { mtls_endpoint_aliases: aliases } = (await metadata.json()) as Record<string, object>;
  assert.partialDeepStrictEqual(aliases, {
    authorization_challenge_endpoint: `${mtls}/authorize-challenge`,
  });
  const begun = await ask('/authorize-challenge', from, own);
  assert.equal(begun.body.error, 'insufficient_authorization', begun.text);
  const on = { client_id: client, auth_session: begun.body.auth_session };
  const stolen = await ask('/authorize-challenge', on, other);
  assert.equal(stolen.body.error, 'invalid_session', 'of the same name, and not the same');
  const passkey = shown(person.passkey, begun);
  const led = await ask('/authorize-challenge', { ...on, passkey }, own);
  assert.equal(led.body.error, 'redirect_to_web', led.text);
  const url = new URL('/auth', issuer.origin);
  url.searchParams.set('client_id', client);
  url.searchParams.set('request_uri', led.body.request_uri ?? '');
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, person));
  const grant = { grant_type: 'authorization_code', client_id: client, code_verifier: verifier };
  const code = back.searchParams.get('code') ?? '';
  const web = await ask('/token', { ...grant, code, redirect_uri: BACK }, own);
  assert.equal(web.status, 200, web.text);

  const again = await ask('/authorize-challenge', from, own);
  const given = await ask(
    '/authorize-challenge',
    { ...on, auth_session: again.body.auth_session, passkey: shown(person.passkey, again) },
    own,
  );
  assert.equal(given.status, 200, given.text);
  const tokens = await ask('/token', { ...grant, code: given.body.authorization_code }, own);
  const { cnf } = decodeJwt(tokens.body.access_token ?? '');
  const der = new X509Certificate(own.certificate).raw;
  const x5t = createHash('sha256').update(der).digest('base64url');
  assert.deepEqual(cnf, { 'x5t#S256': x5t });
});

function post(
  url: string,
  fields: Fields,
  { certificate, key, ca }: Certificate & { readonly ca: string },
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const asking = request(
      url,
      { method: 'POST', headers, cert: certificate, key, ca },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers: said } = answer;
          resolve({ status, text, headers: said, body: JSON.parse(text) });
        });
      },
    );
    asking.once('error', reject);
    const sent = Object.entries(fields).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    asking.end(String(new URLSearchParams(sent)));
  });
}

const description = (permit: object | undefined) => ({
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  paths: {
    '/payments': {
      post: {
        security: [{ oauth: [] }],
        ...(permit !== undefined && { 'x-poorter': { permit } }),
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
  components: {
    securitySchemes: {
      oauth: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://login.test/token', scopes: {} } },
      },
    },
  },
});

test('ways to ask people that lead nowhere are refused where they are written, with the line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-flows-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const permit = { type: 'payment_initiation', match: { '/a': '/a' } };
  const named = 'issuer: { origin: "http://localhost:9091" }';
  const numbered = 'issuer: { origin: "http://127.0.0.1:9091" }';
  const trusted =
    'trust: { issuers: [{ issuer: "https://else.test", audience: "x", jwks: none }] }';
  const cases: readonly (readonly [string, string, string, object | undefined, RegExp])[] = [
    [
      'nobody asks',
      trusted,
      '[redirect]',
      undefined,
      /poorter\.yaml:5.*flows-without-issuer|there is none/s,
    ],
    [
      'no passkeys',
      numbered,
      '[embedded]',
      undefined,
      /poorter\.yaml:5:.*nobody can sign in within/s,
    ],
    [
      'an approval by a code alone',
      named,
      '[device]',
      permit,
      /poorter\.yaml:5:.*nobody can approve it/s,
    ],
    ['one twice', named, '[redirect, redirect]', undefined, /poorter\.yaml:5:.*names one twice/s],
    ['an unknown way', named, '[pigeon]', undefined, /poorter\.yaml:5:/s],
  ];
  for (const [what, issuer, flows, asks, says] of cases) {
    writeFileSync(join(folder, 'api.yaml'), JSON.stringify(description(asks)), { mode: 0o600 });
    const lines = [
      ...['publicOrigin: https://api.test', 'apis:', '  - spec: api.yaml'],
      ...['    upstream: http://127.0.0.1:3000', `    flows: ${flows}`, issuer, 'storage: ./data'],
    ];
    writeFileSync(join(folder, 'poorter.yaml'), lines.join('\n'), { mode: 0o600 });
    const { status, out, err } = await poorterHere([
      'check',
      '--config',
      join(folder, 'poorter.yaml'),
    ]);
    assert.equal(status, 1, `${what}: ${out}${err}`);
    assert.match(`${out}${err}`, says, what);
  }
});

test('an application that may not ask so is refused when it is made, and told why', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const make = (...more: string[]) =>
    issuer.run(
      ...['clients', 'create', '--name', 'App', '--flows', 'embedded', '--scopes', 'accounts.read'],
      ...['--redirect-uri', BACK, ...more],
    );
  await assert.rejects(
    make('--profile', 'native', '--binding', 'none'),
    /bound to a key or a cert/,
  );
  await assert.rejects(
    make('--profile', 'browser', '--binding', 'none'),
    /bound to a key or a cert/,
  );
  await assert.rejects(
    make('--profile', 'browser', '--binding', 'dpop', '--accept', 'no-pkce'),
    /embedded needs PKCE/,
  );
  const client = await make('--profile', 'native', '--binding', 'dpop');
  const phone = await Installation.of(issuer, client);
  const told = await phone.begin({ redirect_uri: BACK });
  assert.deepEqual([told.status, told.body.error], [400, 'invalid_target'], told.text);
  assert.match(told.body.error_description ?? '', /does not offer the flow embedded/);
  const metadata = await fetch(`${issuer.origin}/.well-known/openid-configuration`);
  assert.doesNotMatch(await metadata.text(), /authorization_challenge_endpoint/);
  // 256 bits are guessed by nobody; who tries is slowed down as with any other secret.
  let { text } = told;
  for (let guess = 0; guess < 130 && !/too_many_failures/.test(text); guess += 1) {
    ({ text } = await phone.challenge({ client_id: client, auth_session: `a${guess}` }));
  }
  assert.match(text, /too_many_failures/);
});
