import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { makeAuthority } from './world/certificates.fixture.ts';
import { runPoorter } from './world/poorter.fixture.ts';

const authority = makeAuthority({ after });
const one = authority.issue('/CN=one');
const another = authority.issue('/CN=another');

const api = `openapi: 3.1.0
info: { title: Things, version: '1' }
paths:
  /things:
    get:
      security: []
      responses: { '200': { description: ok } }
`;
const configuration = `apis:
  - spec: ./api.yaml
    upstream: http://127.0.0.1:9
listen:
  - address: 127.0.0.1:0
control: { address: '127.0.0.1:0' }
`;
const bearer = `components:
  securitySchemes:
    token: { type: http, scheme: bearer, bearerFormat: JWT }
`;

interface Refusal {
  readonly name: string;
  readonly configuration?: string;
  readonly api?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Where it must point to: file:line:column. */
  readonly place: string;
  readonly says: RegExp;
  /** The way out. */
  readonly help?: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    name: 'counters whose certificate and key do not belong together',
    configuration: `${configuration}counters:
  url: valkeys://counters.example:6379
  tls: { certificate: ./one.pem, key: ./another.key }
`,
    files: { 'one.pem': one.certificate, 'another.key': another.key },
    place: 'poorter.yaml:9:10',
    says: /the certificate \.\/one\.pem and key \.\/another\.key do not serve/,
  },
  {
    name: 'counters whose address is in a variable that is not set',
    configuration: `${configuration}counters: env:NOBODY_SET_THIS\n`,
    place: 'poorter.yaml:7:1',
    says: /reading the address of the shared counters: env:NOBODY_SET_THIS is not set/,
  },
  {
    name: 'counters with TLS settings that their address does not use',
    configuration: `${configuration}counters: { url: 'valkey://counters.example:6379', tls: {} }
`,
    place: 'poorter.yaml:7:52',
    says: /tls is given, but valkey:\/\/ does not use it/,
    help: /write valkeys:\/\//,
  },
  {
    name: 'control whose certificate and key do not belong together',
    configuration: configuration.replace(
      "'127.0.0.1:0' }",
      "'127.0.0.1:0', tls: { certificate: ./one.pem, key: ./another.key } }",
    ),
    files: { 'one.pem': one.certificate, 'another.key': another.key },
    place: 'poorter.yaml:6:43',
    says: /do not serve/,
  },
  {
    name: 'an unknown key',
    configuration: `${configuration}colour: blue\n`,
    place: 'poorter.yaml:7:1',
    says: /unknown key 'colour'/,
    help: /known keys: listen, control, apis/,
  },
  {
    name: 'a misspelt nested key',
    configuration: configuration.replace('    upstream', '    upstraem'),
    place: 'poorter.yaml:3:5',
    says: /unknown key 'upstraem' in apis\.0/,
    help: /did you mean 'upstream'\?/,
  },
  {
    name: 'a value out of its range',
    configuration: `${configuration}bounds:\n  jsonDepth: 0\n`,
    place: 'poorter.yaml:8:3',
    says: /bounds\.jsonDepth: /,
  },
  {
    name: 'a syntax error',
    configuration: `${configuration}limits: { default: [\n`,
    place: 'poorter.yaml:8:1',
    says: /error: /,
  },
  {
    name: 'a key given twice',
    configuration: `${configuration}listen: []\n`,
    place: 'poorter.yaml:7:1',
    says: /unique/,
  },
  {
    name: 'a description that is not there',
    configuration: configuration.replace('api.yaml', 'gone.yaml'),
    place: 'poorter.yaml:2:5',
    says: /reading the description \.\/gone\.yaml: .*ENOENT/,
  },
  {
    name: 'a key file that is not there',
    configuration: `${configuration}keys: ./gone.yaml\n`,
    place: 'poorter.yaml:7:1',
    says: /reading the key file .*ENOENT/,
    help: /poorter keys create --file/,
  },
  {
    name: 'a reference that leads nowhere',
    api: api.replace(
      "{ '200': { description: ok } }",
      "\n        '200': { $ref: '#/components/responses/Gone' }",
    ),
    place: 'api.yaml:8:18',
    says: /components\/responses\/Gone/,
  },
  {
    name: 'tokens that nobody is trusted to issue',
    api: `${api.replace('security: []', 'security: [{ token: [] }]')}${bearer}`,
    place: 'api.yaml:5:5',
    says: /'token' of GET \/things cannot be enforced: no token issuer is trusted/,
    help: /trust\.issuers/,
  },
  {
    name: 'a security scheme that is not defined',
    api: api.replace('security: []', 'security: [{ gone: [] }]'),
    place: 'api.yaml:6:20',
    says: /gone/,
  },
  {
    name: 'two operations that the same call would match',
    api: `${api}  /{a}/x:\n    get: &x\n      security: []\n      parameters: [{ name: a, in: path, required: true, schema: { type: string } }]\n      responses: { '200': { description: ok } }\n  /{b}/x:\n    get:\n      security: []\n      parameters: [{ name: b, in: path, required: true, schema: { type: string } }]\n      responses: { '200': { description: ok } }\n`,
    place: 'api.yaml:14:5',
    says: /GET \/\{b\}\/x cannot be told apart from \/\{a\}\/x \(api\.yaml:9:5\)/,
  },
  {
    name: 'an unknown key of x-poorter',
    api: api.replace('      security', '      x-poorter: { respones: block }\n      security'),
    place: 'api.yaml:6:20',
    says: /unknown key 'respones'/,
    help: /response/,
  },
  {
    name: 'a certificate with another key',
    configuration: configuration.replace(
      '127.0.0.1:0\n',
      '127.0.0.1:0\n    tls: { certificate: ./one.pem, key: ./another.key }\n',
    ),
    files: { 'one.pem': one.certificate, 'another.key': another.key },
    place: 'poorter.yaml:6:12',
    says: /certificate \.\/one\.pem and key \.\/another\.key do not serve/,
  },
  {
    name: 'a file that is no certificate',
    configuration: configuration.replace(
      '127.0.0.1:0\n',
      '127.0.0.1:0\n    tls: { certificate: ./text.pem, key: ./one.key }\n',
    ),
    files: { 'text.pem': 'hello', 'one.key': one.key },
    place: 'poorter.yaml:6:12',
    says: /certificate \.\/text\.pem/,
  },
  {
    name: 'an issuer whose keys would come over plain HTTP',
    configuration: `${configuration}trust:\n  issuers:\n    - issuer: http://login.example\n      audience: api\n`,
    place: 'poorter.yaml:9:7',
    says: /http:\/\/login\.example is not https/,
  },
  {
    name: 'an authority that is no certificate',
    configuration: configuration.replace(
      'upstream: http://127.0.0.1:9',
      'upstream:\n      targets: [https://127.0.0.1:9]\n      tls:\n        authorities: [./text.pem]',
    ),
    files: { 'text.pem': 'hello' },
    place: 'poorter.yaml:6:23',
    says: /the upstream authority \.\/text\.pem does not serve/,
  },
  {
    name: 'an upstream certificate with another key',
    configuration: configuration.replace(
      'upstream: http://127.0.0.1:9',
      'upstream:\n      targets: [https://127.0.0.1:9]\n      tls: { certificate: ./one.pem, key: ./another.key }',
    ),
    files: { 'one.pem': one.certificate, 'another.key': another.key },
    place: 'poorter.yaml:5:14',
    says: /certificate \.\/one\.pem and key \.\/another\.key do not serve/,
  },
];

