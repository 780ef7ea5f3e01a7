import assert from 'node:assert/strict';
import { generateKeyPairSync, randomInt, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ContentScanner } from './content-scanner.ts';
import { SERVICE_RULES } from './service-rules.ts';

const scanner = new ContentScanner();

function rulesIn(text: string): string[] {
  scanner.begin(Buffer.from('settings.env'));
  scanner.write(Buffer.from(text));
  return scanner.end().findings.map(({ rule }) => rule);
}

const from = (alphabet: string) => (length: number) =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
const hex = from('0123456789abcdef');
const word = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');
const url = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const base64 = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const digits = from('0123456789');
const upper = from('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
const low36 = from('abcdefghijklmnopqrstuvwxyz0123456789');
const base32 = from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
const bech32 = from('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L');
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

const pair = (text: string) => Buffer.from(text).toString('base64');
/** A bot is called by a number. */
const botId = (length: number) =>
  pair(`${1 + randomInt(9)}${digits(length - 1)}`).replace(/=+$/, '');

function pem(type: 'ec' | 'ed25519' | 'rsa', format: 'pkcs8' | 'sec1' | 'pkcs1', lock: boolean) {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  return pair.privateKey
    .export({
      format: 'pem',
      type: format as 'pkcs8',
      ...(lock && { cipher: 'aes-256-cbc', passphrase: 'p' }),
    })
    .toString();
}

/** As the services document their forms; each with the text in which people leave it. */
const MADE: Readonly<Record<string, readonly (() => string)[]>> = {
  'private-key/pem': [
    () => pem('ec', 'sec1', false),
    () => pem('ec', 'pkcs8', false),
    () => pem('ec', 'sec1', true),
    () => pem('ed25519', 'pkcs8', false),
    () => pem('ed25519', 'pkcs8', true),
    () => pem('rsa', 'pkcs1', true),
    () => JSON.stringify({ key: pem('ec', 'pkcs8', false) }),
    () => `key: |\n${pem('ed25519', 'pkcs8', false).replace(/^/gm, '    ')}`,
    () => `KEY="${pem('ec', 'sec1', false).replace(/\n/g, '\\n')}"`,
  ],
  'age/secret-key': [() => `AGE-SECRET-KEY-1${bech32(58)}`],
  'age/plugin-key': [() => `AGE-PLUGIN-YUBIKEY-1${bech32(60)}`],
  'jwt/signed-token': [
    () =>
      `Authorization: Bearer ${part({ alg: 'RS256', kid: word(8) })}.${part({ sub: word(12), exp: 1_900_000_000 })}.${url(342)}`,
    () => `token = "${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: word(9) })}.${url(43)}"`,
  ],
  'google/api-key': [() => `const key = 'AIza${url(35)}';`],
  'google/client-secret': [() => `"client_secret":"GOCSPX-${url(28)}"`],
  'google/access-token': [() => `ya29.${url(180)}`],
  'google/refresh-token': [() => `refresh: 1//0${url(97)}`],
  'azure/client-secret': [() => `AZURE_SECRET=${word(3)}8Q~${url(33)}x`],
  'azure/storage-key': [() => `AccountName=shop;AccountKey=${base64(86)}==;EndpointSuffix=core`],
  'azure/shared-access-key': [() => `Endpoint=sb://x/;SharedAccessKey=${base64(43)}=`],
  'azure/devops-token': [() => `${word(76)}AZDO${word(4)}`],
  'twilio/api-key': [() => `TWILIO_API_KEY=SK${hex(32)}`],
  'twilio/auth-token': [
    () => `TWILIO_AUTH_TOKEN=${hex(32)}`,
    () => `"twilioAuthToken": "${hex(32)}"`,
  ],
  'mailgun/api-key': [() => `mailgun = key-${hex(32)}`],
  'mailgun/domain-key': [
    () => `MAILGUN_API_KEY: ${hex(32)}-${hex(8)}-${hex(8)}`,
    () => `curl -s --user 'api:${hex(32)}-${hex(8)}-${hex(8)}' https://api.eu.example/v3/x`,
    () => `mg = Mailgun({ username: 'api', key: '${hex(32)}-${hex(8)}-${hex(8)}' })`,
  ],
  'connection-url/password': [
    () => `REDIS_URL=redis://:${word(24)}@cache.internal:6379/0`,
    () => `url: rediss://default:${url(32)}@10.0.0.7:6380`,
    () => `"amqps://shop:${word(20)}@mq.example.com/vhost"`,
    () => `AMQP_URL='amqp://u${digits(3)}:${hex(16)}@[::1]'`,
    () => `valkeys://gate:${word(20)}@counters`,
    () => `smtps://mailer%40x.example:${word(18)}@smtp.example.com:465`,
  ],
  '1password/service-account': [
    () =>
      `OP_SERVICE_ACCOUNT_TOKEN=ops_${part({ email: word(20), muk: { k: word(43) }, secretKey: word(30), throttleSecret: { seed: hex(64) } })}`,
    () => `token: ops_eyJ${base64(801)}=`,
  ],
  'stripe/webhook-secret': [
    () => `STRIPE_WEBHOOK_SECRET=whsec_${word(32)}`,
    () => `secret: "whsec_${base64(43)}="`,
    () => `whsec_${hex(64)}`,
  ],
  'azure/shared-access-signature': [
    () =>
      `https://shop.blob.core.windows.net/c?sv=2022-11-02&sr=c&sp=r&se=2027-01-01&sig=${encodeURIComponent(`${base64(43)}=`)}`,
    () => `SharedAccessSignature sr=x&sig=${encodeURIComponent(`${base64(43)}=`)}&se=1&skn=root`,
    () => `https://prod.logic.azure.com/workflows/x?api-version=1&sp=%2Ft&amp;sig=${url(43)}`,
  ],
  'npm/legacy-token': [
    () => `//registry.npmjs.org/:_authToken=${randomUUID()}`,
    () => `//npm.example.com/:_authToken="${base64(38)}=="`,
  ],
  'docker/registry-auth': [
    () =>
      JSON.stringify({
        auths: { 'https://index.docker.io/v1/': { auth: pair(`shop:${word(20)}`) } },
      }),
    () =>
      JSON.stringify(
        { auths: { 'ghcr.io': { username: 'x', email: 'x@y.z', auth: pair(`x:${word(36)}`) } } },
        null,
        '\t',
      ),
    () =>
      JSON.stringify(
        JSON.stringify({ 'r.example:5000': { auth: pair(`u${word(3)}:${word(12)}`) } }),
      ),
  ],
  'github/refresh-token': [() => `ghr_${word(76)}`],
  'twilio/account-and-token': [() => `curl -u AC${hex(32)}:${hex(32)} https://x.example`],
  'discord/bare-bot-token': [
    () => `client.login('${botId(18)}.${url(6)}.${url(38)}')`,
    () => `TOKEN=${botId(19)}.G${url(5)}.${url(27)}`,
    () => `${botId(17)}.${url(6)}.${url(38)}`,
  ],
  'telegram/bot-token': [() => `bot ${digits(9).replace(/^0/, '1')}:AA${url(33)}`],
  'discord/webhook': [() => `https://discord.com/api/webhooks/${digits(18)}/${url(68)}`],
  'discord/bot-token': [
    () => `DISCORD_TOKEN=M${word(23)}.${url(6)}.${url(38)}`,
    () => `Authorization: Bot M${word(25)}.G${url(5)}.${url(38)} # discord`,
  ],
  'pypi/api-token': [() => `password = pypi-AgEIcHlwaS5vcmc${url(150)}`],
  'rubygems/api-key': [() => `rubygems_${hex(48)}`],
  'nuget/api-key': [() => `oy2${low36(43)}`],
  'crates-io/api-token': [() => `CARGO_REGISTRY_TOKEN=cio${word(32)}`],
  'digitalocean/token': [() => `dop_v1_${hex(64)}`, () => `doo_v1_${hex(64)}`],
  'heroku/api-key': [() => `HRKU-AA${url(58)}`],
  'fly/access-token': [() => `fo1_${url(43)}`],
  'pulumi/access-token': [() => `pul-${hex(40)}`],
  'terraform/cloud-token': [() => `token = "${word(14)}.atlasv1.${url(67)}"`],
  'doppler/token': [() => `dp.pt.${word(43)}`, () => `dp.st.prd.${word(43)}`],
  'alibaba/access-key': [() => `LTAI5t${word(18)}`],
  'supabase/token': [() => `sbp_${hex(40)}`],
  'planetscale/token': [() => `pscale_tkn_${url(43)}`],
  'new-relic/user-key': [() => `NRAK-${upper(27)}`],
  'dynatrace/token': [() => `dt0c01.${base32(24)}.${base32(64)}`],
  'sentry/token': [() => `sntryu_${hex(64)}`],
  'replicate/api-token': [() => `r8_${word(37)}`],
  'xai/api-key': [() => `xai-${word(80)}`],
  'perplexity/api-key': [() => `pplx-${word(48)}`],
  'gitlab/other-token': [() => `glrt-${url(20)}`, () => `gldt-${url(20)}`],
  'atlassian/api-token': [() => `ATATT3xFfGF0${url(170)}=${upper(8)}`],
  'bitbucket/app-password': [() => `ATBB${word(32)}`],
  'postman/api-key': [() => `PMAK-${hex(24)}-${hex(34)}`],
  'airtable/token': [() => `AIRTABLE_TOKEN=pat${word(14)}.${hex(64)}`],
  '1password/secret-key': [
    () => `A3-${upper(6)}-${upper(11)}-${upper(5)}-${upper(5)}-${upper(5)}`,
    () => `A3-${upper(6)}-${upper(6)}-${upper(5)}-${upper(5)}-${upper(5)}-${upper(5)}`,
  ],
  'mollie/live-key': [() => `MOLLIE_KEY=live_${word(30)}`],
  'square/access-token': [() => `sq0atp-${url(22)}`, () => `sq0csp-${url(43)}`],
  'braintree/access-token': [() => `access_token$production$${low36(16)}$${hex(32)}`],
  'brevo/api-key': [() => `xkeysib-${hex(64)}-${word(16)}`],
  'mailchimp/api-key': [() => `MAILCHIMP_API_KEY=${hex(32)}-us${1 + randomInt(21)}`],
  'shippo/live-token': [() => `shippo_live_${hex(40)}`],
};

/** What stands in source and is no secret. */
const INNOCENT: readonly (() => string)[] = [
  () => hex(40),
  () => hex(32),
  () => `"integrity": "sha512-${base64(86)}=="`,
  () => `data:image/png;base64,${base64(4_000)}`,
  () => randomUUID(),
  () => `const ${word(8)} = require('./${low36(12)}');`,
  () => `<script src="/assets/index-${word(8)}.js" crossorigin></script>`,
  () => `commit ${hex(40)}\nAuthor: Someone <someone@example.org>`,
  () => `-----BEGIN CERTIFICATE-----\n${base64(64)}\n${base64(64)}\n-----END CERTIFICATE-----`,
  () => `-----BEGIN PUBLIC KEY-----\n${base64(64)}\n-----END PUBLIC KEY-----`,
  () => `-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----`,
  () => `-----BEGIN EC PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END EC PRIVATE KEY-----`,
  () => "if (text.includes('-----BEGIN PRIVATE KEY-----')) return parsePrivateKey(text);",
  () => `ghp_${'x'.repeat(36)}`,
  () => `AIza${'X'.repeat(35)}`,
  () => `AIzaSyD-EXAMPLE-${url(23)}`,
  () => `sk_live_your_key_here_${digits(6)}`,
  () => `STRIPE_KEY=sk_test_${'0'.repeat(24)}`,
  () => 'dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  () => `key-${'1234567890abcdef'.repeat(2)}`,
  () => `TWILIO_AUTH_TOKEN=${'x'.repeat(32)}`,
  () => `TWILIO_AUTH_TOKEN=${'$'}{TWILIO_AUTH_TOKEN}`,
  () => `123456789:AA${'x'.repeat(33)}`,
  () => `rubygems_${'0'.repeat(48)}`,
  () => 'postgres://user:password@localhost:5432/app',
  () => 'postgres://postgres:postgres@db/app',
  () => 'mysql://root:<password>@db/app',
  () => `https://user:${'$'}{PASSWORD}@registry.example.org/`,
  () => 'mongodb://admin:changeme@mongo/app',
  () =>
    `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.${url(43)}`,
  () => `${part({ alg: 'none' })}.${part({ sub: 'a' })}.`,
  () => `//# sourceMappingURL=data:application/json;base64,eyJ${base64(400)}`,
  () => `the pattern pat${word(14)} and the path /api/webhooks/`,
  () => `live_streaming_${low36(12)} = true`,
  () => `A3-${upper(4)}`,
  () => `social${word(20)} special`,
  () => `region: eu-us1, build ${hex(32)}-us-east-1`,
  () => `AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
  () => `"@xai-labs/sdk": "^1.${digits(1)}.0"`,
  () => 'redis://localhost:6379/0',
  () => 'redis://:password@localhost:6379',
  () => `rediss://:${'$'}{REDIS_PASSWORD}@cache:6380`,
  () => 'amqp://guest:guest@localhost:5672/',
  () => 'amqps://user:<password>@mq.example/v',
  () => `redis://cache.internal:6379/${digits(1)}?name=a@b`,
  () => `valkey://h:6379 and mail ${low36(6)}@example.org`,
  () => 'ops_eyJ...',
  () => `ops_${low36(12)}_total{x="y"}`,
  () => `whsec_${'x'.repeat(32)}`,
  () => `STRIPE_WEBHOOK_SECRET=whsec_your_secret_${digits(4)}`,
  () => `const sig=${word(43)}`,
  () => `?sig=${word(12)}&v=1`,
  () => `https://maps.example/?signature=${url(43)}`,
  () => `//registry.npmjs.org/:_authToken=${'$'}{NPM_TOKEN}`,
  () => 'read _authToken from the file .npmrc',
  () => `{"auth": "${word(16)}"}`,
  () => `{"auth":{"type":"basic","user":"${low36(8)}"}}`,
  () => `{"auths":{"ghcr.io":{}},"credsStore":"${low36(8)}"}`,
  () => `ghr_${low36(8)}: github release`,
  () => `AC${hex(32)}`,
  () => `AC${hex(32)}:${hex(8)}`,
  () => `mailgun-js ${digits(1)}.0.0 resolved ${hex(40)}`,
  () => randomUUID().replace('-', ''),
  () => `${word(24)}.${word(6)}.${word(27)}`,
  () => `M${word(23)}.js and MTA${word(3)}.${word(6)}.min.css`,
  () => `data:application/octet-stream;base64,${pair(digits(600))}`,
  () => `${'sk_'}test_4eC39HqLyjWDarjtT1zdp7dc`,
  () => `stripe.api_key = "${'sk_'}test_BQokikJOvBiI2HlWgH4olfQ2"`,
];

const ROUNDS = 40;

test('every rule has generated positives', () => {
  assert.deepEqual(Object.keys(MADE).toSorted(), SERVICE_RULES.map(({ id }) => id).toSorted());
});

test('of generated secrets .95 are found, and .98 of what is found are secrets', (t) => {
  let made = 0;
  let found = 0;
  const missed = new Set<string>();
  for (const [id, makers] of Object.entries(MADE)) {
    for (const make of makers) {
      const before = found;
      for (let round = 0; round < (id === 'private-key/pem' ? 4 : ROUNDS); round++) {
        made++;
        const text = `${word(5)} = 1\n${make()}\nmore = ${word(4)}\n`;
        if (rulesIn(text).length > 0) found++;
        else missed.add(id);
      }
      assert.ok(found > before, `${id} finds nothing of the form ${make}`);
    }
  }
  let wrong = 0;
  let looked = 0;
  const falsely = new Set<string>();
  for (const make of INNOCENT) {
    for (let round = 0; round < ROUNDS; round++) {
      looked++;
      const text = make();
      const rules = rulesIn(`${word(5)} = 1\n${text}\n`);
      wrong += rules.length;
      for (const rule of rules) falsely.add(`${rule}: ${text.slice(0, 40)}`);
    }
  }
  if (missed.size) t.diagnostic([...missed].join());
  const recall = found / made;
  const precision = found / (found + wrong);
  t.diagnostic(
    `recall ${recall.toFixed(4)} of ${made}, precision ${precision.toFixed(4)} with ${looked} look-alikes`,
  );
  assert.ok(recall >= 0.95, `${recall}: ${[...missed].join()}`);
  assert.ok(precision >= 0.98, `${precision}: ${[...falsely].join('; ')}`);
});

test('a long secret that has four letters of a sample in it by chance is still found', () => {
  for (const letters of ['xxxx', 'dummy', 'Lorem', 'sample', 'XxXx']) {
    const pem = `-----BEGIN PRIVATE KEY-----\n${base64(700)}${letters}${base64(892)}\n-----END PRIVATE KEY-----\n`;
    assert.deepEqual(rulesIn(pem), ['private-key/pem'], letters);
    const token = `${part({ alg: 'RS256' })}.${part({ sub: 'a', n: word(200) })}.${url(171)}${letters}${url(167)}`;
    assert.deepEqual(rulesIn(token), ['jwt/signed-token'], letters);
  }
  for (const letters of ['x'.repeat(24), 'your_key_here', '<the key>', '...']) {
    const pem = `-----BEGIN PRIVATE KEY-----\n${letters}${base64(300)}\n-----END PRIVATE KEY-----\n`;
    assert.deepEqual(rulesIn(pem), [], letters);
  }
});

test('a rule finds its own secret wherever it stands in a text, cut into parts or not', () => {
  const key = `AIza${url(35)}`;
  for (const before of ['', ' '.repeat(1_048_570), 'é'.repeat(600_000)]) {
    scanner.begin(Buffer.from('a.txt'));
    const bytes = Buffer.from(`${before}${key}\n`);
    for (let at = 0; at < bytes.length; at += 65_536)
      scanner.write(bytes.subarray(at, at + 65_536));
    const { findings } = scanner.end();
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['google/api-key'],
    );
    assert.equal(findings[0]?.column, before.length + 1);
  }
});

test('no text makes a rule of ours slow', () => {
  for (const piece of [
    'eyJ',
    'eyJa.',
    ' eyJ',
    'eyJaaaaaaaaaaaaaa.',
    ' eyJaaaaaaaaaaaaaa.',
    'MTA',
    'MTAw',
    'AC0',
    'amqp://:a',
    '_authToken',
    '"a.b":{"auth":',
    '"auth"',
    'mailgun',
    '&sig=',
    'PRIVATE KEY',
    '-----BEGIN PRIVATE KEY-----\n',
    'ya29.',
    'dp.st.',
    'twilio_token ',
    '\\n',
    'A3-',
  ]) {
    const startedAt = process.cpuUsage().user;
    rulesIn(piece.repeat(Math.ceil(400_000 / piece.length)));
    rulesIn(`-----BEGIN PRIVATE KEY-----${piece.repeat(Math.ceil(200_000 / piece.length))}`);
    const usedMs = (process.cpuUsage().user - startedAt) / 1_000;
    assert.ok(usedMs < 20_000, `${piece}: ${usedMs} ms`);
  }
});
