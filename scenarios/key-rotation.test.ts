import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const service = await startService({ after });
const issuer = await startIssuer({ after });
const poorter = await startPoorter(
  { after },
  {
    upstream: service.url,
    description: {
      openapi: '3.1.0',
      info: { title: 'Things', version: '1' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
      paths: { '/things': { get: { responses: { 200: { description: 'ok' } } } } },
    },
    configuration: {
      trust: { issuers: [{ issuer: issuer.url, audience: AUDIENCE }] },
      // What guesses cost their address is another guarantee.
      limits: { failures: 'off' },
    },
  },
);

/** So long a call waits for the keys of an issuer. */
const WAIT_MAX_MS = 3_000;

const statusWith = async (credential: string) => {
  const headers = { authorization: `Bearer ${credential}` };
  return (await call(`${poorter.url}/things`, { headers })).status;
};

test('a flood of invented key ids around a rotation neither delays the genuine key nor floods the issuer', async () => {
  assert.equal(await statusWith(await issuer.token()), 200);
  const fetched = issuer.fetches();
  const begun = performance.now();
  const flood = async (wave: number) => {
    const tokens = Array.from({ length: 100 }, (_, index) =>
      issuer.token({}, { kid: `invented-${wave}-${index}` }),
    );
    return Promise.all((await Promise.all(tokens)).map(statusWith));
  };
  const before = flood(1);
  await issuer.rotate();
  const during = flood(2);
  const genuine = await issuer.token();
  let asked = performance.now();
  let refusals = 0;
  // A machine that is busy for longer than calls wait is asked once more.
  while ((await statusWith(genuine)) !== 200) {
    assert.ok(performance.now() - asked >= WAIT_MAX_MS, 'refused before its wait was over');
    refusals += 1;
    assert.ok(refusals <= 1, 'the flood delays the genuine key');
    asked = performance.now();
  }
  const strangers = [...(await before), ...(await during)];
  assert.deepEqual([...new Set(strangers)], [401]);
  const seconds = (performance.now() - begun) / 1_000;
  // Five at once, one a second, and the two that the rotation itself may cost.
  assert.ok(issuer.fetches() - fetched <= 7 + seconds, `${issuer.fetches() - fetched} fetches`);
});

test('an API key passes as the bearer token of a description that has no other place for keys', async () => {
  const key = await poorter.createKey('shop');
  assert.equal(await statusWith(key), 200);
  assert.equal(await statusWith(`${key.slice(0, -1)}_`), 401);
  assert.equal(await statusWith('8xLOxBtZp8'), 401);
});
