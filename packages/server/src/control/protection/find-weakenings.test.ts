import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { extensionSchema } from '@poorter/engine/configuration';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import { configurationSchema } from '../../configuration/schema.ts';
import { realWorld } from '../../platform/world/index.ts';
import { compileSnapshot } from '../compile/compile-snapshot.ts';
import { id, issuer, responses, type Tree, X } from './case.fixture.ts';
import { fieldCases, fields, sameFields } from './field-cases.fixture.ts';
import { findWeakenings } from './find-weakenings.ts';
import { rate } from './limit-cases.fixture.ts';
import { pathCases, paths, samePaths } from './path-cases.fixture.ts';
import type { Protection } from './protection.ts';
import { emptyCases, schemaCases } from './schema-cases.fixture.ts';
import { groupWeakenings, lineOf, WEAKENING_KINDS } from './weakening.ts';
import { ruleCases } from './weakening-cases.fixture.ts';

const cases = [...ruleCases, ...schemaCases, ...pathCases, ...fieldCases];

const folder = mkdtempSync(join(tmpdir(), 'poorter-weaker-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const [first, second] = [makeAuthority({ after }, 'First'), makeAuthority({ after }, 'Second')];
const leaf = first.issue('/CN=gate');
const KEY_SET = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}';
for (const [name, text] of Object.entries({
  'claim.yaml': 'type: object\n',
  'first.pem': first.certificate,
  'both.pem': first.certificate + second.certificate,
  ...Object.fromEntries(['first.json', 'other.json'].map((name) => [name, KEY_SET])),
  'gate.pem': leaf.certificate,
  'gate.key': leaf.key,
  'other.token': randomBytes(32).toString('base64'),
  'directory.token': randomBytes(32).toString('base64'),
  'keys.yaml': 'keys: []\n',
  'other-keys.yaml': 'keys: []\n',
  'other.yaml': stringify({
    ...description(),
    paths: {
      '/{one}': {
        get: { security: [{ oauth: [] }], parameters: [{ ...id, name: 'one' }], responses },
      },
    },
  }),
  ...Object.fromEntries(
    Object.entries({ with: ['X-User-Id'], without: [] }).map(([word, names]) => [
      `${word}-identity.yaml`,
      stringify({ ...description(), paths: { '/new': operationWith(names) } }),
    ]),
  ),
  'as-concrete.yaml': stringify({
    ...description(),
    paths: {
      '/{one}s': {
        get: { security: [{ oauth: [] }], parameters: [{ ...id, name: 'one' }], responses },
      },
    },
  }),
})) {
  writeFileSync(join(folder, name), text);
}

function operationWith(names: readonly string[]): Tree {
  const parameters = names.map((name) => ({ name, in: 'header', schema: { type: 'string' } }));
  return { get: { security: [{ key: [] }], parameters, responses } };
}

function description(): Tree {
  return {
    openapi: '3.1.0',
    info: { title: 'Swept', version: '1' },
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        query: { type: 'apiKey', in: 'query', name: 'key' },
        basic: { type: 'http', scheme: 'basic' },
        jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        any: { type: 'http', scheme: 'bearer', bearerFormat: 'anything' },
        oauth: { type: 'oauth2', flows: {} },
        oidc: {
          type: 'openIdConnect',
          openIdConnectUrl: `${issuer}/.well-known/openid-configuration`,
        },
        certificate: { type: 'mutualTLS' },
      },
    },
    paths: {
      '/things': { get: { security: [{ oauth: ['read', 'list'] }], responses } },
      '/things/{id}': { get: { security: [{ key: [] }], parameters: [id], responses } },
    },
  };
}

function configuration(): Tree {
  const tls = { certificate: './gate.pem', key: './gate.key' };
  return {
    listen: [
      {
        address: '127.0.0.1:8443',
        tls: { ...tls, clientCertificate: 'require', clientAuthorities: ['./first.pem'] },
      },
    ],
    control: { address: '127.0.0.1:9090' },
    keys: './keys.yaml',
    apis: [{ name: 'api', spec: './api.yaml', upstream: { targets: ['https://service.example'] } }],
    trust: { issuers: [{ issuer, audience: ['api'] }] },
  };
}