function folderOf(refusal: Partial<Refusal>): string {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-refusal-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'api.yaml'), refusal.api ?? api);
  writeFileSync(join(folder, 'poorter.yaml'), refusal.configuration ?? configuration);
  for (const [name, text] of Object.entries(refusal.files ?? {}))
    writeFileSync(join(folder, name), text);
  return folder;
}

/** The place and the way out must stand in what is printed. */
function assertTold(refusal: Refusal, said: string): void {
  const line = said.split('\n').find((one) => refusal.says.test(one)) ?? '';
  assert.equal(line.split(': error:')[0], refusal.place, said);
  if (refusal.help !== undefined) {
    assert.match(said.split(`${line}\n`)[1] ?? '', refusal.help);
  }
}

describe('poorter check names the place and the way out of', { concurrency: 2 }, () => {
  for (const refusal of refusals) {
    test(refusal.name, async () => {
      const options = { cwd: folderOf(refusal) };
      const { status, stdout } = await runPoorter(['check', '--config', 'poorter.yaml'], options);
      assert.equal(status, 1, stdout);
      assertTold(refusal, stdout);
    });
  }
});

describe('poorter serve exits with 1 and serves nothing with', { concurrency: 2 }, () => {
  const examples = [
    'an unknown key',
    'a reference that leads nowhere',
    'a file that is no certificate',
    'counters whose address is in a variable that is not set',
  ];
  for (const refusal of refusals.filter(({ name }) => examples.includes(name))) {
    test(refusal.name, async () => {
      const options = { cwd: folderOf(refusal) };
      const { status, stdout, stderr } = await runPoorter(
        ['serve', '--config', 'poorter.yaml'],
        options,
      );
      assert.equal(status, 1, stderr);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /poorter: not started\n(?:poorter: nothing was served, .* is removed again\n)?$/,
      );
      assertTold(refusal, stderr);
    });
  }
});

