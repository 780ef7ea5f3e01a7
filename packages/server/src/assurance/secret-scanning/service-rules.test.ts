import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentScanner } from './content-scanner.ts';
import { base64, hex, part, url, word } from './drawn-text.fixture.ts';
import { INNOCENT } from './innocent-text.fixture.ts';
import { MADE } from './made-secrets.fixture.ts';
import { SERVICE_RULES } from './service-rules.ts';

const scanner = new ContentScanner();

function rulesIn(text: string): string[] {
  scanner.begin(Buffer.from('settings.env'));
  scanner.write(Buffer.from(text));
  return scanner.end().findings.map(({ rule }) => rule);
}

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

test('one secret is one finding, though two rules or two literals lead to it', () => {
  for (const [id, makers] of Object.entries(MADE)) {
    for (const make of makers) {
      const text = make();
      const rules = rulesIn(text);
      assert.ok(new Set(rules).size === rules.length, `${id}: ${rules.join()} in ${make}`);
      assert.ok(id === 'private-key/pem' || rules.length <= 2, `${id}: ${rules.join()} in ${make}`);
    }
  }
});

/** A service account shows its account and its token in many ways; each of these stood in programs that people wrote. */
test('the pair with which everybody can send in our name is found as programs are written', () => {
  const [sid, token] = [`AC${hex(32)}`, hex(32)];
  for (const text of [
    `const client = twilio("${sid}", "${token}");`,
    `client = Client('${sid}', '${token}')`,
    `new Client($sid = "${sid}", $token = "${token}")`,
    `Twilio::REST::Client.new('${sid}', '${token}')`,
    `account_sid = "${sid}"\nauth_token = "${token}"`,
    `auth_token = "${token}"\naccount_sid = "${sid}"`,
    `Twilio.init("${sid}", "${token}");`,
  ]) {
    assert.equal(rulesIn(text).length, 1, text.replaceAll(sid, 'SID').replaceAll(token, 'TOKEN'));
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
    'AC0123456789abcdef0123456789abcdef ',
    'auth_token twilio ',
    'cf_token ',
    'cf_key_token_secret_',
    'EAA',
    'aws_secret_',
  ]) {
    const startedAt = process.cpuUsage().user;
    rulesIn(piece.repeat(Math.ceil(150_000 / piece.length)));
    rulesIn(`-----BEGIN PRIVATE KEY-----${piece.repeat(Math.ceil(75_000 / piece.length))}`);
    const usedMs = (process.cpuUsage().user - startedAt) / 1_000;
    // What looks at every pair of characters takes half a minute.
    assert.ok(usedMs < 10_000, `${piece}: ${usedMs} ms`);
  }
});