function protectionOf(change: (configuration: Tree, description: Tree) => void): Protection {
  const [written, document] = [configuration(), description()];
  change(written, document);
  writeFileSync(join(folder, 'api.yaml'), stringify(document));
  return compileSnapshot({
    configuration: configurationSchema.parse(written),
    configurationFile: join(folder, 'poorter.yaml'),
    baseDirectory: folder,
    dataDirectory: folder,
    world: realWorld,
    version: 1,
    identityKeys: { current: {}, all: [] },
    spool: null,
    issuerKeys: () => null,
    trialKeys: null,
  }).protection;
}

const kindsOf = (before: Protection, next: Protection) => [
  ...new Set(findWeakenings(before, next).map(({ kind }) => kind)),
];

const kept = (protection: Protection) => JSON.parse(JSON.stringify(protection)) as Protection;

describe('a configuration that protects less', () => {
  for (const [index, { keys, was, is, kinds, bothWays }] of cases.entries()) {
    test(`is told: ${keys[0]}, ${kinds.join(' and ')} (${index})`, () => {
      const [before, next] = [protectionOf(was), protectionOf(is)];
      const found = findWeakenings(before, next);
      assert.deepEqual([...new Set(found.map(({ kind }) => kind))].sort(), kinds.toSorted());
      for (const { sentence } of found) assert.match(sentence, /^[A-Z0-9a-z].*\.$/);
      assert.deepEqual(findWeakenings(next, next), []);
      assert.deepEqual(findWeakenings(kept(before), kept(next)), found, 'as it is kept on disk');
      if (bothWays === undefined) assert.deepEqual(kindsOf(next, before), [], 'the other way');
      else assert.notDeepEqual(kindsOf(next, before), []);
    });
  }
});

test('a service is told as the file has it: nobody looks in vain for a name that stands nowhere', () => {
  const behind = (...targets: string[]) =>
    protectionOf(({ apis }) => {
      apis[0].upstream.targets = targets;
    });
  const told = (was: Protection, is: Protection) =>
    findWeakenings(kept(was), kept(is)).map(({ sentence }) => sentence);
  const of = (is: string, was: string) => [`Calls go to another service: ${is}, was ${was}.`];
  for (const [was, is] of [
    ['127.0.0.1:31801', '127.0.0.1:31802'],
    ['[::1]:31801', 'localhost:31802'],
    ['127.0.0.1:31801/base', '127.0.0.1:31801/other'],
    ['localhost:31801', '[::1]:31802'],
  ] as const) {
    assert.deepEqual(told(behind(`http://${was}`), behind(`http://${is}`))[0], of(is, was)[0]);
  }
  const [one, other] = [behind('http://127.0.0.1:31801'), behind('http://localhost:31801')];
  assert.deepEqual([told(one, other), told(other, one)], [[], []]);
});

test('whoever names a real issuer, as the notice of a trial asks, is not told of weakened protection', () => {
  const real = protectionOf(() => undefined);
  const tried = { ...real, issuers: [], trial: true };
  assert.ok(real.issuers.length > 0);
  assert.deepEqual(kindsOf(kept(tried), kept(real)), []);
  assert.deepEqual(kindsOf(kept(tried), kept(tried)), []);
  // The other way anybody on this machine is given tokens.
  assert.deepEqual(kindsOf(kept(real), kept(tried)), ['issuer-added']);
});

