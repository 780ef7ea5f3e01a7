import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { loadConfiguration } from '../configuration/load-configuration.ts';
import { realWorld } from '../platform/world/index.ts';
import { mayTry, TRIAL_TRUST, TrialIssuer } from './trial-issuer.ts';

const apis = [{ spec: './a.yaml', upstream: 'http://127.0.0.1:9' }];
const configured = (more: object = {}) =>
  loadConfiguration({ file: null, values: { apis, ...more } });

test('a trial needs a document on the command line, on this machine alone, and no issuer', () => {
  assert.ok(mayTry(configured(), null));
  assert.ok(mayTry(configured({ listen: [{ address: '[::1]:0' }] }), null));
  assert.equal(mayTry(configured(), 'poorter.yaml'), false);
  for (const more of [
    { listen: [{ address: '0.0.0.0:0' }] },
    { listen: [{ address: '127.0.0.1:0' }, { address: '10.0.0.1:0' }] },
    { listen: [{ address: '10.0.0.1:0', insecure: true }] },
    { listen: [] },
    { control: { address: '0.0.0.0:0', insecure: true } },
    { trust: { issuers: [{ issuer: 'https://login.example', audience: 'api' }] } },
    { forwardAuth: [{ address: '127.0.0.1:0', for: 'nginx' }] },
  ]) {
    assert.equal(mayTry(configured(more), null), false, JSON.stringify(more));
  }
});

test('the token of a trial carries what the document asks for, and stays readable for the gate', async () => {
  const trial = await TrialIssuer.open(realWorld);
  trial.offer([{ scopes: ['read', 'write', 'no good'], roles: ['teller'] }]);
  const { payload } = await jwtVerify(await trial.token(), createLocalJWKSet(trial.keys.jwks), {
    issuer: TRIAL_TRUST.issuer,
    audience: [...TRIAL_TRUST.audiences],
  });
  assert.equal(payload['scope'], 'read write');
  assert.deepEqual(payload['roles'], ['teller']);
  assert.equal(decodeJwt(await trial.token({ scopes: [] }))['scope'], '');
  const names = Array.from({ length: 5_000 }, (_, index) => `resource-${index}:read`);
  trial.offer([{ scopes: names, roles: names }]);
  assert.ok((await trial.token()).length < 8_192);
});

test('two trials share no key', async () => {
  const [one, two] = [await TrialIssuer.open(realWorld), await TrialIssuer.open(realWorld)];
  await assert.rejects(jwtVerify(await one.token(), createLocalJWKSet(two.keys.jwks)));
  assert.notEqual(one.keys.generation, two.keys.generation);
  assert.equal('d' in (one.keys.jwks.keys[0] as object), false);
});

test('a trial token is issued at the time of the world that the issuer was given', async () => {
  const nowMs = Date.UTC(2031, 0, 1);
  const trial = await TrialIssuer.open({ now: () => nowMs });
  const { iat, exp } = decodeJwt(await trial.token());
  assert.equal(iat, nowMs / 1000);
  assert.ok(exp !== undefined && exp > nowMs / 1000);
});

test('a trial token says that its holder signed in now, and how, where that is asked for', async () => {
  const nowMs = Date.UTC(2031, 0, 1);
  const trial = await TrialIssuer.open({ now: () => nowMs });
  const { auth_time: at, acr } = decodeJwt(await trial.token());
  assert.deepEqual([at, acr], [nowMs / 1000, undefined]);
  assert.equal(decodeJwt(await trial.token({ acr: 'phr' }))['acr'], 'phr');
});

test('a slip in a scope is told with what is asked for, and no token comes of it', async () => {
  const trial = await TrialIssuer.open(realWorld);
  trial.offer([{ scopes: ['books.read', 'books.write'], roles: ['teller'] }]);
  const ask = (query: string) =>
    trial.answer({
      ...{ method: 'POST', url: `/trial/token?${query}`, headers: { host: '127.0.0.1:9090' } },
      socket: { remoteAddress: '127.0.0.1' },
    } as IncomingMessage);
  for (const query of ['scope=books.reed', 'scope=books.read%20books.reed']) {
    const { status, body } = await ask(query);
    assert.equal(status, 400);
    const { detail } = body as { detail: string };
    assert.match(
      detail,
      /'books\.reed'; did you mean 'books\.read'\?.*: books\.read, books\.write$/,
    );
  }
  for (const query of [
    'scope=books.read',
    'scope=',
    'scope=books.read&role=teller',
    'role=of-the-service',
  ]) {
    assert.equal((await ask(query)).status, 200, query);
  }
});
