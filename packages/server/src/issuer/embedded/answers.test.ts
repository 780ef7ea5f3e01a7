import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from '../protocol/library.ts';
import { answered, type ChallengeAnswer, refusedBy } from './answers.ts';
import { differenceFrom, readChallengeForm } from './challenge-form.ts';

function answer(what: ChallengeAnswer, led: Parameters<typeof answered>[2] = null) {
  const headers: Record<string, string> = {};
  const ctx = {
    ...{ status: 201, body: {} as unknown },
    set: (name: string, value: string) => {
      headers[name] = value;
    },
  };
  const told = answered(ctx, what, led);
  return { told, headers, status: ctx.status, body: ctx.body };
}

test('whoever comes while others are hashed for is told when to come again, and goes on from where they were', () => {
  assert.deepEqual(answer({ kind: 'busy', authSession: 'next' }), {
    told: { error: 'temporarily_unavailable' },
    headers: { 'retry-after': '30' },
    status: 503,
    body: { error: 'temporarily_unavailable', auth_session: 'next' },
  });
  const ended = answer({ kind: 'busy', authSession: null });
  assert.deepEqual(ended.body, { error: 'temporarily_unavailable' });
});

test('an application is told where a person goes on only where there is such a place', () => {
  const web = { kind: 'web', reason: 'why' } as const;
  const led = answer(web, { requestUri: 'urn:x', expiresIn: 60 });
  assert.deepEqual(led.body, {
    ...{ error: 'redirect_to_web', error_description: 'why' },
    ...{ request_uri: 'urn:x', expires_in: 60 },
  });
  assert.equal(led.status, 403);
  assert.deepEqual(answer(web).body, { error: 'redirect_to_web', error_description: 'why' });
});

test('what the protocol refuses keeps its name, and a fault of ours stays a fault', () => {
  const refused = refusedBy(new errors.UnmetAuthenticationRequirements('nobody can'));
  assert.partialDeepStrictEqual(refused, {
    ...{ kind: 'refused', error: 'unmet_authentication_requirements', reason: 'nobody can' },
  });
  assert.throws(() => refusedBy(new Error('the database is away')), /the database is away/);
});

test('a form with two meanings is refused, and a later call is about the first request or about nothing', () => {
  const read = (text: string) => readChallengeForm(new URLSearchParams(text));
  assert.match(String(read('scope=a&scope=b')), /scope stands twice/);
  assert.match(String(read('<b>=a&<b>=b')), /a parameter stands twice/);
  const first = read('client_id=c&scope=a&resource=x&resource=y&password=p&nonce=');
  if (typeof first === 'string') throw new Error(first);
  assert.deepEqual(first.asked, [
    ['scope', 'a'],
    ['resource', 'x'],
    ['resource', 'y'],
  ]);
  assert.deepEqual(first.typed, { password: 'p' });
  const differs = (text: string) => {
    const form = read(text);
    return typeof form === 'string' ? form : differenceFrom(first.asked, form);
  };
  assert.equal(differs('client_id=c&auth_session=s&scope=a&resource=y&otp=1'), null);
  assert.match(String(differs('scope=b')), /scope is not that of the first request/);
  assert.match(String(differs('resource=z')), /resource is not/);
  assert.match(String(differs('state=s')), /state is not/);
});
