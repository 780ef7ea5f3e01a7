import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { adminOf } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { poorterHere, type Ran } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrolById, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { Codes } from './world/with-password.fixture.ts';

const PASSWORD = 'een heel ongewone zin';
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const PAGE = '/account/sign-in/password?to=sessions';
const PARTNER = 'https://login.partner.test';

/** One server for all of these: each has people of its own. */
const upstream = await startRawUpstream({ after });
const issuer: RunningIssuer = await startIssuer(
  { after },
  upstream.url,
  {
    issuer: {
      passwords: true,
      federation: [
        {
          ...{ id: 'partner', issuer: PARTNER, names: { en: 'Partner' } },
          ...{ clientId: 'poorter', clientSecret: 'env:SECRET_AT_PARTNER' },
        },
      ],
    },
  },
  { SECRET_AT_PARTNER: 'a secret of theirs' },
);
const { poorter } = issuer;

/** `poorter accounts import` of a text, by a file in the folder of the server. */
async function importing(name: string, text: string, ...more: readonly string[]): Promise<Ran> {
  poorter.write(name, text);
  const file = join(poorter.folder, name);
  return poorterHere(['accounts', 'import', file, ...more, '--data', `${poorter.folder}/data`]);
}

/** By which somebody is known, in a form of its own for each. */
function pbkdf2(password: string, digest = 'sha256', rounds = 27_500, bytes = 64) {
  const salt = randomBytes(16);
  return { salt, value: pbkdf2Sync(password, salt, rounds, bytes, digest), rounds, digest };
}

const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

function phcOf({ salt, value, rounds, digest }: ReturnType<typeof pbkdf2>): string {
  return `$pbkdf2-${digest}$i=${rounds}$${b64(salt)}$${b64(value)}`;
}

/** Codes that are good one after the other: each step is taken once. */
async function signingIn(login: string, password: string, code: string) {
  return new SoftBrowser(issuer.origin).postForm(PAGE, { login, password, code });
}

async function accountOf(login: string) {
  const listed = JSON.parse(await issuer.run('accounts', 'list', '--json')) as {
    accounts: { id: string; login: string; state: string; credentials: { kind: string }[] }[];
  };
  return listed.accounts.find((one) => one.login === login);
}

test('people who come from elsewhere sign in with what they had, whatever it was made by', async () => {
  const salt = randomBytes(16);
  const hashes: Readonly<Record<string, string>> = {
    passlib: `$pbkdf2-sha256$2000$${b64(salt).replaceAll('+', '.')}$${b64(pbkdf2Sync(PASSWORD, salt, 2000, 32, 'sha256')).replaceAll('+', '.')}`,
    django: `pbkdf2_sha256$3000$NaClNaClNaCl$${pbkdf2Sync(PASSWORD, 'NaClNaClNaCl', 3000, 32, 'sha256').toString('base64')}`,
    sha512: phcOf(pbkdf2(PASSWORD, 'sha512', 4_000)),
    scrypt: `$scrypt$ln=14,r=8,p=1$${b64(salt)}$${b64(scryptSync(PASSWORD, salt, 64))}`,
    bcrypt: (await bcrypt(PASSWORD, 6)).replace('$2b$', '$2y$'),
    argon2i: await argon2(PASSWORD, { algorithm: 1, memoryCost: 4_096, timeCost: 3 }),
  };
  const rows = Object.entries(hashes).map(
    ([name, hash]) => `${name}@kinds.test,"Maes, ${name}",,nl,"${hash}",${SECRET}`,
  );
  const text = `\ufefflogin,name,email,language,password,code\r\n${rows.join('\r\n')}\r\n`;
  const ran = await importing('kinds.csv', text);
  assert.equal(ran.status, 0, ran.err);
  assert.match(ran.err, /6 accounts were imported; 0 were there already/);
  assert.match(ran.out, /^account_[0-9a-f]{24} {2}passlib@kinds\.test$/m);
  for (const name of Object.keys(hashes)) {
    const login = `${name}@kinds.test`;
    const codes = new Codes(SECRET);
    const wrong = await signingIn(login, 'een andere zin', await codes.next());
    assert.equal(wrong.status, 401, `${name}: another password`);
    assert.equal((await signingIn(login, PASSWORD, '000000')).status, 401, `${name}: another code`);
    const first = await signingIn(login, PASSWORD, await codes.next());
    assert.equal(first.location, '/account/sessions', `${name} ${first.text}`);
    const second = await signingIn(login, PASSWORD, await codes.next());
    assert.equal(second.location, '/account/sessions', `${name}: by our own hash ${second.text}`);
  }
});

