import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import { HeaderFields } from '@poorter/openapi/checks';
import type { IdentifiedPrincipal, SatisfiedAlternative, SignIn } from '../../identity.ts';
import { compileAuthorization, compileStepUp } from './index.ts';
import { stepUpSchema } from './step-up-config.ts';

const NOW = 1_800_000_000;
const request = {
  ...{ id: '1', nowMs: NOW * 1000, clientAddress: '192.0.2.1', method: 'GET', path: '/' },
  ...{ query: '', headers: new HeaderFields([]), clientCertificate: null },
  ...{ hasBody: false, isUpgrade: false, isTls: true },
};
const schemes: Record<string, SecurityScheme> = {
  key: { type: 'apiKey', in: 'header', name: 'X-Key' },
  oauth: { type: 'oauth2' },
};
const META = 'https://api.example/meta';
const security: readonly SecurityRequirement[] = [{ key: [] }, { oauth: ['pay'] }];

function caller(signIn: Partial<SignIn> | null, more: Partial<IdentifiedPrincipal> = {}) {
  const said = { contextClass: null, atSeconds: null, clockSkewSeconds: 30, ...signIn };
  return {
    ...{ kind: 'token', client: 'app', clientNames: ['app'], subject: 'anna', issuer: 'i' },
    ...{ scopes: ['pay'], roles: [], credentialId: null, expiresAt: null },
    ...(signIn !== null && { signIn: said }),
    ...more,
  } as IdentifiedPrincipal;
}

function judge(stepUp: unknown, principal: IdentifiedPrincipal | null, authorize: object = {}) {
  const satisfied: SatisfiedAlternative[] = [
    {
      schemes:
        principal === null
          ? []
          : [{ scheme: 'oauth', carries: 'scopes', required: ['pay'], principal }],
    },
  ];
  const options = { realm: 'bank', resourceMetadataUrl: META };
  const ports = { ...options, security, schemes, scopes: ['more'] };
  const evaluate = compileStepUp(stepUpSchema.optional().parse(stepUp), ports);
  return compileAuthorization(authorize, options, evaluate)(request, { principal, satisfied });
}

function reasonOf(stepUp: unknown, principal: IdentifiedPrincipal | null): unknown {
  const verdict = judge(stepUp, principal);
  if (verdict.kind === 'pass') return 'pass';
  assert.equal(verdict.code, 'insufficient_user_authentication');
  return verdict.evidence['reason'];
}

test('who signed in as one of these classes may call, and nobody whose class resembles one', () => {
  const stepUp = { acr: ['phr', 'phrh'] };
  for (const contextClass of ['phr', 'phrh']) {
    assert.equal(reasonOf(stepUp, caller({ contextClass })), 'pass');
  }
  for (const contextClass of ['PHR', 'ph', 'phr phrh', 'phr ', 'pwd']) {
    assert.equal(reasonOf(stepUp, caller({ contextClass })), 'another-acr');
  }
  assert.equal(reasonOf(stepUp, caller({ atSeconds: NOW })), 'acr-missing');
  assert.equal(reasonOf(stepUp, caller(null)), 'acr-missing');
});

test('who signed in lately may call, to the second, and clocks may differ by what their issuer may', () => {
  const stepUp = { maxAgeSeconds: 300 };
  const at = (atSeconds: number, clockSkewSeconds = 0) =>
    reasonOf(stepUp, caller({ atSeconds, clockSkewSeconds }));
  assert.equal(at(NOW - 300), 'pass');
  assert.equal(at(NOW - 301), 'auth-time-too-old');
  assert.equal(at(NOW - 330, 30), 'pass');
  assert.equal(at(NOW - 331, 30), 'auth-time-too-old');
  assert.equal(at(NOW), 'pass');
  assert.equal(at(NOW + 1), 'auth-time-ahead');
  assert.equal(at(NOW + 30, 30), 'pass');
  assert.equal(at(NOW + 31, 30), 'auth-time-ahead');
  assert.equal(at(Number.NaN), 'auth-time-ahead');
  assert.equal(at(NOW - 10, Number.NaN), 'auth-time-ahead');
  assert.equal(reasonOf(stepUp, caller({ contextClass: 'phr' })), 'auth-time-missing');
  assert.equal(reasonOf(stepUp, caller(null)), 'auth-time-missing');
});