/** What may change without anybody being let in, or let do more, by it. */
const NO_PROTECTION: Readonly<Record<string, string>> = {
  'listen[].tls.certificate': 'which certificate is shown',
  'listen[].tls.key': 'and its key',
  'control.tls.certificate': 'which certificate is shown',
  'control.tls.key': 'and its key',
  'apis[].upstream.tls.certificate': 'what the gate shows of itself',
  'apis[].upstream.tls.key': 'and its key',
  'apis[].upstream.connectTimeoutMs': 'patience with the service',
  'apis[].upstream.headTimeoutMs': 'patience with the service',
  'apis[].upstream.idleTimeoutMs': 'patience with the service',
  'apis[].upstream.connectionsMax': 'what the service is asked at once',
  'apis[].upstream.failuresBeforeRest': 'care for the service',
  'apis[].upstream.restMs': 'care for the service',
  'apis[].cors.maxAgeSeconds': 'how long browsers remember',
  'x-poorter.cors.maxAgeSeconds': 'how long browsers remember',
  'issuer.tls.certificate': 'which certificate is shown',
  'issuer.tls.key': 'and its key',
  'issuer.mtls.origin': 'a name; clients that know another do not come',
  'issuer.mtls.address': 'always over TLS',
  'issuer.mtls.certificate': 'which certificate is shown',
  'issuer.mtls.key': 'and its key',
  'issuer.registration.unusedDays': 'what came of an invitation and serves nobody',
  'issuer.tokens.algorithm': 'both are as strong',
  'trust.issuers[].introspection.clientId': 'what the gate shows of itself',
  'trust.issuers[].introspection.clientSecret': 'what the gate shows of itself',
  'trust.issuers[].introspection.clientKey': 'what the gate shows of itself',
  'trust.issuers[].introspection.clientKeyId': 'what the gate shows of itself',
  'trust.issuers[].introspection.timeoutMs': 'patience with the issuer',
  'trust.issuers[].introspection.newTokensPerSecond': 'care for the issuer',
  'issuer.mail.server': 'where notices go out; nobody comes in by them',
  'issuer.mail.from': 'a name on them',
  'issuer.mail.user': 'who sends them',
  'issuer.mail.password': 'and what that one shows',
  'issuer.mail.authorities': 'of the server that they are handed to',
  'issuer.federation[].id': 'a name in addresses',
  'issuer.federation[].names': 'what stands on a button',
  'issuer.federation[].clientId': 'what this server is called there',
  'issuer.federation[].clientSecret': 'what it shows of itself',
  'issuer.federation[].clientKeys': 'and with what it signs',
  'issuer.federation[].scopes': 'what is asked for there',
  'issuer.federation[].claims.name': 'what a new account is called',
  'issuer.federation[].claims.email': 'where its notices go',
  'issuer.directories[].tokens': 'what a directory shows of itself',
  'identity.issuer': 'a name in the identity; a service that expects another refuses it',
  'timeouts.drainMs': 'the end of the program',
  'link.address': 'where gateways connect; by their certificates',
  'link.certificate': 'what the gate shows of itself',
  'link.key': 'and its key',
  'gateway.threads': 'how fast it is',
  'records.rotateBytes': 'a copy beside the log',
  'records.keepFiles': 'a copy: how long records are kept, log.keepDays says',
  'log.node': 'a name, of which checkpoints, and whoever holds them, tell a change',
  'log.spoolBytes': 'how long calls go on while records cannot be written',
  storage: 'read at a start',
  dataDirectory: 'read at a start',
  masterKey: 'read at a start',
  'counters.timeoutMs': 'patience with the counters',
  'counters.tls.certificate': 'what the gate shows of itself',
  'counters.tls.key': 'and its key',
};

test('every key of the configuration and of x-poorter is compared, or known to protect nothing', () => {
  const options = { io: 'input', unrepresentable: 'any' } as const;
  const keys = [
    ...keysOf(z.toJSONSchema(configurationSchema, options), ''),
    ...keysOf(z.toJSONSchema(extensionSchema, options), X),
  ];
  const swept = new Set(cases.flatMap((one) => one.keys));
  const isDecided = (key: string) =>
    swept.has(key) ||
    Object.hasOwn(NO_PROTECTION, key) ||
    keys.some((one) => one.startsWith(`${key}.`) || one.startsWith(`${key}[]`));
  assert.deepEqual(
    keys.filter((key) => !isDecided(key)),
    [],
  );
  assert.deepEqual(
    Object.keys(NO_PROTECTION).filter((key) => !keys.includes(key)),
    [],
  );
});