test('what is wrong in a file is named with its line before anything is imported, and nothing is', async () => {
  const text = [
    'login,name,password,code,disabled',
    'fine@wrong.test,Fine,,,',
    'plain@wrong.test,Plain,hunter2-in-clear,,',
    '"heavy@wrong.test","Hea',
    'vy","$argon2id$v=19$m=4194304,t=3,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",,',
    'code@wrong.test,Code,,12345,',
    'FINE@wrong.test ,Fine,,,',
    'no@wrong.test,,,,maybe',
  ].join('\n');
  const ran = await importing('wrong.csv', text);
  assert.equal(ran.status, 1);
  const at = (line: number) =>
    ran.err.split('\n').filter((one) => one.includes(`wrong.csv:${line}:`));
  assert.match(at(3).join(), /password is to be a PHC string/);
  assert.match(at(4).join(), /131072 KiB/);
  assert.match(at(6).join(), /code is to be a key in Base32/);
  assert.match(at(7).join(), /that of line 2/);
  assert.match(at(8).join(), /true or false/);
  assert.equal(at(2).length, 0);
  assert.match(ran.err, /Nothing was imported\./);
  assert.doesNotMatch(ran.err + ran.out, /hunter2|12345/);
  assert.equal(await accountOf('fine@wrong.test'), undefined);

  const unquoted = ['login,name,password', 'a@wrong.test,A,$argon2id$v=19$m=64,t=1,p=1$c2F$A'];
  assert.match((await importing('unquoted.csv', unquoted.join('\n'))).err, /:2: .*in quotes/);

  // What the server says of a line: a file may be right, and something else be there already.
  await issuer.run('accounts', 'create', '--login', 'there@wrong.test', '--name', 'There');
  const lines = ['new@wrong.test', 'THERE@wrong.test'].map((login) =>
    JSON.stringify({ login, name: 'N' }),
  );
  const taken = await importing('taken.jsonl', lines.join('\n'));
  assert.equal(taken.status, 1);
  assert.match(taken.err, /taken\.jsonl:2: login is to be a login that no account has yet/);
  assert.equal(await accountOf('new@wrong.test'), undefined, 'nothing of its hundred');
  const shape = await importing(
    'shape.jsonl',
    '{"login":"a@wrong.test","name":"A","email":"none"}\n',
  );
  assert.match(shape.err, /shape\.jsonl:1: email/);
  const skipped = await importing('taken.jsonl', lines.join('\n'), '--existing', 'skip');
  assert.equal(skipped.status, 0, skipped.err);
  assert.match(skipped.err, /1 accounts were imported; 1 were there already/);
});

test('a run that was interrupted is repeated, and each is there once', async () => {
  const many = Array.from({ length: 250 }, (_, at) =>
    JSON.stringify({ login: `p${at}@many.test`, name: `P ${at}` }),
  );
  await issuer.run('accounts', 'create', '--login', 'there@many.test', '--name', 'There');
  many[230] = JSON.stringify({ login: 'there@many.test', name: 'There already' });
  const first = await importing('many.jsonl', `${many.join('\n')}\n`);
  assert.equal(first.status, 1);
  assert.match(first.err, /many\.jsonl:231: login/);
  assert.match(first.err, /200 accounts were imported before that.*--existing skip/);
  const look = await importing('many.jsonl', many.join('\n'), '--existing', 'skip', '--dry-run');
  assert.match(look.err, /49 accounts would be imported; 201 were there already/);
  assert.equal(look.out, '');
  const again = await importing('many.jsonl', many.join('\n'), '--existing', 'skip', '--json');
  assert.equal(again.status, 0, again.err);
  const lines = again.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    [
      lines.length,
      lines.filter(({ isNew }) => isNew).length,
      new Set(lines.map(({ id }) => id)).size,
    ],
    [250, 49, 250],
  );
  assert.match(again.err, /49 of them have no password with a code/);
  const stdin = await poorterHere(
    [
      'accounts',
      'import',
      '-',
      '--format',
      'jsonl',
      '--existing',
      'skip',
      '--data',
      `${poorter.folder}/data`,
    ],
    { input: many.join('\r\n') },
  );
  assert.match(stdin.err, /0 accounts were imported; 250 were there already/);
  const unnamed = await poorterHere([
    'accounts',
    'import',
    '-',
    '--data',
    `${poorter.folder}/data`,
  ]);
  assert.equal(unnamed.status, 2);
  assert.match(unnamed.err, /--format is missing/);
});

