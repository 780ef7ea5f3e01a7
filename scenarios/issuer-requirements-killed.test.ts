import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, postForm } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'http://127.0.0.1/callback';
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, { issuer: { registration: {} } });
const person = await enrol(issuer, 'griet@example.test');
const terms = ['--profile', 'native', '--scopes', 'accounts.read', '--redirect-uri', CALLBACK];
const program = await issuer.run('clients', 'create', '--name', 'Budget', ...terms);
const verifier = oidc.randomPKCECodeVerifier();
const challenge = await oidc.calculatePKCECodeChallenge(verifier);
const AT_ONCE = 12;

async function codeOf(): Promise<string> {
  const url = new URL(`${issuer.origin}/auth`);
  url.search = String(
    new URLSearchParams({
      ...{ client_id: program, response_type: 'code', redirect_uri: CALLBACK, prompt: 'consent' },
      ...{ scope: 'openid offline_access accounts.read', code_challenge: challenge },
      code_challenge_method: 'S256',
    }),
  );
  const at = await goThrough(new SoftBrowser(issuer.origin), url, person);
  return new URL(at).searchParams.get('code') ?? '';
}

const redemption = (code: string) => ({
  ...{ grant_type: 'authorization_code', client_id: program, redirect_uri: CALLBACK, code },
  code_verifier: verifier,
});

/** Many at once, killed when the first is answered; then once more each, by the process that follows. */
async function askAcrossDeath(fields: Fields): Promise<number> {
  const { issuer: pid } = issuer.poorter.children();
  let isKilled = false;
  const ask = async () => {
    const told = await postForm(`${issuer.origin}/token`, fields).catch(() => null);
    if (told !== null && !isKilled) {
      isKilled = true;
      process.kill(pid, 'SIGKILL');
    }
    return told;
  };
  const first = await Promise.all(Array.from({ length: AT_ONCE }, ask));
  await eventually('it answers again', async () => {
    const answered = await call(`${issuer.origin}/jwks`).catch(() => null);
    return answered?.status === 200 && issuer.poorter.children().issuer !== pid;
  });
  const again = await Promise.all(
    Array.from({ length: AT_ONCE }, () => postForm(`${issuer.origin}/token`, fields)),
  );
  return [...first, ...again].filter((told) => told?.status === 200).length;
}

test('a code and a refresh token give one answer, also when the authorization server is killed between', async () => {
  for (let round = 0; round < 2; round += 1) {
    assert.ok((await askAcrossDeath(redemption(await codeOf()))) <= 1, 'a code');
    const given = await postForm(`${issuer.origin}/token`, redemption(await codeOf()));
    assert.equal(given.status, 200, JSON.stringify(given.body));
    const refresh = { grant_type: 'refresh_token', client_id: program };
    const shown = { ...refresh, refresh_token: String(given.body['refresh_token']) };
    assert.ok((await askAcrossDeath(shown)) <= 1, 'a refresh token');
  }
});