function keysOf(schema: Tree, prefix: string): string[] {
  const branches = [schema, schema.items, ...(schema.anyOf ?? [])].filter(Boolean);
  return branches.flatMap((branch) => {
    const mark = branch === schema.items ? '[]' : '';
    return Object.entries<Tree>(branch.properties ?? {}).flatMap(([name, property]) => {
      const key =
        prefix === '' ? name : prefix.endsWith('.') ? prefix + name : `${prefix}${mark}.${name}`;
      return [key, ...keysOf(property, key)];
    });
  });
}

test('every kind is told of by some case, and stands in the contract', () => {
  const told = new Set(cases.flatMap(({ kinds }) => kinds));
  // Of a record that cannot be read; there is nothing to compare then.
  const untold = WEAKENING_KINDS.filter((kind) => !told.has(kind));
  assert.deepEqual(untold, ['before-unknown']);
  const file = join(import.meta.dirname, '../../../contract/admin.openapi.yaml');
  const contract = parse(readFileSync(file, 'utf8')) as Tree;
  const { kind } =
    contract.components.schemas.WeakerConfiguration.properties.weakenings.items.properties;
  assert.deepEqual(kind.enum, [...WEAKENING_KINDS]);
});

test('an operation that is gone is no weakening, and the same rules in other words are none', () => {
  const before = protectionOf(() => undefined);
  const without = protectionOf((_, { paths }) => {
    delete paths['/things'];
  });
  assert.deepEqual(findWeakenings(before, without), []);
  const reworded = protectionOf((written, document) => {
    const { paths, components } = document;
    written.apis[0].name = 'another-name';
    components.securitySchemes.tokens = components.securitySchemes.oauth;
    paths['/things'].get.security = [{ tokens: ['list', 'read'] }];
    paths['/things/{other}'] = paths['/things/{id}'];
    paths['/things/{other}'].get.parameters = [{ ...id, name: 'other' }];
    delete paths['/things/{id}'];
  });
  assert.deepEqual(findWeakenings(before, reworded), []);
});

test('a wider or a nearer path at another host is held against what the same calls needed before', () => {
  const at = (host: string, path: string, security: Tree[]) =>
    protectionOf((written, document) => {
      Object.assign(written.apis[0], { hosts: [host], name: host });
      document.paths = { [path]: { get: { security, responses } } };
      if (path.includes('{')) document.paths[path].get.parameters = [id];
    });
  const key = [{ key: [] }];
  for (const [path, other] of [
    ['/things', '/{id}'],
    ['/{id}', '/things'],
    ['/things/{id}', '/things/{id}'],
  ] as const) {
    const before = at('a.example', path, key);
    const weak = at('b.example', other, [{ query: [] }]);
    const equal = at('b.example', other, key);
    const beside = ({ apis }: Protection) => ({ ...before, apis: [...before.apis, ...apis] });
    assert.deepEqual(kindsOf(before, beside(weak)), ['security-loosened'], `${path} ${other}`);
    assert.deepEqual(kindsOf(before, beside(equal)), [], `${path} ${other}`);
    // Reached as weakly before.
    assert.deepEqual(kindsOf(beside(weak), beside(weak)), []);
  }
});

test('a schema that reads as a rule and refuses nothing is told where a rule was', () => {
  for (const { was, is, kinds } of emptyCases) {
    const next = protectionOf(is);
    assert.deepEqual(kindsOf(protectionOf(was), next), kinds, JSON.stringify(next.apis));
    assert.deepEqual(kindsOf(next, next), []);
  }
});

test('schemas that say more, or other things, and answers that nobody holds, are not told', () => {
  const put = (change: (operation: Tree) => void, response = 'block') =>
    protectionOf((written, { paths }) => {
      written.apis[0].response = response;
      const content = () => ({ 'application/json': { schema: { type: 'object' } } });
      const post: Tree = { security: [{ key: [] }], requestBody: { content: content() } };
      post.responses = {
        200: { description: 'ok', content: content() },
        default: { description: 'none' },
      };
      paths['/described'] = { post: structuredClone(post) };
      change(paths['/described'].post);
    });
  const before = put(() => undefined);
  const same = put(({ requestBody, responses: answers }) => {
    requestBody.content['application/json'].schema = { type: 'object', minProperties: 1 };
    requestBody.content['application/merge-patch+json'] = {
      schema: { type: 'object', maxProperties: 5 },
    };
    answers[404] = {
      description: 'no',
      content: { 'application/json': { schema: { type: 'array' } } },
    };
    // Content that is not described at all is refused.
    answers[200] = { description: 'ok' };
  });
  assert.deepEqual(findWeakenings(before, same), []);
  const open = (operation: Tree) => {
    operation.responses[200].content['application/json'] = {};
  };
  assert.deepEqual(
    findWeakenings(
      put(() => undefined, 'report'),
      put(open, 'report'),
    ),
    [],
  );
});

