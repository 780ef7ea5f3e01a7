import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ContentScanner } from './content-scanner.ts';
import { databaseUrl, githubToken, lookAlike, ownKey } from './samples.fixture.ts';

const scanner = new ContentScanner();

function scanned(content: Buffer | string, path = 'a.txt', chunk = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(content);
  scanner.begin(Buffer.from(path));
  for (let from = 0; from < bytes.length; from += chunk) {
    scanner.write(bytes.subarray(from, from + chunk));
  }
  return scanner.end();
}

function places(content: Buffer | string, chunk?: number): string[] {
  return scanned(content, 'a.txt', chunk).findings.map(
    ({ rule, line, column }) => `${rule} ${line}:${column}`,
  );
}

test('a key of ours is found wherever it stands; what only looks like one is not', () => {
  const key = ownKey();
  for (const text of [key, `x${key}y`, `é=${key}`, `\n\n"${key}"`, `${key.slice(0, 20)}${key}`]) {
    assert.equal(places(text).length, 1, text);
  }
  for (const text of [lookAlike(), key.slice(0, -1), key.toUpperCase(), 'poorter_']) {
    assert.deepEqual(places(text), []);
  }
});

test('a secret is found once, at its line and column, however the content is cut into parts', () => {
  const key = ownKey();
  const token = githubToken();
  const margin = 20_000;
  fc.assert(
    fc.property(
      // Around the borders of the first parts in memory.
      fc.integer({ min: 1_048_576 - margin, max: 1_048_576 + margin }),
      // Directly behind the key, what the first character of a token may follow decides.
      fc.integer({ min: 1, max: margin }),
      fc.constantFrom(4_096, 65_536, 1_000_003),
      (first, between, chunk) => {
        const before = 'word é\n'.repeat(Math.floor(first / 8));
        const middle = ' '.repeat(between);
        const text = `${before}😀${key}${middle}${token}${'\ntail'.repeat(300_000)}`;
        const line = before.split('\n').length;
        assert.deepEqual(places(text, chunk), [
          `poorter/api-key ${line}:3`,
          `github/github-token ${line}:${3 + key.length + between}`,
        ]);
      },
    ),
    { numRuns: 25 },
  );
});

test('a report never contains a secret: twelve characters of our keys, four of others', () => {
  const secrets = [ownKey(), githubToken(), databaseUrl()];
  const { findings } = scanned(secrets.join('\n'));
  assert.equal(findings.length, 3);
  assert.deepEqual(
    findings.map(({ excerpt }) => excerpt.length),
    [13, 5, 5],
  );
  const told = JSON.stringify(findings);
  for (const secret of secrets) assert.ok(!told.includes(secret.slice(0, 14)));
});

test('a line that says so is left out, and counted; its neighbours are not', () => {
  const [one, other] = [githubToken(), githubToken()];
  const result = scanned(`a = ${one} // poorter:allow\nb = ${other}\n// poorter:allow\n`);
  assert.deepEqual(
    result.findings.map(({ line }) => line),
    [2],
  );
  assert.equal(result.allowed, 1);
});

test('in a binary our own keys are found, and nothing else is looked for', () => {
  const content = Buffer.concat([Buffer.alloc(20), Buffer.from(`${githubToken()}\0${ownKey()}\0`)]);
  assert.deepEqual(
    scanned(content).findings.map(({ rule }) => rule),
    ['poorter/api-key'],
  );
});

test('UTF-16, as some shells write it, hides nothing', () => {
  const text = `\ufeffone\ntwo ${githubToken()}\n${'filler\n'.repeat(400_000)}${ownKey()}`;
  const little = Buffer.from(text, 'utf16le');
  const expected = ['github/github-token 2:5', 'poorter/api-key 400003:1'];
  assert.deepEqual(places(little, 65_537), expected);
  assert.deepEqual(places(Buffer.from(little).swap16(), 10_001), expected);
});

test('a text in another encoding is still read', () => {
  const latin = Buffer.concat([Buffer.from([0xe9, 0xfc, 0x20]), Buffer.from(githubToken())]);
  assert.deepEqual(places(latin).length, 1);
});

test('a fingerprint is the same in the next run and on another line, not in another file', () => {
  for (const secret of [githubToken(), databaseUrl()]) {
    const print = (text: string, path?: string) => scanned(text, path).findings[0]?.fingerprint;
    const first = print(secret);
    assert.match(first ?? '', /^[0-9a-f]{32}$/);
    assert.equal(print(`\n\n${secret}`), first);
    assert.notEqual(print(secret, 'b.txt'), first);
  }
});

test('a content full of secrets fills a bounded list, and the rest is counted', () => {
  const { findings, unlisted } = scanned(`${githubToken()}\n`.repeat(3_000));
  assert.equal(findings.length, 1_000);
  assert.equal(unlisted, 2_000);
});

test('whatever the bytes, scanning ends without a fault', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'SG.',
        '://',
        'a:b@',
        'ghs_',
        '-----BEGIN PRIVATE KEY-----',
        'hf_',
        'poorter_',
        '\n',
      )
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.integer({ min: 1, max: 99 }),
      (pieces, cut) => {
        const bytes = Buffer.concat(pieces);
        assert.equal(scanned(bytes, '.npmrc', cut).bytes, bytes.length);
      },
    ),
    { numRuns: 500 },
  );
});