test('poorter check lists everything that is wrong at once, and exits with 1', async () => {
  const folder = folderOf({
    configuration: configuration.replace(
      '127.0.0.1:0\n',
      '0.0.0.0:0\n  - address: 127.0.0.1:0\n    tls: { certificate: ./gone.pem, key: ./gone.key }\n',
    ),
    api: `${api.replace('security: []', 'security: [{ token: [] }]')}${bearer}`,
  });
  const text = await runPoorter(['check', '--config', 'poorter.yaml'], { cwd: folder });
  assert.equal(text.status, 1);
  for (const part of [/plain HTTP/, /gone\.pem/, /gone\.key/, /no token issuer/, /4 errors/]) {
    assert.match(text.stdout, part);
  }
  const json = await runPoorter(['check', '--config', 'poorter.yaml', '--json'], { cwd: folder });
  assert.equal(json.status, 1);
  const { ok, diagnostics } = JSON.parse(json.stdout) as { ok: boolean; diagnostics: object[] };
  assert.equal(ok, false);
  assert.equal(diagnostics.length, 4);
});

test('poorter check of what would serve exits with 0', async () => {
  const { status, stdout } = await runPoorter(['check', '--config', 'poorter.yaml'], {
    cwd: folderOf({}),
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^0 errors, 0 warnings$/m);
});

test('a gate that only advises a proxy needs no listener, also where tokens are trusted', async () => {
  const { status, stdout } = await runPoorter(['check', '--config', 'poorter.yaml'], {
    cwd: folderOf({
      configuration: `${configuration.replace('listen:\n  - address: 127.0.0.1:0\n', 'listen: []\n')}forwardAuth: [{ address: '127.0.0.1:0', for: traefik }]\ntrust:\n  proxies: [127.0.0.1/32]\n  issuers: [{ issuer: 'https://login.example', audience: api }]\n`,
      api: `${api.replace('security: []', 'security: [{ token: [] }]')}${bearer}`,
    }),
  });
  assert.equal(status, 0, stdout);
});

test('wrong usage exits with 2 and shows the usage', async () => {
  for (const argv of [
    ['serve'],
    ['serve', 'api.yaml'],
    ['serve', '--colour', 'blue'],
    ['serve', '--config', 'poorter.yaml', 'api.yaml'],
    ['serve', 'api.yaml', '--upstream', 'http://127.0.0.1:9', '--threads', '0'],
    ['check', 'api.yaml', '--issuer', 'https://login.example'],
    ['keys', 'make'],
    ['wish'],
  ]) {
    const { status, stderr, stdout } = await runPoorter(argv, { cwd: folderOf({}) });
    assert.equal(status, 2, `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, /usage/i);
    assert.equal(stdout, '');
  }
});