test('a path that another one does not take calls from is not held against it', () => {
  for (const [was, is] of samePaths) {
    const change = paths(was, is);
    const found = findWeakenings(protectionOf(change.was), protectionOf(change.is));
    assert.deepEqual(found, [], `${was.join(', ')} → ${is.join(', ')}`);
  }
});

test('a header parameter that reached the service undescribed, or never does, is not told', () => {
  for (const [was, is] of sameFields) {
    const found = findWeakenings(protectionOf(fields(was)), protectionOf(fields(is)));
    assert.deepEqual(found, [], `${was.join(', ')} → ${is.join(', ')}`);
  }
  const [first, next] = [['X-User-Id'], ['x-user-id', 'X-Roles']].map((names) =>
    protectionOf(fields(names)),
  ) as [Protection, Protection];
  // As a version kept it that did not know of them.
  const older = kept(first);
  for (const { operations } of older.apis)
    for (const one of operations as Tree[]) delete one.fields;
  const sentence =
    'Header fields that were taken out reach the service as callers write them: x-roles.';
  assert.deepEqual(
    findWeakenings(older, next).map((one) => one.sentence),
    [sentence],
  );
});

test('names of header fields have no case, and a new query parameter by name opens nothing else', () => {
  const put = (name: string, more: Tree[] = []) =>
    protectionOf((_, { paths: { '/things': things } }) => {
      const field = { name, in: 'header', required: true, schema: { type: 'integer' } };
      things.get.parameters = [field, ...more];
    });
  assert.deepEqual(findWeakenings(put('X-A'), put('x-a')), []);
  const closed = [{ type: 'object', properties: { a: { type: 'string' } } }, { type: 'integer' }];
  const more = closed.map((schema, index) => ({ name: `q${index}`, in: 'query', schema }));
  assert.deepEqual(findWeakenings(put('x-a'), put('x-a', more)), []);
});

test('scopes that move between security and x-poorter are still asked for', () => {
  const moved = protectionOf((_, { paths }) => {
    const { get } = paths['/things'];
    get.security = [{ oauth: ['read'] }];
    get['x-poorter'] = { authorize: { scopes: ['list'] } };
  });
  const before = protectionOf(() => undefined);
  assert.deepEqual(findWeakenings(before, moved), []);
  assert.deepEqual(findWeakenings(moved, before), []);
});

test('a thousand operations that lose the same limit are one thing to read, with their number', () => {
  const many = (limited: boolean) =>
    protectionOf((written, { paths }) => {
      for (let number = 0; number < 1_000; number++) {
        paths[`/many/${number}`] = { get: { security: [{ key: [] }], responses } };
      }
      if (limited) written.limits = { default: rate };
    });
  const found = findWeakenings(many(true), many(false));
  assert.equal(found.length, 1_002);
  const groups = groupWeakenings(found);
  assert.equal(groups.length, 1);
  assert.match(
    lineOf(groups[0] as (typeof groups)[0]),
    /GET \/things and 1001 more: The rate limit/,
  );
});

test('no value that is secret, or names a person, stands in what is kept', () => {
  const protection = protectionOf((written) => {
    written.trust.revoked = ['griet@example.test'];
    written.counters = { url: 'valkeys://user:hunter2@counters.example', tls: {} };
  });
  const text = JSON.stringify(protection);
  for (const secret of ['griet', 'hunter2', 'BEGIN']) assert.ok(!text.includes(secret), secret);
});
