import { at, type Case, issuer, responses, set, type Tree, X } from './case.fixture.ts';
import { corsCases, limits, places, quota, rate } from './limit-cases.fixture.ts';
import { ownIssuerCases } from './own-issuer-cases.fixture.ts';
import type { WeakeningKind } from './weakening.ts';

function securityCase(
  was: Tree[],
  is: Tree[],
  kind: WeakeningKind,
  more: Partial<Case> = {},
): Case {
  const setTo = (security: Tree[]) => (_: Tree, document: Tree) => {
    document.paths['/things'].get.security = security;
  };
  return { keys: ['apis[].spec'], was: setTo(was), is: setTo(is), kinds: [kind], ...more };
}

/** Another kind of credential is another way in, in either direction. */
const otherWay = { bothWays: true } as const;

const listener = 'listen[].tls';
const link = {
  ...{ address: '127.0.0.1:9443', certificate: './gate.pem', key: './gate.key' },
  ...{ authorities: ['./first.pem'], gateways: ['a.example'] },
};
const counters = { url: 'valkeys://counters.example:6379', machines: 3, tls: {} };
const proxies = [{ address: '127.0.0.1:9500', for: 'nginx' }];

const inner = { address: '127.0.0.1:8000' };
const pem = { certificate: './gate.pem', key: './gate.key' };
const asking = { ...pem, clientCertificate: 'require', clientAuthorities: ['./first.pem'] };

function listenerCase(
  was: object[],
  is: object[],
  kinds: readonly WeakeningKind[] = ['client-certificate-loosened'],
): Case {
  const setTo = (listen: object[]) => (written: Tree) => set(written, 'listen', listen);
  const change = { was: setTo(was), is: setTo(is) };
  return { keys: ['listen[].address', `${listener}.clientCertificate`], kinds, ...change };
}

/** One that others reach than before is not held against one that they could not reach. */
const listenerCases: readonly Case[] = [
  ...[
    [inner, { address: '0.0.0.0:8443', tls: asking }],
    [
      { address: '0.0.0.0:8443', tls: asking },
      { address: '0.0.0.0:8445', tls: pem },
    ],
  ].map((was) => listenerCase(was, [...was, { address: '0.0.0.0:8444', tls: pem }])),
  listenerCase(
    [inner, { address: '0.0.0.0:8443', tls: asking }],
    [inner, { address: '192.0.2.1:8444', tls: pem }],
  ),
  // One inside went as well; that is not the one that moved.
  {
    ...listenerCase(
      [inner, { address: '0.0.0.0:8443', tls: asking }],
      [
        { address: '0.0.0.0:8443', tls: asking },
        { address: '0.0.0.0:8444', tls: pem },
      ],
    ),
    bothWays: true,
  },
  listenerCase(
    [inner, { address: '127.0.0.1:8443', tls: asking }],
    [inner, { address: '0.0.0.0:8443', tls: pem }],
    ['client-certificate-loosened', 'network-widened'],
  ),
  listenerCase(
    [{ address: '0.0.0.0:8443', tls: pem }],
    [
      { address: '0.0.0.0:8443', tls: pem },
      { address: '0.0.0.0:8444', insecure: true },
    ],
    ['tls-loosened'],
  ),
];

const target = 'apis[].upstream.targets';

/** A second way to the same service, at a host where nothing answered before. */
function anotherHost(is: Tree, kinds: readonly WeakeningKind[], was: Tree = {}): Case {
  const key = `apis[].${Object.keys(is)[0] ?? 'hosts'}`;
  const first = (written: Tree) => Object.assign(written.apis[0], { hosts: ['a.example'], ...was });
  return {
    ...{ keys: [key], was: first, kinds },
    is: (written) => {
      first(written);
      const [{ name: _, ...api }] = written.apis;
      written.apis.push({ ...api, name: 'second', hosts: ['b.example'], ...is });
    },
  };
}

const anotherHostCases: readonly Case[] = [
  anotherHost({ mode: 'observe' }, ['validation-loosened']),
  anotherHost({ response: 'report' }, ['release-loosened'], { response: 'block' }),
  anotherHost({ strictProperties: false }, ['validation-loosened'], { strictProperties: true }),
  anotherHost({ upstream: { targets: ['http://service.example/'] } }, ['tls-loosened']),
  // By another name of this machine.
  anotherHost(
    { mode: 'observe', upstream: { targets: ['http://localhost:8000'] } },
    ['validation-loosened'],
    {
      upstream: { targets: ['http://127.0.0.1:8000'] },
    },
  ),
];