/** As Keycloak 26 writes a realm with its users. */
function realm() {
  const { salt, value, rounds } = pbkdf2(PASSWORD);
  const credential = (type: string, secret: object, terms: object) => ({
    ...{ id: 'x', type, userLabel: 'Mine', createdDate: 1690887741455 },
    ...{ secretData: JSON.stringify(secret), credentialData: JSON.stringify(terms) },
  });
  const password = credential(
    'password',
    { value: value.toString('base64'), salt: salt.toString('base64'), additionalParameters: {} },
    { hashIterations: rounds, algorithm: 'pbkdf2-sha256', additionalParameters: {} },
  );
  const code = credential(
    'otp',
    { value: 'OKGQyZ8aCkJeV0ZqPl3d' },
    { subType: 'totp', digits: 8, counter: 0, period: 30, algorithm: 'HmacSHA256' },
  );
  const person = {
    enabled: true,
    emailVerified: true,
    totp: true,
    realmRoles: ['default-roles-bank'],
  };
  return {
    ...{ id: 'bank', realm: 'bank', enabled: true },
    users: [
      {
        ...{ ...person, username: 'griet', firstName: 'Griet', lastName: 'Maes' },
        ...{ email: 'griet@realm.test', credentials: [password, code] },
        federatedIdentities: [{ identityProvider: 'partner', userId: 'g-1', userName: 'griet' }],
      },
      { ...person, username: 'jan', enabled: false, credentials: [credential('webauthn', {}, {})] },
      { username: 'service-account-shop', enabled: true, serviceAccountClientId: 'shop' },
    ],
    clients: [{ clientId: 'shop', users: [{ username: 'nobody' }] }],
    identityProviders: [{ alias: 'partner', providerId: 'oidc', config: { issuer: PARTNER } }],
  };
}

test('a realm of Keycloak comes with its people, and what cannot come is left out by its name alone', async () => {
  const text = JSON.stringify(realm(), null, 2);
  const refused = await importing('realm.json', text, '--format', 'keycloak');
  assert.equal(refused.status, 1);
  assert.match(refused.err, /realm\.json:\d+: has a passkey/);
  assert.equal(await accountOf('griet'), undefined);
  const ran = await importing('realm.json', text, '--format', 'keycloak', '--leave-out', 'other');
  assert.equal(ran.status, 0, ran.err);
  assert.match(ran.err, /left out: has a passkey, which holds for its old address alone \(1\)/);
  assert.match(ran.err, /left out: service accounts/);
  assert.match(ran.err, /2 accounts were imported/);
  // Its bytes are those of the text, as Keycloak takes them.
  const secret = 'J5FUOULZLI4GCQ3LJJSVMMC2OFIGYM3E';
  const codes = new Codes(secret, { algorithm: 'SHA256', digits: 8 });
  const griet = await signingIn('Griet', PASSWORD, await codes.next());
  assert.equal(griet.location, '/account/sessions', griet.text);
  const kinds = (await accountOf('griet'))?.credentials.map(({ kind }) => kind).toSorted();
  assert.deepEqual(kinds, ['identity', 'password', 'totp']);
  assert.equal((await accountOf('jan'))?.state, 'disabled');
  const again = await importing(
    'again.jsonl',
    JSON.stringify({
      login: 'other',
      name: 'O',
      identities: [{ issuer: PARTNER, subject: 'g-1' }],
    }),
  );
  assert.match(
    again.err,
    /again\.jsonl:1: identities\/0 is to be an identity that no other account has/,
  );
  const strange = await importing(
    'strange.jsonl',
    JSON.stringify({
      login: 'other',
      name: 'O',
      identities: [{ issuer: 'https://login.other.test', subject: 'g-1' }],
    }),
  );
  assert.match(strange.err, /issuer\.federation/);
  assert.equal(await accountOf('other'), undefined);
  const without = await importing(
    'strange.jsonl',
    poorter.read('strange.jsonl'),
    '--leave-out',
    'identity',
  );
  assert.equal(without.status, 0, without.err);
  assert.match(without.err, /left out: identity that this server does not take \(1\)/);
  assert.deepEqual((await accountOf('other'))?.credentials, []);
});

test('an imported password alone lets nobody in; after a link its owner makes the other half, and both sign in', async () => {
  const line = JSON.stringify({
    login: 'half@alone.test',
    name: 'Half',
    password: phcOf(pbkdf2(PASSWORD)),
  });
  const ran = await importing('alone.jsonl', line);
  assert.match(ran.err, /1 of them have no password with a code/);
  const refused = await signingIn('half@alone.test', PASSWORD, '000000');
  const unknown = await signingIn('nobody@alone.test', PASSWORD, '000000');
  const told = ({ text }: { text: string }) => text.replaceAll(/[0-9a-f]{16}-\w+/g, '');
  assert.deepEqual([refused.status, told(refused)], [401, told(unknown)]);
  const [id = ''] = ran.out.split('  ');
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, await enrolById(issuer, id, browser));
  assert.match((await browser.get('/account/credentials')).text, /neither signs you in alone/);
  const shown = await browser.get('/account/code');
  const [, key = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(shown.text) ?? [];
  const codes = new Codes(key);
  assert.equal(
    (await browser.postForm('/account/code', { code: await codes.next() })).location,
    '/account/credentials',
  );
  const both = await signingIn('half@alone.test', PASSWORD, await codes.next());
  assert.equal(both.location, '/account/sessions', both.text);
});

