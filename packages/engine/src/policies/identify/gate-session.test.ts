import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRequirement } from '@poorter/openapi';
import type { GateSessionQuestion, Introspection } from '../../identity.ts';
import {
  AUDIENCE,
  claimsOf,
  ISSUER,
  key,
  NOW,
  outcomeOf,
  requestOf,
  schemes,
  tokenOf,
  World,
} from './identify.fixture.ts';
import { compileIdentification } from './security-requirement.ts';

const OWN = 'https://api.example';
const COOKIE = '__Host-poorter-gate';
const SESSION = 's'.repeat(43);
const own = { issuer: ISSUER, audience: AUDIENCE };
const FROM_PAGE = { 'sec-fetch-site': 'same-origin' };

/** A host whose issuer says of each session what the test has it say. */
class AskedAboutSessions extends World {
  readonly questions: GateSessionQuestion[] = [];
  said: (question: GateSessionQuestion) => Introspection | Promise<Introspection> = () => active();

  gateSession = (question: GateSessionQuestion) => {
    this.questions.push(question);
    return this.said(question);
  };
}

const active = (claims: Record<string, unknown> = {}): Introspection => ({
  kind: 'active',
  claims: claimsOf({ page: OWN, ...claims }),
});

function identify(
  world: World,
  security: SecurityRequirement[] = [{ oauth: [] }],
  sessions = true,
) {
  const terms = {
    ownAudience: own,
    ...(sessions && { sessions: { cookie: COOKIE, origin: OWN } }),
  };
  const options = { realm: 'bank', resourceMetadataUrl: null };
  return compileIdentification({ security, ...terms }, schemes, options, world);
}

const withCookie = (headers: Record<string, string> = FROM_PAGE, value = SESSION) =>
  requestOf({ headers: { cookie: `${COOKIE}=${value}`, ...headers } });

test('a session that its issuer calls good counts as a token of that client and person', async () => {
  const world = new AskedAboutSessions();
  const found = await identify(world)(withCookie());
  assert.ok(found.kind === 'identified');
  const { kind, client, subject, issuer, scopes, credentialId } = found.principal ?? {};
  assert.deepEqual([kind, client, subject, issuer], ['token', 'app-1', 'anna', ISSUER]);
  assert.deepEqual([scopes, credentialId], [['read', 'write'], 't1']);
  assert.deepEqual(world.questions, [{ session: SESSION, audience: AUDIENCE, isAnew: false }]);
  for (const scheme of ['oauth', 'bearer', 'oidc']) {
    assert.equal(outcomeOf(await identify(world, [{ [scheme]: [] }])(withCookie())), 'app-1');
  }
});

test('where sessions are not offered, the cookie is nothing, and nobody is asked about it', async () => {
  const world = new AskedAboutSessions();
  const refused = await identify(world, [{ oauth: [] }], false)(withCookie());
  assert.equal(outcomeOf(refused), 'credentials_required');
  assert.equal(
    outcomeOf(await identify(world, [{ key: [] }])(withCookie())),
    'credentials_required',
  );
  assert.deepEqual(world.questions, []);
});

test('whoever shows a token is judged by it, whatever the cookie is', async () => {
  const world = new AskedAboutSessions();
  const headers = { ...FROM_PAGE, authorization: `Bearer ${tokenOf({ client_id: 'app-2' })}` };
  assert.equal(outcomeOf(await identify(world)(withCookie(headers))), 'app-2');
  const broken = { ...FROM_PAGE, authorization: 'Bearer x' };
  assert.equal(outcomeOf(await identify(world)(withCookie(broken))), 'token_opaque');
  assert.deepEqual(world.questions, []);
});

test('a call that comes from another page is 403, whatever the session may', async () => {
  const world = new AskedAboutSessions();
  for (const headers of [
    ...[{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }],
    { origin: 'https://evil.example' },
  ] as Record<string, string>[]) {
    const found = await identify(world)(withCookie(headers));
    assert.ok(found.kind === 'deny');
    assert.equal(found.code, 'page_not_allowed');
    assert.deepEqual(found.answerHeaders ?? [], [], 'it is no matter of another credential');
  }
  world.said = () => active({ page: undefined });
  assert.equal(outcomeOf(await identify(world)(withCookie())), 'page_not_allowed');
});

test('a session that is over, or was never one, is told apart from a wrong token', async () => {
  const world = new AskedAboutSessions();
  for (const said of [
    ...[{ kind: 'inactive' } as const, active({ exp: NOW - 400 }), active({ iss: 'https://x' })],
    ...[active({ aud: 'https://other.example' }), active({ cnf: { jkt: 'x' } })],
  ]) {
    world.said = () => said;
    const outcome = outcomeOf(await identify(world)(withCookie()));
    assert.ok(['session_invalid', 'proof_invalid'].includes(outcome), outcome);
  }
  world.questions.length = 0;
  for (const value of ['', 'x', `${SESSION}x`, `"${SESSION}"`, `${SESSION.slice(1)}=`]) {
    const found = await identify(world)(withCookie(FROM_PAGE, value));
    assert.equal(outcomeOf(found), 'session_invalid', value);
  }
  const cookie = `${COOKIE}=${SESSION}; ${COOKIE}=${SESSION}`;
  const twice = requestOf({ headers: { ...FROM_PAGE, cookie } });
  assert.equal(outcomeOf(await identify(world)(twice)), 'session_invalid');
  assert.deepEqual(world.questions, [], 'nobody is asked about what was never one');
});

test('while nobody can say whether it stands, the call is 503', async () => {
  const world = new AskedAboutSessions();
  world.said = async () => ({ kind: 'unavailable', reason: 'not-answered' });
  assert.equal(outcomeOf(await identify(world)(withCookie())), 'introspection_unavailable');
});

test('what was said and taken back is asked once more, and counts only when that was said since', async () => {
  const world = new AskedAboutSessions();
  world.revoked.add('t1');
  world.said = ({ isAnew }) => active({ jti: isAnew ? 't2' : 't1' });
  assert.equal(outcomeOf(await identify(world)(withCookie())), 'app-1');
  assert.deepEqual(
    world.questions.map(({ isAnew }) => isAnew),
    [false, true],
  );
  world.revoked.add('t2');
  assert.equal(outcomeOf(await identify(world)(withCookie())), 'session_invalid');
  assert.equal(world.questions.length, 4);
});

test('a key in a cookie that the description names goes on beside it, and another way in stays one', async () => {
  const world = new AskedAboutSessions();
  world.said = () => ({ kind: 'inactive' });
  const either = identify(world, [{ oauth: [] }, { cookieKey: [] }]);
  const cookie = `session=${key}; ${COOKIE}=${SESSION}`;
  assert.equal(outcomeOf(await either(requestOf({ headers: { cookie } }))), 'key_1');
  const both = identify(world, [{ oauth: [], cookieKey: [] }]);
  world.said = () => active();
  const request = requestOf({ headers: { ...FROM_PAGE, cookie } });
  assert.equal(outcomeOf(await both(request)), 'app-1');
  assert.equal(
    outcomeOf(await identify(world, [{}, { oauth: [] }])(withCookie({ origin: 'x' }))),
    'anonymous',
  );
});