const introspection = {
  ...{ url: `${issuer}/introspect`, clientId: 'gate', clientSecret: 'file:./keys.yaml' },
};

export const ruleCases: readonly Case[] = [
  // Who may call.
  securityCase([{ key: [] }], [], 'operation-opened'),
  securityCase([{ key: [] }], [{ key: [] }, {}], 'operation-opened'),
  securityCase([{ oauth: ['read', 'list'] }], [{ oauth: ['read'] }], 'security-loosened'),
  securityCase([{ oauth: ['a'] }], [{ oauth: ['b'] }], 'security-loosened', { bothWays: true }),
  securityCase([{ oauth: [], key: [] }], [{ oauth: [] }], 'security-loosened'),
  securityCase([{ oauth: [], key: [] }], [{ oauth: [] }, { key: [] }], 'security-loosened'),
  securityCase([{ oauth: [] }], [{ oauth: [] }, { basic: [] }], 'security-loosened'),
  securityCase([{ certificate: [] }], [{ oauth: [] }], 'security-loosened', otherWay),
  securityCase([{ oidc: [] }], [{ jwt: [] }], 'security-loosened'),
  securityCase([{ jwt: [] }], [{ any: [] }], 'security-loosened'),
  securityCase([{ oauth: [] }], [{ key: [] }], 'security-loosened', otherWay),
  securityCase([{ key: [] }], [{ query: [] }], 'security-loosened'),
  securityCase([{ key: [] }], [{ basic: [] }], 'security-loosened', otherWay),
  // However strong it is: whoever has one came in by none before.
  securityCase([{ key: [] }], [{ key: [] }, { oauth: [] }], 'security-loosened'),
  securityCase([{ key: [] }], [{ oauth: [] }], 'security-loosened', otherWay),
  securityCase([{ key: [] }], [{ key: [] }, { certificate: [] }], 'security-loosened'),
  securityCase(
    [{ oidc: ['admin'] }],
    [{ oidc: ['admin'] }, { certificate: ['admin'] }],
    'security-loosened',
  ),
  securityCase([{ basic: [] }], [{ basic: [] }, { key: [] }], 'security-loosened'),
  at('x-poorter.authorize', { roles: ['admin'] }, undefined, 'authorization-loosened'),
  at('x-poorter.authorize.roles', ['admin'], ['admin', 'clerk'], 'authorization-loosened'),
  at('x-poorter.authorize.scopes', ['pay', 'see'], ['see'], 'authorization-loosened'),
  at('x-poorter.authorize.clients', ['token:shop'], ['shop'], 'authorization-loosened'),
  at('x-poorter.stepUp', { acr: ['phr'] }, 'off', 'authorization-loosened'),
  permitCase({ type: 'pay', match: { '/a': '/a' } }, 'off'),
  permitCase({ type: 'pay', match: { '/a': '/a' } }, undefined),
  permitCase(
    { type: 'pay', match: { '/a': '/a', '/b': '/b' } },
    { type: 'pay', match: { '/a': '/a' } },
  ),
  ...[
    { type: 'pay', match: { '/a': '/b' } },
    { type: 'see', match: { '/a': '/a' } },
  ].map((other) => ({
    ...permitCase({ type: 'pay', match: { '/a': '/a' } }, other),
    bothWays: true as const,
  })),
  at('x-poorter.stepUp', { maxAgeSeconds: 300 }, undefined, 'authorization-loosened'),
  at('x-poorter.stepUp.acr', ['phr'], ['phr', 'mfa'], 'authorization-loosened'),
  at('x-poorter.stepUp.acr', ['phr'], ['mfa'], 'authorization-loosened', { bothWays: true }),
  at('x-poorter.stepUp.maxAgeSeconds', 300, 301, 'authorization-loosened'),
  ...[
    [{ acr: ['phr'], maxAgeSeconds: 300 }, { acr: ['phr'] }],
    [{ acr: ['phr'], maxAgeSeconds: 300 }, { maxAgeSeconds: 300 }],
  ].map(([was, is]) => at('x-poorter.stepUp', was, is, 'authorization-loosened')),
  {
    // Where nobody had to show anything, who had signed in was asked nevertheless.
    keys: ['x-poorter.stepUp'],
    was: (_, { paths }) => {
      const stepUp = { acr: ['phr'] };
      Object.assign(paths['/things'].get, {
        ...{ security: [{ oauth: [] }, {}], 'x-poorter': { stepUp } },
      });
    },
    is: (_, { paths }) => Object.assign(paths['/things'].get, { security: [{ oauth: [] }, {}] }),
    kinds: ['operation-opened'],
  },
  {
    keys: ['x-poorter.authorize.roles'],
    was: (_, { paths }) => {
      Object.assign(paths['/things'].get, {
        security: [],
        'x-poorter': { authorize: { roles: ['admin'] } },
      });
    },
    is: (_, { paths }) => Object.assign(paths['/things'].get, { security: [] }),
    kinds: ['operation-opened'],
  },
  {
    keys: ['apis[].spec'],
    was: () => undefined,
    is: (_, { paths }) => {
      paths['/new'] = { get: { security: [], responses } };
    },
    kinds: ['operation-added-open'],
  },
  // Calls that another operation answers from now on.
  {
    keys: ['apis[].spec'],
    was: (_, { paths }) => {
      paths['/things/all'] = { get: { security: [{ oauth: ['admin'] }], responses } };
    },
    is: () => undefined,
    kinds: ['security-loosened'],
    ...otherWay,
  },
  {
    keys: ['apis[].spec'],
    was: () => undefined,
    is: (_, { paths }) => {
      paths['/things/all'] = { get: { security: [{ basic: [] }], responses } };
    },
    kinds: ['security-loosened'],
    ...otherWay,
  },
  {
    keys: ['apis[].name'],
    was: () => undefined,
    is: ({ apis }, { paths }) => {
      apis[0].name = 'renamed';
      paths['/things'].get.security = [];
    },
    kinds: ['operation-opened'],
  },
  // How much.
  ...limits('limits.', 'default'),
  ...limits(X, 'limit'),
  at('limits.failures', { failures: 10 }, 'off', 'failure-budget-raised'),
  at('limits.failures.failures', 10, 11, 'failure-budget-raised'),
  {
    ...at(
      'limits.failures',
      { failures: 10, per: 'hour' },
      { failures: 10, per: 'minute' },
      'failure-budget-raised',
    ),
    keys: ['limits.failures.per'],
  },
  at('x-poorter.bodyBytesMax', 1000, 1001, 'bound-raised'),
  ...[
    ...['headerBytes', 'headerCount', 'targetBytes', 'bodyBytes', 'jsonDepth', 'jsonItems'],
    ...['jsonStringLength', 'memoryBytes', 'concurrentCalls', 'connectionsPerThread'],
  ].map((key) => at(`bounds.${key}`, 100, 101, 'bound-raised')),
  at('bounds.answerBytes', 1000, 999, 'bound-raised'),
  ...['headMs', 'bodyIdleMs', 'answerIdleMs', 'keepAliveMs'].map((key) =>
    at(`timeouts.${key}`, 1000, 2000, 'bound-raised'),
  ),
  at('timeouts.bodyBytesPerSecondMin', 512, 0, 'bound-raised'),
  at('gateway.staleAfterMs', 10_000, 20_000, 'bound-raised'),
  at('identity.lifetimeSeconds', 30, 60, 'bound-raised'),
  // From where.
  at('network.allow', ['10.0.0.0/8'], [], 'network-widened'),
  at('network.deny', ['192.0.2.0/24'], [], 'network-widened'),
  at('x-poorter.network', { allow: ['10.0.0.0/8'] }, undefined, 'network-widened'),
  at('x-poorter.network.allow', ['10.0.0.0/8'], ['10.0.0.0/7'], 'network-widened'),
  at('x-poorter.network.deny', ['10.0.0.0/8'], ['10.0.0.0/9'], 'network-widened'),
  at('trust.proxies', ['10.0.0.1'], ['10.0.0.0/8'], 'proxies-widened'),
  at('trust.proxies', [], ['10.0.0.1'], 'proxies-widened'),
  at('apis[].hosts', ['a.example'], ['a.example', 'b.example'], 'hosts-widened'),
  at('apis[].hosts', ['a.example'], [], 'hosts-widened'),
  at('listen[].address', '127.0.0.1:8443', '0.0.0.0:8443', 'network-widened'),
  {
    keys: ['listen[].insecure', listener],
    was: (written) => set(written, 'listen[].address', '0.0.0.0:8443'),
    is: (written) => set(written, 'listen', [{ address: '0.0.0.0:8443', insecure: true }]),
    kinds: ['tls-loosened', 'client-certificate-loosened'],
  },
  ...listenerCases,
  at('control.tls', { certificate: './gate.pem', key: './gate.key' }, undefined, 'tls-loosened'),
  {
    keys: ['control.address', 'control.insecure'],
    was: () => undefined,
    is: (written) => set(written, 'control', { address: '0.0.0.0:9090', insecure: true }),
    kinds: ['tls-loosened', 'network-widened'],
  },
  ...corsCases('apis[].'),
  ...corsCases(X),
  // What is checked.
  at('apis[].mode', 'enforce', 'observe', 'validation-loosened'),
  at('x-poorter.mode', 'enforce', 'observe', 'validation-loosened'),
  {
    keys: ['apis[].mode', 'apis[].response'],
    was: (written) => set(written, 'apis[].response', 'block'),
    is: (written) => Object.assign(written.apis[0], { response: 'block', mode: 'observe' }),
    kinds: ['validation-loosened', 'release-loosened'],
  },
  at('apis[].response', 'block', 'redact', 'release-loosened'),
  at('x-poorter.response', 'redact', 'report', 'release-loosened'),
  at('apis[].strictProperties', true, false, 'validation-loosened'),
  at('apis[].reading', 'strict', 'meant', 'validation-loosened'),
  at('apis[].readOnlyMembers', 'refuse', 'ignore', 'validation-loosened'),
  at('apis[].formats', 'enforce', 'report', 'validation-loosened'),
  at('apis[].allowUndocumentedQuery', ['a'], ['a', 'b'], 'validation-loosened'),
  at('apis[].allowEncodedSlash', false, true, 'validation-loosened'),
  at('apis[].upstream.preserveHost', false, true, 'validation-loosened'),
  at('x-poorter.allowUndocumentedQuery', [], ['b'], 'validation-loosened'),
  at('x-poorter.semicolons', 'refuse', 'allow', 'validation-loosened'),
  ...['reading strict meant', 'readOnlyMembers refuse ignore', 'formats enforce report'].map(
    (text): Case => {
      const [key, was, is] = text.split(' ') as [string, string, string];
      const setTo = (value: string) => (_: Tree, document: Tree) => {
        document['x-poorter'] = { [key]: value };
      };
      const kinds: WeakeningKind[] = ['validation-loosened'];
      return { keys: [`x-poorter.${key}`], was: setTo(was), is: setTo(is), kinds };
    },
  ),
  {
    keys: ['apis[].spec'],
    was: () => undefined,
    is: (_, { paths }) => {
      paths['/things'].get.responses = { ...responses, 101: { description: 'a tunnel' } };
    },
    kinds: ['validation-loosened'],
  },
  ...[
    at('forwardAuth', [], [{ ...proxies[0], allowUnseenBodies: true }], 'validation-loosened'),
    at('forwardAuth', proxies, [{ ...proxies[0], allowUnseenBodies: true }], 'validation-loosened'),
  ].map((one) => ({ ...one, keys: ['forwardAuth', 'forwardAuth[].allowUnseenBodies'] })),
  {
    ...at('forwardAuth', proxies, [{ ...proxies[0], address: '0.0.0.0:9500' }], 'network-widened'),
    keys: ['forwardAuth[].address'],
  },
  {
    ...at('forwardAuth', proxies, [{ ...proxies[0], for: 'caddy' }], 'proxies-widened'),
    ...{ keys: ['forwardAuth[].for'], bothWays: true },
  },
  // Only what a proxy let through went on.
  ...[
    { listen: [inner], kinds: ['network-widened'] as const },
    {
      listen: [{ address: '0.0.0.0:8000', insecure: true }],
      kinds: ['network-widened', 'tls-loosened'] as const,
    },
  ].map(({ listen, kinds }): Case => {
    const setTo = (listen: object[]) => (written: Tree) =>
      Object.assign(written, { listen, forwardAuth: proxies });
    return { keys: ['listen'], was: setTo([]), is: setTo(listen), kinds };
  }),
  // Whom the gate believes.
  at(
    'trust.issuers',
    [{ issuer, audience: 'api' }],
    more({ issuer: 'https://other.example' }),
    'issuer-added',
  ),
  ...[
    issuerCase('audience', ['api'], ['api', 'other']),
    issuerCase('algorithms', ['ES256'], ['ES256', 'RS256']),
    issuerCase('clockSkewSeconds', 30, 60),
    issuerCase('nonce', 'refuse', 'accept'),
    { ...issuerCase('jwks', undefined, 'https://keys.example/jwks'), bothWays: true as const },
    { ...issuerCase('rolesClaim', undefined, 'groups'), bothWays: true as const },
    { ...issuerCase('scopesClaim', undefined, 'rights'), bothWays: true as const },
    issuerCase('audienceClaim', undefined, 'client_id'),
    introspectionCase({}, { url: 'https://other.example/introspect' }, true),
    introspectionCase({ tokenPrefix: 'at_' }, {}),
    introspectionCase({ tokenPrefix: 'at_' }, { tokenPrefix: 'xt_' }, true),
    introspectionCase({ cacheSeconds: 10 }, { cacheSeconds: 60 }),
    issuerCase('introspection', undefined, introspection),
    {
      ...issuerCase('jwks', 'none', undefined),
      was: (written: Tree) =>
        Object.assign(written.trust.issuers[0], { jwks: 'none', introspection }),
      is: (written: Tree) => Object.assign(written.trust.issuers[0], { introspection }),
    },
    {
      ...issuerCase('issuer', issuer, 'https://other.example'),
      kinds: ['issuer-added'] as const,
      bothWays: true as const,
    },
  ].map((one) => ({ ...one, was: withoutOidc(one.was), is: withoutOidc(one.is) })),
  ...ownIssuerCases,
  at('trust.revoked', ['somebody', 'else'], ['else'], 'revocation-removed'),
  at('keys', './keys.yaml', './other-keys.yaml', 'keys-elsewhere', { bothWays: true }),
  at('keyRotation.refuseAfterDays', 30, 60, 'key-rotation-loosened'),
  at('keyRotation.refuseAfterDays', 30, undefined, 'key-rotation-loosened'),
  at('keyRotation.warnAfterDays', 30, 60, 'key-rotation-loosened'),
  at('keyRotation.warnAfterDays', 30, undefined, 'key-rotation-loosened'),
  at(`${listener}.minVersion`, 'TLSv1.3', 'TLSv1.2', 'tls-loosened'),
  at(`${listener}.clientCertificate`, 'require', 'request', 'client-certificate-loosened'),
  at(`${listener}.clientCertificate`, 'request', 'none', 'client-certificate-loosened'),
  at(`${listener}.clientAuthorities`, ['./first.pem'], ['./both.pem'], 'authority-added'),
  at('apis[].upstream.targets', ['https://a.example'], ['http://a.example'], 'tls-loosened'),
  at(target, ['https://127.0.0.1:8000'], ['http://127.0.0.1:8000'], 'tls-loosened'),
  ...[
    [['https://a.example'], ['https://b.example']],
    [['https://a.example'], ['https://a.example:8443']],
    [['https://a.example'], ['https://a.example/other']],
  ].map(([was, is]) => at(target, was, is, 'upstream-elsewhere', { bothWays: true })),
  at(
    target,
    ['https://a.example'],
    ['https://a.example', 'https://b.example'],
    'upstream-elsewhere',
  ),
  at('apis[].audience', 'one', 'other', 'upstream-elsewhere', { bothWays: true }),
  at('apis[].audience', undefined, 'other', 'upstream-elsewhere', { bothWays: true }),
  ...anotherHostCases,
  ...(['limit', 'quota', 'concurrency'] as const).map((key): Case => {
    const limit = { limit: rate, quota, concurrency: places }[key];
    const was: Case['was'] = (_, { paths }) => {
      for (const { get } of Object.values<Tree>(paths)) get['x-poorter'] = { [key]: limit };
    };
    const is: Case['is'] = (written, document) => {
      was(written, document);
      document.paths['/new'] = { get: { security: [{ key: [] }], responses } };
    };
    return { keys: ['apis[].spec'], was, is, kinds: ['limit-removed'] };
  }),
  at('apis[].upstream.tls.authorities', ['./first.pem'], ['./both.pem'], 'authority-added'),
  at('apis[].upstream.tls.authorities', ['./first.pem'], [], 'authority-added'),
  at('apis[].upstream.tls.serverName', undefined, 'other.example', 'authority-added', {
    bothWays: true,
  }),
  at('counters', counters, 'memory', 'counters-apart'),
  countersCase('url', counters.url, 'valkey://counters.example:6379', 'tls-loosened'),
  // Whoever has the store decides how much is allowed.
  {
    ...at('counters', 'memory', { url: 'valkey://counters.example' }, 'tls-loosened'),
    bothWays: true,
  },
  ...['valkeys://other.example:6379', 'valkeys://counters.example:6380'].map((url) => ({
    ...countersCase('url', counters.url, url, 'counters-apart'),
    bothWays: true as const,
  })),
  { ...countersCase('url', counters.url, `${counters.url}/1`, 'counters-apart'), bothWays: true },
  countersCase('machines', 3, 2, 'counters-apart'),
  countersCase('tls.authorities', ['./first.pem'], [], 'authority-added'),
  countersCase('tls.authorities', ['./first.pem'], ['./both.pem'], 'authority-added'),
  {
    ...countersCase('tls.serverName', undefined, 'other.example', 'authority-added'),
    bothWays: true,
  },
  linkCase('gateways', ['a.example'], ['a.example', 'b.example'], 'gateway-admitted'),
  linkCase('authorities', ['./first.pem'], ['./both.pem'], 'authority-added'),
  at('link', undefined, link, 'gateway-admitted'),
  // What is kept.
  at('x-poorter.audit', 'durable', 'batched', 'records-loosened'),
  at('log.keepDays', 400, 30, 'records-loosened'),
  at('log.keepBytes', 2_000_000_000, 1_000_000_000, 'records-loosened'),
  at('records.file', undefined, './calls.jsonl', 'records-loosened'),
  at('reload', 'ask', 'apply', 'reload-unasked'),
];

