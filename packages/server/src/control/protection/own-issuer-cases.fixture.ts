import { at, type Case, set, type Tree } from './case.fixture.ts';
import type { WeakeningKind } from './weakening.ts';

/** At which people sign in besides. */
const provider = {
  ...{ id: 'partner', issuer: 'https://login.partner.example', names: { en: 'Partner' } },
  ...{ clientId: 'poorter', clientKeys: ['./gate.key'] },
};
/** What it shows is 44 characters of base64. */
const directory = { name: 'hr', tokens: ['file:./directory.token'] };
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';

const stated = { issuer: 'https://directory.example', keys: './first.json', profile: 'fapi2' };

const androidApplication = {
  package: 'com.bank.app',
  certificates: [Array.from({ length: 32 }, () => 'AB').join(':')],
};

const pem = { certificate: './gate.pem', key: './gate.key' };
/** As many at once as in a minute. */
const sparing = { requests: 600, per: 'minute' };

/** What our own authorization server asks of those who come to it. */
export const ownIssuerCases: readonly Case[] = [
  ownIssuerCase('tokens.lifeSeconds', 60, 300, 'bound-raised'),
  ownIssuerCase('keys.rotateAfterDays', 30, 90, 'key-rotation-loosened'),
  ...(
    [
      ['requests', 1_200],
      ['per', 'minute'],
      ['burst', 200],
    ] as const
  ).map(([key, is]) => {
    const was = { requests: 600, per: 'hour', burst: 100 };
    const raised = ownIssuerCase('limit', was, { ...was, [key]: is }, 'bound-raised');
    return { ...raised, keys: [`issuer.limit.${key}`] };
  }),
  ownIssuerCase('passwords', false, true, 'security-loosened'),
  ownIssuerCase('registration', undefined, {}, 'security-loosened'),
  ownIssuerCase('registration.statements', [], [stated], 'security-loosened'),
  ...(
    [
      ['issuer', 'https://other.example'],
      ['keys', './other.json'],
      ['profile', 'browser'],
      ['flows', ['redirect', 'decoupled']],
      ['scopes', ['accounts']],
      ['detailTypes', ['payment_initiation']],
      ['clients', 7],
    ] as const
  ).map(([key, is]) => statementCase(key, is)),
  ownIssuerCase('tokens.requireProofNonce', true, false, 'security-loosened'),
  ownIssuerCase('outgoing.addresses', [], ['10.0.0.0/8'], 'network-widened'),
  ownIssuerCase('outgoing.authorities', [], ['./first.pem'], 'authority-added'),
  ownIssuerCase('detailTypes', detailTypes(true), detailTypes(false), 'security-loosened'),
  {
    ...ownIssuerCase('limit', { ...sparing, burst: 200 }, sparing, 'bound-raised'),
    keys: ['issuer.limit.burst'],
  },
  ownIssuerCase('applications.apple', [], ['ABCDE12345.com.bank.app'], 'security-loosened'),
  {
    ...ownIssuerCase('applications.android', [], [androidApplication], 'security-loosened'),
    keys: ['issuer.applications.android[].package', 'issuer.applications.android[].certificates'],
  },
  flowsCase(['redirect'], ['redirect', 'embedded']),
  { ...flowsCase(undefined, ['redirect', 'embedded']), bothWays: true },
  flowsCase(['redirect'], undefined),
  flowsCase(['redirect'], ['redirect', 'session']),
  {
    keys: ['publicOrigin'],
    ...{ was: sessionsAt('https://a.example'), is: sessionsAt('https://b.example') },
    ...{ kinds: ['security-loosened'], bothWays: true },
  },
  ownIssuerCase('sessions.idleMinutes', 30, 60, 'bound-raised'),
  ownIssuerCase('sessions.lifeHours', 4, 8, 'bound-raised'),
  ownIssuerCase('sessions.cacheSeconds', 10, 60, 'bound-raised'),
  ...[
    providerCase('algorithms', ['ES256'], ['ES256', 'RS256']),
    providerCase('acr', { gold: 'phr' }, { gold: 'phr', tin: 'phr' }),
    providerCase('acr', { gold: 'https://refeds.org/profile/sfa' }, { gold: 'phr' }, true),
    providerCase('signUp', 'nobody', 'everybody'),
    providerCase('signUp', 'nobody', { team: ['a'] }),
    providerCase('signUp', { team: ['a'] }, 'everybody'),
    providerCase('signUp', { team: ['a'] }, { team: ['a', 'b'] }),
    providerCase('signUp', { team: ['a'], unit: ['x'] }, { team: ['a'] }),
    {
      ...providerCase('issuer', 'https://login.partner.example', 'https://login.other.example'),
      ...{ kinds: ['issuer-added'] as const, bothWays: true as const },
    },
    {
      ...providerCase('profile', undefined, 'entra'),
      is: (written: Tree) => {
        const entry = { ...provider, issuer: undefined, profile: 'entra', tenant: TENANT };
        set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
        set(written, 'issuer.federation', [entry]);
      },
      ...{ keys: ['issuer.federation[].profile', 'issuer.federation[].tenant'] },
      ...{ kinds: ['issuer-added'] as const, bothWays: true as const },
    },
  ],
  ownIssuerCase('federation', [], [provider], 'issuer-added'),
  ownIssuerCase('directories', [], [directory], 'security-loosened'),
  {
    ...directoryCase({ name: 'hr' }, { name: 'entra' }),
    ...{ keys: ['issuer.directories[].name'], bothWays: true as const },
  },
  {
    ...directoryCase({ roles: {} }, { roles: { Admins: ['admin'] } }),
    keys: ['issuer.directories[].roles'],
  },
  {
    ...directoryCase({ roles: { Admins: ['a'] } }, { roles: { Admins: ['a', 'b'] } }),
    keys: ['issuer.directories[].roles'],
  },
  ...[
    {
      ...providerCase('roles', undefined, { claim: 'roles', values: { a: ['admin'] } }),
      keys: ['issuer.federation[].roles.values'],
    },
    {
      ...providerCase(
        ...(['roles', { claim: 'roles', values: { a: ['x'] } }] as const),
        ...([{ claim: 'groups', values: { a: ['x'] } }, true] as const),
      ),
      keys: ['issuer.federation[].roles.claim'],
    },
    {
      ...providerCase(...(['roles', { claim: 'roles', values: { a: ['x'] } }] as const), {
        claim: 'roles',
        values: { a: ['x', 'poorter:owner'] },
      }),
      keys: ['issuer.federation[].roles.values'],
    },
    awaitedCase(undefined, { name: 'hr', claim: 'oid' }),
    {
      ...awaitedCase({ name: 'hr', claim: 'oid' }, { name: 'hr', claim: 'sub' }),
      bothWays: true as const,
    },
    {
      ...awaitedCase({ name: 'hr', claim: 'oid' }, { name: 'okta', claim: 'oid' }),
      bothWays: true as const,
    },
  ],
  ownIssuerCase('tls', pem, undefined, 'tls-loosened'),
  {
    ...ownIssuerCase('origin', 'https://a.example', 'https://b.example', 'issuer-added'),
    bothWays: true,
  },
  {
    ...ownIssuerCase('address', '127.0.0.1:9091', '0.0.0.0:9091', 'network-widened'),
    ...{ keys: ['issuer.address', 'issuer.insecure'], kinds: ['network-widened', 'tls-loosened'] },
  },
  ownIssuerCase('mtls', mtlsOf(['./first.pem']), mtlsOf(['./both.pem']), 'authority-added'),
  {
    ...ownIssuerCase('mtls', mtlsOf([]), mtlsOf(['./first.pem']), 'authority-added'),
    keys: ['issuer.mtls.authorities'],
  },
  at('issuer', undefined, { origin: 'https://login.bank.example' }, 'issuer-added'),
];

