import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import type { IdentifiedPrincipal, SatisfiedScheme } from '../../identity.ts';
import { authorizeSchema } from './authorize-config.ts';
import { type AuthorizeContext, compileAuthorization } from './index.ts';

const request = {
  id: '1',
  nowMs: 0,
  clientAddress: '192.0.2.1',
  method: 'GET',
  path: '/',
  query: '',
  headers: new HeaderFields([]),
  clientCertificate: null,
  hasBody: false,
  isUpgrade: false,
  isTls: true,
};

const ports = { realm: 'bank', resourceMetadataUrl: 'https://api.example/meta' };

function token(scopes: string[], more: Partial<IdentifiedPrincipal> = {}): IdentifiedPrincipal {
  return {
    kind: 'token',
    client: 'app-1',
    clientNames: ['app-1'],
    subject: 'anna',
    issuer: 'https://login.example',
    scopes,
    roles: [],
    credentialId: null,
    expiresAt: null,
    ...more,
  };
}

function holding(
  required: string[],
  principal: IdentifiedPrincipal,
  carries: SatisfiedScheme['carries'] = 'scopes',
): AuthorizeContext {
  return { principal, satisfied: [{ schemes: [{ scheme: 's', carries, required, principal }] }] };
}

function judge(config: unknown, context: AuthorizeContext) {
  const parsed = config === undefined ? undefined : authorizeSchema.parse(config);
  return compileAuthorization(parsed, ports)(request, context);
}

function codeOf(config: unknown, context: AuthorizeContext): string {
  const verdict = judge(config, context);
  return verdict.kind === 'deny' ? verdict.code : 'pass';
}

const anonymous: AuthorizeContext = { principal: null, satisfied: [{ schemes: [] }] };

test('an open operation passes, and an identity that was never proven does not', () => {
  assert.equal(codeOf(undefined, anonymous), 'pass');
  assert.equal(codeOf(undefined, { principal: null, satisfied: [] }), 'credentials_required');
});

test('every scope of one alternative is needed, and any alternative suffices', () => {
  assert.equal(codeOf(undefined, holding(['a', 'b'], token(['a', 'b', 'c']))), 'pass');
  assert.equal(codeOf(undefined, holding(['a', 'b'], token(['a']))), 'insufficient_scope');
  const two = {
    principal: token(['b']),
    satisfied: [
      ...holding(['a'], token(['b'])).satisfied,
      ...holding(['b'], token(['b'])).satisfied,
    ],
  };
  assert.equal(codeOf(undefined, two), 'pass');
});

test('a scope that begins like another is another', () => {
  assert.equal(
    codeOf(undefined, holding(['read'], token(['read:all', 'Read']))),
    'insufficient_scope',
  );
});

test('the answer to a missing scope says what to ask for, as RFC 6750 has it', () => {
  const verdict = judge({ scopes: ['b', 'bad "scope"'] }, holding(['a'], token([])));
  assert.deepEqual(verdict.answerHeaders, [
    'www-authenticate',
    'Bearer realm="bank", error="insufficient_scope", error_description="The token does not carry the scope that the operation requires", scope="a b", resource_metadata="https://api.example/meta"',
  ]);
});

test('of a key, what is listed may be a scope or a role; a role of a token is no scope', () => {
  const key = token(['read'], { kind: 'key', roles: ['partner'] });
  assert.equal(codeOf(undefined, holding(['read', 'partner'], key, 'scopes-or-roles')), 'pass');
  assert.equal(codeOf(undefined, holding(['admin'], key, 'scopes-or-roles')), 'insufficient_scope');
  const person = token([], { roles: ['admin'] });
  assert.equal(codeOf(undefined, holding(['admin'], person)), 'insufficient_scope');
});

test('a key without the scope is told which, and not that it lacks a role', () => {
  const key = token(['read'], { kind: 'key' });
  const lacking = judge(undefined, holding(['write'], key, 'scopes-or-roles'));
  assert.ok(lacking.kind === 'deny' && lacking.code === 'insufficient_scope');
  assert.deepEqual(lacking.evidence, { missing: ['write'] });
  const [, challenge] = lacking.answerHeaders ?? [];
  assert.match(challenge ?? '', /^ApiKey .*error="insufficient_scope".*The key .*scope="write"/);
  const beyond = judge({ scopes: ['extra'] }, holding(['read'], key, 'scopes-or-roles'));
  assert.match(String(beyond.answerHeaders), /^www-authenticate,ApiKey .*scope="extra"/);
  const both = judge(undefined, {
    principal: key,
    satisfied: [
      {
        schemes: [
          ...(holding(['write'], key, 'scopes-or-roles').satisfied[0]?.schemes ?? []),
          ...(holding(['admin'], token([])).satisfied[0]?.schemes ?? []),
        ],
      },
    ],
  });
  assert.match(String(both.answerHeaders), /^www-authenticate,Bearer .*scope="admin"/);
});

test('a place of roles where a token has nothing is told in the record', () => {
  const lost = token([], { rolesNotFoundAt: 'realm.roles' });
  const verdict = judge({ roles: ['boss'] }, holding([], lost));
  assert.ok(verdict.kind === 'deny');
  assert.equal(verdict.evidence['rolesNotFoundAt'], 'realm.roles');
});

test('roles: any; scopes: all; clients: one of', () => {
  const caller = holding([], token(['a', 'b'], { roles: ['teller'] }));
  assert.equal(codeOf({ roles: ['boss', 'teller'] }, caller), 'pass');
  assert.equal(codeOf({ roles: ['boss'] }, caller), 'role_required');
  assert.equal(codeOf({ scopes: ['a', 'b'] }, caller), 'pass');
  assert.equal(codeOf({ scopes: ['a', 'c'] }, caller), 'insufficient_scope');
  assert.equal(codeOf({ clients: ['app-1'] }, caller), 'pass');
  assert.equal(codeOf({ clients: ['token:app-1'] }, caller), 'pass');
  assert.equal(codeOf({ clients: ['key:app-1', 'app-2'] }, caller), 'role_required');
  assert.equal(codeOf({ clients: ['app-1'], roles: ['boss'] }, caller), 'role_required');
});

test('a subject that is called like a client is not that client', () => {
  const person = token([], { client: 'app-1', subject: 'app-1', clientNames: [] });
  assert.equal(codeOf({ clients: ['app-1'] }, holding([], person)), 'role_required');
});

test('conditions close an operation that security leaves open', () => {
  for (const config of [{ roles: ['x'] }, { scopes: ['x'] }, { clients: ['x'] }]) {
    assert.equal(codeOf(config, anonymous), 'role_required');
  }
});

test('an empty or misspelled condition does not load', () => {
  for (const config of [{ roles: [] }, { scopes: [''] }, { client: ['x'] }, { roles: 'x' }]) {
    assert.equal(authorizeSchema.safeParse(config).success, false);
  }
});