function more(other: object): object[] {
  return [
    { issuer, audience: 'api' },
    { audience: 'api', ...other },
  ];
}

function issuerCase(key: string, was: unknown, is: unknown): Case {
  return at(`trust.issuers[].${key}`, was, is, 'issuer-loosened');
}

function introspectionCase(was: object, is: object, bothWays = false): Case {
  const at = (more: object) => ({ ...introspection, ...more });
  const one = issuerCase('introspection', at(was), at(is));
  const keys = Object.keys({ ...was, ...is }).map((key) => `trust.issuers[].introspection.${key}`);
  return { ...one, keys, ...(bothWays && { bothWays: true }) };
}

/** Its scheme names the issuer; that is not what these cases are about. */
function withoutOidc(change: Case['was']): Case['was'] {
  return (written, document) => {
    delete document.components.securitySchemes.oidc;
    change(written, document);
  };
}

function countersCase(key: string, was: unknown, is: unknown, kind: WeakeningKind): Case {
  const setTo = (value: unknown) => (written: Tree) => {
    set(written, 'counters', structuredClone(counters));
    if (key === 'url' && String(value).startsWith('valkey:')) delete written.counters.tls;
    set(written, `counters.${key}`, value);
  };
  return { keys: [`counters.${key}`], was: setTo(was), is: setTo(is), kinds: [kind] };
}

function linkCase(key: string, was: unknown, is: unknown, kind: WeakeningKind): Case {
  const setTo = (value: unknown) => (written: Tree) =>
    set(written, 'link', { ...link, [key]: value });
  return { keys: [`link.${key}`], was: setTo(was), is: setTo(is), kinds: [kind] };
}

/** At an operation with a body, which can be compared. */
function permitCase(was: unknown, is: unknown): Case {
  const setTo =
    (permit: unknown) =>
    (_: Tree, { paths }: Tree) => {
      paths['/pay'] = {
        post: {
          security: [{ oauth: [] }],
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { type: 'object' } } },
          },
          responses,
          ...(permit !== undefined && { 'x-poorter': { permit } }),
        },
      };
    };
  const keys = ['permit', 'permit.type', 'permit.match'].map((key) => `x-poorter.${key}`);
  return { keys, was: setTo(was), is: setTo(is), kinds: ['authorization-loosened'] };
}
