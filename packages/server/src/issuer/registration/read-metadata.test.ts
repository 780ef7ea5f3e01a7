import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InvitationTerms } from '../../access/clients/index.ts';
import { errors } from '../protocol/library.ts';
import type { AskedMetadata } from './read-metadata.ts';
import { termsWithin } from './terms-within.ts';

const CALLBACK = 'https://budget.test/callback';
const SITE = { client_name: 'Budget', redirect_uris: [CALLBACK] };
const BROWSER: InvitationTerms = {
  ...{ name: 'Budget Ltd', profile: 'browser', flows: ['redirect'] },
  ...{ scopes: ['accounts.read'], detailTypes: [] },
};
const NATIVE = { ...BROWSER, profile: 'native' } as const;
const MACHINE = { ...BROWSER, profile: 'machine', flows: [] } as const;
const FAPI = { ...BROWSER, profile: 'fapi2' } as const;

function keyed(more: AskedMetadata = {}): AskedMetadata {
  const key = { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' };
  const keys = [{ ...key, y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0', ...more }];
  return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } };
}

/** Sent, and how it is refused. */
const WEAKER: readonly (readonly [string, AskedMetadata, string])[] = [
  ['the implicit flow', { response_types: ['token'], grant_types: ['implicit'] }, 'metadata'],
  ['a hybrid flow', { response_types: ['code id_token'] }, 'metadata'],
  ['a password grant', { grant_types: ['password'] }, 'metadata'],
  ['a grant of a machine', { grant_types: ['client_credentials'] }, 'metadata'],
  [
    'a flow that nobody allowed',
    { grant_types: ['urn:openid:params:grant-type:ciba'] },
    'metadata',
  ],
  ['no authentication', { token_endpoint_auth_method: 'none' }, 'metadata'],
  ['an assertion by a secret', { token_endpoint_auth_method: 'client_secret_jwt' }, 'metadata'],
  ['one name everywhere', { subject_type: 'public' }, 'metadata'],
  ['a list of sectors', { sector_identifier_uri: 'https://budget.test/s' }, 'metadata'],
  ['more than was allowed', { scope: 'accounts.read accounts.write' }, 'metadata'],
  [
    'details of an unknown kind',
    { authorization_details_types: ['payment_initiation'] },
    'metadata',
  ],
  ['tokens that are signed by nobody', { id_token_signed_response_alg: 'none' }, 'metadata'],
  ['a name that turns a line around', { client_name: 'Bank\u202etegduB' }, 'metadata'],
  ['keys in two places', { ...keyed(), jwks_uri: 'https://budget.test/jwks' }, 'metadata'],
  ['keys in clear', { ...keyed(), jwks: undefined, jwks_uri: 'http://budget.test/k' }, 'metadata'],
  ['a private key', keyed({ d: 'AAAA' }), 'metadata'],
  ['a shared key', { ...keyed(), jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'metadata'],
  ['a statement of somebody', { software_statement: 'eyJ.x.y' }, 'metadata'],
  ['no address', { redirect_uris: [] }, 'redirect'],
  ['an address in clear', { redirect_uris: ['http://budget.test/callback'] }, 'redirect'],
  ['an address like this machine', { redirect_uris: ['http://localhost.evil.test/'] }, 'redirect'],
  ['this machine', { redirect_uris: ['http://127.0.0.1/callback'] }, 'redirect'],
  ['a wildcard', { redirect_uris: ['https://*.budget.test/callback'] }, 'redirect'],
  ['a fragment', { redirect_uris: [`${CALLBACK}#x`] }, 'redirect'],
  ['a password within', { redirect_uris: ['https://a:b@budget.test/'] }, 'redirect'],
  ['a script', { redirect_uris: ['javascript:alert(1)//'] }, 'redirect'],
  ['a scheme of its own', { redirect_uris: ['com.example.app:/x'] }, 'redirect'],
  ['two hosts', { redirect_uris: [CALLBACK, 'https://other.test/x'] }, 'redirect'],
  ['a way out in clear', { post_logout_redirect_uris: ['http://budget.test/bye'] }, 'redirect'],
  ['a notice in clear', { backchannel_logout_uri: 'http://budget.test/out' }, 'metadata'],
];

test('what registers is of its profile, and is refused where it would be weaker', () => {
  for (const [what, more, kind] of WEAKER) {
    const code = kind === 'redirect' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
    assert.throws(
      () => termsWithin({ ...SITE, ...more }, BROWSER),
      (error) => error instanceof errors.InvalidClientMetadata && error.message === code,
      what,
    );
  }
  for (const more of [
    { token_endpoint_auth_method: 'client_secret_basic' },
    { token_endpoint_auth_method: 'none' },
    {
      ...keyed(),
      dpop_bound_access_tokens: true,
      tls_client_certificate_bound_access_tokens: true,
    },
  ]) {
    assert.throws(() => termsWithin({ ...SITE, ...more }, FAPI), errors.InvalidClientMetadata);
  }
  const scheme = { ...SITE, redirect_uris: ['com.example.app:/x'] };
  assert.throws(() => termsWithin(scheme, NATIVE), { message: 'invalid_redirect_uri' });
});

test('what is not said is as strong as the profile, works, and is all that was allowed', () => {
  assert.deepEqual(termsWithin(SITE, BROWSER), {
    ...{ name: 'Budget', profile: 'browser', authentication: { method: 'secret' } },
    ...{ binding: 'none', redirectUris: [CALLBACK], postLogoutRedirectUris: [] },
    ...{ logoutNoticeUri: null, decisionNoticeUri: null, flows: ['redirect'], page: null },
    ...{ scopes: ['accounts.read'], detailTypes: [], messageSigning: false },
    ...{ idTokenAlgorithm: 'RS256', accepts: [] },
  });
  const native = termsWithin({ redirect_uris: ['http://127.0.0.1/cb', CALLBACK] }, NATIVE);
  assert.deepEqual(native.authentication, { method: 'none' });
  const { jwks } = keyed();
  const machine = termsWithin({ jwks }, MACHINE);
  assert.deepEqual([machine.authentication.method, machine.binding], ['private_key_jwt', 'dpop']);
  assert.deepEqual(machine.flows, []);
  const bank = termsWithin({ ...SITE, jwks, dpop_bound_access_tokens: false }, FAPI);
  assert.deepEqual([bank.binding, bank.idTokenAlgorithm], ['dpop', 'ES256']);
  const certified = {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'a.test',
  };
  assert.equal(termsWithin({ ...SITE, ...certified }, FAPI).binding, 'certificate');
  const named = termsWithin({ redirect_uris: [CALLBACK] }, BROWSER);
  assert.equal(named.name, 'budget.test');
  const empty = { ...SITE, jwks_uri: '', backchannel_logout_uri: null, scope: 'openid' };
  assert.deepEqual(termsWithin(empty, BROWSER).scopes, []);
});
