import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAuthorization, compileStepUp } from './policies/authorize/index.ts';
import {
  bearer,
  claimsOf,
  key,
  NOW,
  requestOf,
  schemes,
  signer,
  tokenOf,
  World,
} from './policies/identify/identify.fixture.ts';
import { compileIdentification } from './policies/identify/index.ts';

/** Signed tokens, read and judged as a call has it. */
const options = { realm: 'bank', resourceMetadataUrl: null };
const SKEW = 30;

function operation(stepUp: { acr?: string[]; maxAgeSeconds?: number }) {
  const security = [{ key: [] }, { oauth: [] }];
  const world = new World();
  const identify = compileIdentification({ security, wantsToken: true }, schemes, options, world);
  const asked = compileStepUp(stepUp, { ...options, security, schemes, scopes: [] });
  const authorize = compileAuthorization(undefined, options, asked);
  return async (request: ReturnType<typeof requestOf>): Promise<string> => {
    const identity = await identify(request);
    if (identity.kind === 'deny') return identity.code;
    const verdict = authorize(request, identity);
    return verdict.kind === 'deny' ? verdict.code : 'pass';
  };
}

const WANTED = { acr: ['phr', 'urn:mace:silver'], maxAgeSeconds: 300 };
/** As a hostile issuer might write them: numbers beyond doubles, and any JSON at all. */
const anyAcr = fc.oneof(
  fc.constantFrom('"phr"', '"urn:mace:silver"', '"PHR"', '["phr"]', '{"phr":1}', '"phr "', '""'),
  fc.json(),
);
const anyTime = fc.oneof(
  fc.integer({ min: NOW - 400, max: NOW + 100 }).map(String),
  fc.constantFrom('1e400', '-1', '-0', '1e-7', `"${NOW}"`, `${NOW}.5`, `${NOW}.0`, 'null', 'true'),
  fc.constantFrom(`[${NOW}]`, '9007199254740993', `${NOW - 10}e0`, 'NaN', '{}', '-1e400'),
  fc.json(),
);

test('whatever a token says of its sign-in, it passes only if that is plainly what is asked for', async () => {
  const ask = operation(WANTED);
  await fc.assert(
    fc.asyncProperty(anyAcr, anyTime, async (acr, time) => {
      const { jti: _, ...claims } = claimsOf();
      const rest = JSON.stringify({ ...claims, jti: `${acr} ${time}`.slice(0, 200) });
      const text = `${rest.slice(0, -1)},"acr":${acr},"auth_time":${time}}`;
      const token = signer.sign({ alg: signer.alg, kid: signer.jwk.kid }, text);
      const outcome = await ask(bearer(token));
      const saysClass = ['"phr"', '"urn:mace:silver"'].includes(acr.trim());
      let seconds: unknown;
      try {
        seconds = JSON.parse(time);
      } catch {
        assert.equal(outcome, 'credentials_invalid');
        return;
      }
      const isRecent =
        typeof seconds === 'number' &&
        Number.isSafeInteger(seconds) &&
        seconds >= NOW - 300 - SKEW &&
        seconds <= NOW + SKEW;
      if (outcome === 'pass') assert.ok(saysClass && isRecent, text);
      else if (saysClass && isRecent) assert.fail(`${outcome}: ${text}`);
    }),
    { numRuns: 400 },
  );
});

test('a token of a machine, and one without auth_time, never passes; elsewhere such claims hold nobody up', async () => {
  const ask = operation(WANTED);
  assert.equal(await ask(bearer(tokenOf())), 'insufficient_user_authentication');
  const halves = [{ acr: 'phr' }, { auth_time: NOW }, { acr: 'phr', auth_time: String(NOW) }];
  for (const claims of halves) {
    assert.equal(await ask(bearer(tokenOf(claims))), 'insufficient_user_authentication');
  }
  const elsewhere = operation({ acr: ['phr'] });
  assert.equal(await elsewhere(bearer(tokenOf({ acr: 'phr', auth_time: 'often' }))), 'pass');
});

test('a token that is remembered is judged anew at each call: it grows too old', async () => {
  const ask = operation(WANTED);
  const token = tokenOf({ acr: 'phr', auth_time: NOW, exp: NOW + 3_600 });
  assert.equal(await ask(bearer(token)), 'pass');
  assert.equal(await ask(bearer(token, { nowMs: (NOW + 330) * 1000 })), 'pass');
  const late = bearer(token, { nowMs: (NOW + 331) * 1000 });
  assert.equal(await ask(late), 'insufficient_user_authentication');
});

test('who adds the token that was asked for to the key that was not enough, is let in', async () => {
  const ask = operation(WANTED);
  const withKey = { 'x-api-key': key };
  assert.equal(await ask(requestOf({ headers: withKey })), 'insufficient_user_authentication');
  const token = tokenOf({ acr: 'phr', auth_time: NOW });
  const headers = { ...withKey, authorization: `Bearer ${token}` };
  assert.equal(await ask(requestOf({ headers })), 'pass');
});
