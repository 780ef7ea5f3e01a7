import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSelfSigned } from './world/certificates.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { startForeignProvider } from './world/foreign-provider.fixture.ts';

/** What is wrong in the description of a provider is told at its place, with the way out, before anything starts. */

const folder = mkdtempSync(join(tmpdir(), 'poorter-federation-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string;
const files = {
  'api.yaml': `openapi: 3.1.0
info: { title: Things, version: '1' }
paths: { /things: { get: { security: [], responses: { '200': { description: ok } } } } }
`,
  'ec.pem': pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  'rsa.pem': pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  'short.pem': pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  'agreement.pem': pem(generateKeyPairSync('x25519').privateKey),
  'public.pem': generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
  'secret.txt': 'of both\n',
};
for (const [name, text] of Object.entries(files)) {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
}

/** Each entry stands on a line of its own, from line 10 on. */
async function check(...entries: readonly string[]) {
  return checkWith([], ...entries);
}

async function checkWith(options: readonly string[], ...entries: readonly string[]) {
  const text = `apis:
  - { spec: ./api.yaml, upstream: 'http://127.0.0.1:9' }
listen: [{ address: '127.0.0.1:0' }]
control: { address: '127.0.0.1:0' }
issuer:
  origin: http://localhost:9091
  address: 127.0.0.1:9091
  outgoing: { addresses: [127.0.0.1/32] }
  federation:
${entries.map((entry) => `    - { ${entry} }`).join('\n')}
`;
  const path = join(folder, 'poorter.yaml');
  writeFileSync(path, text);
  const { status, out } = await poorterHere(['check', '--config', path, ...options], {
    environment: { SECRET_AT_BANK: 'of both' },
  });
  return { status, out };
}

const HAVE = "clientId: poorter, clientSecret: 'env:SECRET_AT_BANK'";
const BANK = `id: bank, issuer: 'https://login.bank.example', names: { en: Bank }`;
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';

test('providers are described by an issuer or by a profile, with a secret or with keys', async () => {
  const { status, out } = await check(
    `${BANK}, ${HAVE}`,
    `id: keys, issuer: 'https://login.keys.example', names: { en: K }, clientId: poorter, clientKeys: [ec.pem, rsa.pem]`,
    `id: file, issuer: 'https://login.file.example', names: { en: F }, clientId: poorter, clientSecret: 'file:./secret.txt'`,
    `id: google, profile: google, ${HAVE}, signUp: { hd: [example.com] }`,
    `id: work, profile: entra, tenant: ${TENANT}, ${HAVE}`,
    `id: itsme, profile: itsme, clientId: poorter, clientKeys: [rsa.pem], scopes: ['service:POORTER']`,
    `id: csam, profile: csam, ${HAVE}`,
    `id: node, profile: eidas, issuer: 'https://node.example', names: { en: eIDAS }, ${HAVE}`,
  );
  assert.equal(status, 0, out);
});

test('what is wrong with a provider is told with its place and what was expected', async () => {
  const wrong: readonly (readonly [entry: string, says: RegExp])[] = [
    [`names: { en: Bank }, id: bank, ${HAVE}`, /bank has no issuer/],
    [`id: bank, issuer: 'https://login.bank.example', ${HAVE}`, /bank has no names/],
    [`id: bank, profile: entra, ${HAVE}`, /bank has no tenant/],
    [`id: bank, profile: eidas, names: { en: B }, ${HAVE}`, /bank has no issuer/],
    [`id: bank, profile: google, tenant: ${TENANT}, ${HAVE}`, /in the profile entra alone/],
    [`id: bank, profile: entra, tenant: common, ${HAVE}`, /is not the id of a tenant/],
    [
      `id: bank, profile: entra, issuer: 'https://login.microsoftonline.com/common/v2.0', ${HAVE}`,
      /name yours by tenant/,
    ],
    [`${BANK.replace('https', 'http')}, ${HAVE}`, /is not an https URL/],
    [`${BANK.replace('.example', '.example?x=1')}, ${HAVE}`, /is not an https URL/],
    [`${BANK.replace('bank,', 'The Bank,')}, ${HAVE}`, /is not a short name/],
    [`${BANK.replace('en:', 'nl:')}, ${HAVE}`, /no name in English/],
    [`${BANK}, clientId: poorter`, /either clientSecret or clientKeys/],
    [`${BANK}, ${HAVE}, clientKeys: [ec.pem]`, /either clientSecret or clientKeys/],
    [`${BANK}, clientId: poorter, clientSecret: hunter2`, /named env:NAME or file:PATH/],
    [`${BANK}, clientId: poorter, clientSecret: 'env:NOT_SET'`, /NOT_SET/],
    [`${BANK}, clientId: poorter, clientSecret: 'file:./gone'`, /gone/],
    [`${BANK}, clientId: poorter, clientKeys: [gone.pem]`, /gone\.pem/],
    [`${BANK}, clientId: poorter, clientKeys: [short.pem]`, /no private key that can sign/],
    [`${BANK}, clientId: poorter, clientKeys: [agreement.pem]`, /no private key that can sign/],
    [`${BANK}, clientId: poorter, clientKeys: [public.pem]`, /no private key that can sign/],
    [`${BANK}, ${HAVE}, acr: { x: strong }`, /phr/],
    [`${BANK}, ${HAVE}, algorithms: [HS256]`, /RS256/],
    [`${BANK}, ${HAVE}, algorithms: [none]`, /RS256/],
    [`${BANK}, ${HAVE}, signUp: {}`, /signUp|everybody/],
    [`${BANK}, ${HAVE}, signUp: anybody`, /signUp|everybody/],
    [`${BANK}, ${HAVE}, linkByEmail: true`, /linkByEmail/],
    [`id: self, issuer: 'http://localhost:9091', names: { en: S }, ${HAVE}`, /of this server/],
  ];
  for (const [entry, says] of wrong) {
    const { status, out } = await check(entry);
    assert.equal(status, 1, entry);
    assert.match(out, /poorter\.yaml:10:\d+/, entry);
    assert.match(out, says, entry);
    assert.doesNotMatch(out, /hunter2|of both/);
  }
});

test('two providers are not called the same, and not answered for by one issuer', async () => {
  for (const second of [
    `id: bank, issuer: 'https://login.town.example', names: { en: Town }, ${HAVE}`,
    `id: town, issuer: 'https://login.bank.example', names: { en: Town }, ${HAVE}`,
  ]) {
    const { status, out } = await check(`${BANK}, ${HAVE}`, second);
    assert.equal(status, 1);
    assert.match(out, /poorter\.yaml:11:\d+[^\n]*/);
    assert.match(out, /that of another provider/);
  }
});

test('providers are asked with --ask-others alone, and each says why nobody could sign in there', async () => {
  const right = await startForeignProvider({ after });
  const liar = await startForeignProvider({ after });
  liar.bent = { document: (document) => ({ ...document, issuer: `${liar.url}/` }) };
  const unknown = await startForeignProvider({ after }, undefined, makeSelfSigned({ after }));
  const inside = `id: inside, issuer: 'https://169.254.169.254', names: { en: I }, ${HAVE}`;
  const entries = [
    `id: right, issuer: '${right.url}', names: { en: R }, ${HAVE}`,
    `id: liar, issuer: '${liar.url}', names: { en: L }, ${HAVE}`,
    `id: away, issuer: 'http://127.0.0.1:9', names: { en: A }, ${HAVE}`,
    inside,
    `id: unknown, issuer: '${unknown.url}', names: { en: U }, ${HAVE}`,
  ];
  const quiet = await check(...entries);
  assert.doesNotMatch(quiet.out, /nobody could sign in/);
  assert.equal(right.seen.length, 0);
  const { status, out } = await checkWith(['--ask-others'], ...entries);
  assert.equal(status, 0, 'a server would start');
  assert.doesNotMatch(out, /sign in at right/);
  assert.match(
    out,
    /poorter\.yaml:11:[^\n]*nobody could sign in at liar: the issuer in its document is another/,
  );
  assert.match(out, /poorter\.yaml:12:[^\n]*nobody could sign in at away: /);
  assert.match(out, /poorter\.yaml:13:[^\n]*at inside: [^\n]*issuer\.outgoing\.addresses/);
  assert.match(
    out,
    /poorter\.yaml:14:[^\n]*at unknown: its certificate is signed by itself alone, and is not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\): put it into issuer\.outgoing\.authorities/,
  );
});