function mtlsOf(authorities: readonly string[]): object {
  const origin = 'https://mtls.bank.example';
  return { origin, address: '0.0.0.0:9092', ...pem, authorities };
}

/** Nobody can say which of two is the weaker. */
function statementCase(key: string, is: unknown): Case {
  const changed = { ...stated, [key]: is };
  const written = ownIssuerCase(
    'registration.statements',
    [stated],
    [changed],
    'security-loosened',
  );
  return { ...written, keys: [`issuer.registration.statements[].${key}`], bothWays: true };
}

function flowsCase(was: unknown, is: unknown): Case {
  const setTo = (flows: unknown) => (written: Tree) => {
    set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
    set(written, 'apis[].flows', flows);
    set(written, 'publicOrigin', 'https://api.bank.example');
  };
  return { keys: ['apis[].flows'], was: setTo(was), is: setTo(is), kinds: ['security-loosened'] };
}

/** Whose people come in by a provider, and what names them. */
function awaitedCase(was: unknown, is: unknown): Case {
  const both = [directory, { name: 'okta', tokens: ['file:./other.token'] }];
  const setTo = (awaited: unknown) => (written: Tree) => {
    set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
    set(written, 'issuer.directories', both);
    set(written, 'issuer.federation', [{ ...provider, directory: awaited }]);
  };
  const keys = ['issuer.federation[].directory.name', 'issuer.federation[].directory.claim'];
  return { keys, was: setTo(was), is: setTo(is), kinds: ['issuer-loosened'] };
}

function directoryCase(was: object, is: object): Case {
  const written = (changed: object) => [{ ...directory, ...changed }];
  return ownIssuerCase('directories', written(was), written(is), 'security-loosened');
}

function sessionsAt(origin: string) {
  return (written: Tree) => {
    set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
    set(written, 'apis[].flows', ['session']);
    set(written, 'publicOrigin', origin);
  };
}

function ownIssuerCase(key: string, was: unknown, is: unknown, kind: WeakeningKind): Case {
  const setTo = (value: unknown) => (written: Tree) => {
    set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
    set(written, `issuer.${key}`, value);
  };
  return { keys: [`issuer.${key}`], was: setTo(was), is: setTo(is), kinds: [kind] };
}

function providerCase(key: string, was: unknown, is: unknown, isBoth = false): Case {
  const setTo = (value: unknown) => (written: Tree) => {
    set(written, 'issuer', { origin: 'https://login.bank.example', insecure: true });
    set(written, 'issuer.federation', [{ ...provider, [key]: value }]);
  };
  return {
    ...{ keys: [`issuer.federation[].${key}`], was: setTo(was), is: setTo(is) },
    ...{ kinds: ['issuer-loosened'] as const, ...(isBoth && { bothWays: true as const }) },
  };
}

function detailTypes(signed: boolean) {
  return { insurance_claim: { schema: './claim.yaml', titles: { en: 'A claim' }, signed } };
}