test('both are asked for where both are written', () => {
  const stepUp = { acr: ['phr'], maxAgeSeconds: 300 };
  assert.equal(reasonOf(stepUp, caller({ contextClass: 'phr', atSeconds: NOW })), 'pass');
  assert.equal(
    reasonOf(stepUp, caller({ contextClass: 'phr', atSeconds: NOW - 900 })),
    'auth-time-too-old',
  );
  assert.equal(reasonOf(stepUp, caller({ contextClass: 'pwd', atSeconds: NOW })), 'another-acr');
});

test('the answer says what to ask the issuer for, as RFC 9470 has it', () => {
  const verdict = judge({ acr: ['phr', 'mfa'], maxAgeSeconds: 300 }, caller(null));
  assert.deepEqual(verdict.answerHeaders, [
    'www-authenticate',
    `Bearer realm="bank", error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="phr mfa", max_age="300", scope="pay more", resource_metadata="${META}"`,
  ]);
  const [, old] =
    judge({ maxAgeSeconds: 300 }, caller({ atSeconds: NOW - 900 })).answerHeaders ?? [];
  assert.match(old ?? '', /error_description="More recent authentication is required", max_age=/);
  assert.doesNotMatch(old ?? '', /acr_values/);
});

test('a token that is bound to a key is told so under its own scheme, for scopes as well', () => {
  const bound = { isKeyBound: true } as const;
  const [, challenge] = judge({ acr: ['phr'] }, caller(null, bound)).answerHeaders ?? [];
  assert.match(challenge ?? '', /^DPoP .*acr_values="phr".*algs="ES256 EdDSA PS256"$/);
  const lacking = judge(undefined, caller(null, { ...bound, scopes: [] }));
  assert.match(String(lacking.answerHeaders), /^www-authenticate,DPoP .*insufficient_scope.*algs=/);
});

test('a key, a certificate and nobody are told of the token that would do, whatever else they lack', () => {
  const signIn = { contextClass: 'phr', atSeconds: NOW };
  for (const kind of ['key', 'certificate'] as const) {
    const principal = caller(signIn, { kind, scopes: [] });
    assert.equal(reasonOf({ acr: ['phr'] }, principal), 'not-a-token', kind);
    const [, challenge] = judge({ acr: ['phr'] }, principal).answerHeaders ?? [];
    assert.match(challenge ?? '', /^Bearer .*acr_values="phr".*scope="pay more"/);
  }
  assert.equal(reasonOf({ acr: ['phr'] }, null), 'not-a-token');
});

test('nobody signs in again for what they may not do anyway', () => {
  const stepUp = { acr: ['phr'] };
  const unscoped = judge(stepUp, caller(null, { scopes: [] }));
  assert.equal(unscoped.kind === 'deny' && unscoped.code, 'insufficient_scope');
  const without = judge(stepUp, caller(null), { roles: ['teller'] });
  assert.equal(without.kind === 'deny' && without.code, 'role_required');
});

test('the record says what was asked for, and nothing of what the token said', () => {
  const verdict = judge(
    { acr: ['phr'], maxAgeSeconds: 300 },
    caller({ contextClass: 'MARKER', atSeconds: 7 }),
  );
  assert.ok(verdict.kind === 'deny');
  assert.deepEqual(verdict.evidence, {
    ...{ reason: 'another-acr', anyOf: ['phr'], maxAgeSeconds: 300 },
  });
});

test('off and unsaid ask for nothing', () => {
  assert.equal(judge('off', caller(null)).kind, 'pass');
  assert.equal(judge(undefined, caller(null)).kind, 'pass');
});

test('what asks for nothing, or cannot be asked for, does not load and says why', () => {
  const fault = (value: unknown) => stepUpSchema.safeParse(value).error?.issues[0]?.message;
  assert.match(String(fault({})), /asks for nothing: give acr, maxAgeSeconds or both/);
  assert.match(String(fault('phr')), /neither 'off' nor a mapping with acr or maxAgeSeconds/);
  assert.match(String(fault({ acr: ['a b'] })), /without blanks, quotes and backslashes/);
  for (const wrong of [
    ...[{ acr: [] }, { acr: 'phr' }, { acr: ['"'] }, { acr: [''] }, { maxAge: 5 }],
    ...[{ maxAgeSeconds: 0 }, { maxAgeSeconds: 1.5 }, { maxAgeSeconds: '5m' }, null, []],
  ]) {
    assert.notEqual(fault(wrong), undefined, JSON.stringify(wrong));
  }
});