test('a password that bcrypt read in part is not replaced, and its owner is not locked out', async () => {
  const long = `${'a long sentence of many words, '.repeat(3)}and its end`;
  const lines = [
    {
      login: 'long@set.test',
      name: 'Long',
      code: SECRET,
      password: await bcrypt(long, 5),
    },
  ].map((one) => JSON.stringify(one));
  await importing('set.jsonl', lines.join('\n'));
  const codes = new Codes(SECRET);
  const forged = `${long.slice(0, 72)} of a stranger`;
  assert.equal(
    (await signingIn('long@set.test', forged, await codes.next())).status,
    303,
    'as where it came from',
  );
  assert.equal(
    (await signingIn('long@set.test', long, await codes.next())).status,
    303,
    'its owner is not locked out',
  );
});

test('only owners and operators import, and nothing of it stands in the log or in clear in the files', async () => {
  const password = phcOf(pbkdf2('PLANTED-PASSWORD'));
  const owner = adminOf(poorter);
  const planted = { login: 'planted@roles.test', name: 'PLANTED-NAME', password, code: SECRET };
  for (const [role, status] of [
    ['auditor', 403],
    ['developer', 403],
    ['security-officer', 403],
    ['operator', 200],
  ] as const) {
    const made = await owner('POST', '/v1/operators', { name: role, roles: [role] });
    const operator = adminOf(poorter, made.body.key);
    const once = { 'idempotency-key': 'planted-1' };
    const answer = await operator('POST', '/v1/accounts/import', { accounts: [planted] }, once);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    const acts = `/v1/log/records?operation=importAccounts&client=${made.body.operator.id}`;
    await eventually(
      `the act of the ${role} is in the log`,
      async () => (await owner('GET', acts)).body.items.length > 0,
    );
    if (status !== 200) continue;
    assert.deepEqual(Object.keys(answer.body.accounts[0]), ['login', 'id', 'isNew']);
    const again = await operator('POST', '/v1/accounts/import', { accounts: [planted] }, once);
    assert.deepEqual(again.body, answer.body, 'asked again, it is answered as the first time');
  }
  const log = await owner('GET', '/v1/log/records?limit=200');
  const said = JSON.stringify(log.body) + poorter.output();
  assert.match(said, /importAccounts/);
  const hidden = [
    SECRET,
    password,
    password.split('$').at(-1) ?? '',
    'PLANTED-NAME',
    'planted@roles.test',
  ];
  for (const one of hidden) assert.ok(!said.includes(one), one);
  const folder = `${poorter.folder}/data`;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, name));
    } catch {
      continue;
    }
    for (const one of hidden) assert.ok(!bytes.includes(one), `${one} stands in ${name}`);
  }
  // More than an act may hold, and fewer than one.
  const many = Array.from({ length: 101 }, (_, at) => ({ login: `m${at}`, name: 'M' }));
  assert.equal((await owner('POST', '/v1/accounts/import', { accounts: many })).status, 400);
  assert.equal((await owner('POST', '/v1/accounts/import', { accounts: [] })).status, 400);
});

test('nobody sees by the time whose account was imported, once one of them has been looked at', async (t) => {
  const rounds = 1_000_000;
  const people = ['a', 'b'].map((name) => ({
    ...{ login: `${name}@time.test`, name, code: SECRET },
    password: phcOf(pbkdf2(PASSWORD, 'sha256', rounds, 32)),
  }));
  await importing('time.jsonl', people.map((one) => JSON.stringify(one)).join('\n'));
  const took = async (login: string) => {
    const beganMs = performance.now();
    assert.equal((await signingIn(login, 'een andere zin', '000000')).status, 401);
    return performance.now() - beganMs;
  };
  await took('a@time.test');
  const median = async (login: string) => {
    const all = [];
    for (let at = 0; at < 3; at += 1) all.push(await took(login));
    return all.toSorted((one, other) => one - other)[1] ?? Number.NaN;
  };
  const [imported, unknown] = [await median('b@time.test'), await median('nobody@time.test')];
  t.diagnostic(`imported ${Math.round(imported)} ms, unknown ${Math.round(unknown)} ms`);
  assert.ok(unknown > imported * 0.5, `${imported} and ${unknown} ms`);
});
