import type { ClientTerms } from './client-terms.ts';

export const jwks = {
  keys: [
    {
      ...{ kty: 'EC', crv: 'P-256', kid: 'k1', alg: 'ES256' },
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
  ],
};

/** A client of each profile, as strong as it is meant to be. */
export const machine: ClientTerms = {
  ...{ name: 'Nightly export', profile: 'machine', binding: 'dpop' },
  authentication: { method: 'private_key_jwt', keys: { jwks } },
  ...{ redirectUris: [], postLogoutRedirectUris: [], flows: [], scopes: ['accounts.read'] },
  ...{ logoutNoticeUri: null, decisionNoticeUri: null, detailTypes: [] },
  ...{ messageSigning: false, idTokenAlgorithm: 'ES256', page: null, accepts: [] },
};

export const browser: ClientTerms = {
  ...machine,
  ...{ name: 'Budget', profile: 'browser', binding: 'none' },
  ...{ authentication: { method: 'secret' }, flows: ['redirect'] },
  redirectUris: ['https://budget.example/callback'],
};

export const native: ClientTerms = {
  ...browser,
  ...{ name: 'Budget for phones', profile: 'native' },
  authentication: { method: 'none' },
  redirectUris: ['https://budget.example/app', 'http://127.0.0.1/callback'],
};

export const fapi2: ClientTerms = {
  ...browser,
  ...{ name: 'Account information', profile: 'fapi2', binding: 'certificate' },
  authentication: { method: 'certificate', subject: { kind: 'dns', value: 'tpp.example' } },
  flows: ['redirect', 'decoupled'],
};
