import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  allowOnPage,
  Installation,
  makeInstalled,
  type Told,
} from './world/installed-application.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { enrol } from './world/person.fixture.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).map((one) => one.toWellFormed()),
  fc.constantFrom(
    ...['', '\r\nSet-Cookie: a=b', '__proto__', '\u0000', 'a'.repeat(20_000), 'griet@example.test'],
    ...['{"id":"x","response":{}}', '{"id":"x","response":{"clientDataJSON":"e30"}}', '[]', 'null'],
    ...['openid', 'openid accounts.read', 'accounts.read', 'S256', 'code', 'consent', 'none', '0'],
  ),
);
const names = [
  ...['client_id', 'client_secret', 'client_assertion', 'client_assertion_type', 'auth_session'],
  ...[
    'username',
    'password',
    'otp',
    'passkey',
    'recovery',
    'scope',
    'resource',
    'prompt',
    'claims',
  ],
  ...['acr_values', 'max_age', 'authorization_details', 'redirect_uri', 'response_type', 'nonce'],
  ...[
    'code_challenge',
    'code_challenge_method',
    'login_hint',
    'id_token_hint',
    'dpop_jkt',
    'state',
  ],
  ...['response_mode', 'request', 'request_uri', '__proto__', 'constructor', 'x'],
];
interface Step {
  readonly isFirst: boolean;
  readonly fields: Readonly<Record<string, string>>;
  readonly hasProof: boolean;
}

/** Where chance rarely leads: to what is asked next, and to a browser. */
const deep = [{}, { recovery: 'x' }].map((fields): [Step[]] => [
  [{ isFirst: true, fields, hasProof: true }],
]);

const step: fc.Arbitrary<Step> = fc.record({
  isFirst: fc.boolean(),
  fields: fc.dictionary(fc.constantFrom(...names), text, { maxKeys: 4, noNullPrototype: false }),
  hasProof: fc.boolean(),
});

test('whatever an application sends, nobody is let in by it, each answer is one of the draft’s, and no session is good twice', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url, {
    issuer: { passwords: true },
    api: { flows: ['redirect', 'embedded'] },
  });
  const client = await makeInstalled(issuer);
  const person = await enrol(issuer, 'griet@example.test');
  const phone = await Installation.of(issuer, client);
  await allowOnPage(issuer, phone, await phone.signIn(person.passkey), person);
  const seen = new Set<string>();
  const used = new Set<string>();
  let last: Told | null = null;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      for (const { isFirst, fields, hasProof } of steps) {
        const session = isFirst ? undefined : last?.body.auth_session;
        const base =
          session === undefined ? phone.request : { client_id: client, auth_session: session };
        const told = await phone.challenge({ ...base, ...fields }, hasProof ? {} : { proof: null });
        // 429: strangers are slowed down, and a property runs faster than any.
        assert.ok(told.status >= 400 && told.status < 500, `${told.status} ${told.text}`);
        assert.equal(told.body.authorization_code, undefined);
        // Our own gate refuses what has two meanings, before the protocol reads it.
        if (told.status !== 429 && told.body.code !== 'request_invalid') {
          assert.match(told.body.error ?? told.text, /^[a-z_]+$/);
          assert.match(told.body.error_description ?? '', /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/);
          assert.equal(told.headers['cache-control'], 'no-store', told.text);
          seen.add(told.body.error ?? '');
        }
        const next = told.body.auth_session;
        if (next !== undefined) {
          assert.ok(!used.has(next));
          used.add(next);
        }
        last = told;
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150), examples: deep },
  );
  assert.ok(
    seen.has('insufficient_authorization') && seen.has('redirect_to_web'),
    [...seen].join(),
  );
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
});
