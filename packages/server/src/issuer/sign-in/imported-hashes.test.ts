import assert from 'node:assert/strict';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from '@node-rs/bcrypt';
import fc from 'fast-check';
import { importedHash, isRightFor, mayReplace, waysToRead } from './imported-hashes.ts';

const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const RFC_7914 = Buffer.from(
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  'hex',
);
const salt = Buffer.from('a salt of 16 byt');

function read(text: string) {
  return importedHash(text) ?? assert.fail(text);
}

test('what other programs made of a password is known again, and of no other', async () => {
  const made: readonly (readonly [string, string])[] = [
    // Openwall's and Passlib's own.
    ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
    [
      'password',
      '$pbkdf2-sha256$i=6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M',
    ],
    // RFC 7914 §12.
    [
      'pleaseletmein',
      `$scrypt$ln=14,r=8,p=1$${b64(Buffer.from('SodiumChloride'))}$${b64(RFC_7914)}`,
    ],
    [
      'corrèct',
      `$pbkdf2-sha512$i=2000$${b64(salt)}$${b64(pbkdf2Sync('corrèct', salt, 2000, 64, 'sha512'))}`,
    ],
    [
      'long key',
      `$pbkdf2-sha256$i=2000,l=64$${b64(salt)}$${b64(pbkdf2Sync('long key', salt, 2000, 64, 'sha256'))}`,
    ],
    [
      'p5',
      `$scrypt$ln=10,r=8,p=5$${b64(salt)}$${b64(scryptSync('p5', salt, 32, { N: 1024, r: 8, p: 5 }))}`,
    ],
    ...(await Promise.all(
      [0, 1, 2].map(async (algorithm) => {
        const terms = { algorithm, memoryCost: 1_024, timeCost: 2, parallelism: 2 };
        return ['argon', await argon2('argon', terms)] as const;
      }),
    )),
    ['old argon', await argon2('old argon', { version: 0, memoryCost: 64, timeCost: 1 })],
    ['2y', (await bcrypt('2y', 4)).replace('$2b$', '$2y$')],
  ];
  for (const [password, text] of made) {
    assert.equal(await isRightFor(read(text), password), true, text);
    for (const other of [
      '',
      `${password} `,
      password.slice(1),
      'x'.repeat(5_000),
      '\0',
      '\ud800',
    ]) {
      assert.equal(await isRightFor(read(text), other), false, `${text} ${other.slice(0, 20)}`);
    }
  }
  assert.equal(importedHash('$md5$x'), null);
});

test('a password that was compared in part is never set in the place of the whole', async () => {
  const long =
    'a long sentence of more than seventy-two bytes, which bcrypt does not read to its end';
  const text = await bcrypt(long, 4);
  const kept = read(text);
  const forged = `${long.slice(0, 72)} and something of a stranger`;
  assert.equal(await isRightFor(kept, forged), true, 'as it was before');
  assert.deepEqual(
    [mayReplace(kept, long), mayReplace(kept, forged), mayReplace(kept, 'short\0er')],
    [false, false, false],
  );
  assert.equal(mayReplace(kept, 'x'.repeat(72)), true);
  const other = read(`$pbkdf2-sha256$i=1000$${b64(salt)}$${b64(Buffer.alloc(32))}`);
  assert.deepEqual(
    [mayReplace(other, 'x'.repeat(128)), mayReplace(other, 'x'.repeat(129))],
    [true, false],
  );
});

test('whatever is taken over can be computed', async () => {
  const salted = b64(salt);
  const rounds = fc.nat({ max: 40 });
  const text = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('id', 'i', 'd'),
        fc.constantFrom('$v=16', '$v=19', ''),
        rounds,
        rounds,
        rounds,
      )
      .map(([type, v, m, t, p]) => `$argon2${type}${v}$m=${m * 4},t=${t},p=${p}`),
    fc
      .tuple(fc.nat({ max: 17 }), rounds, rounds)
      .map(([ln, r, p]) => `$scrypt$ln=${ln},r=${r},p=${p}`),
    fc.tuple(fc.constantFrom(256, 512), rounds).map(([of, i]) => `$pbkdf2-sha${of}$i=${990 + i}`),
  );
  const bytes = fc.integer({ min: 8, max: 64 });
  await fc.assert(
    fc.asyncProperty(text, bytes, bytes, async (head, saltBytes, hashBytes) => {
      const whole = `${head}$${b64(Buffer.alloc(saltBytes, 1))}$${b64(Buffer.alloc(hashBytes, 2))}`;
      const kept = importedHash(whole);
      const isCheap =
        kept?.kind !== 'scrypt' || kept.terms.N * kept.terms.r * kept.terms.p < 2 ** 17;
      if (kept !== null && isCheap) assert.equal(await isRightFor(kept, 'x'), false);
    }),
    { numRuns: 600 },
  );
  assert.ok(importedHash(`$scrypt$ln=15,r=1,p=1$${salted}$${b64(Buffer.alloc(32))}`) !== null);
});

test('a password is read as it was typed, and as it looks', () => {
  assert.deepEqual(waysToRead('plain'), ['plain']);
  assert.deepEqual(waysToRead('cafe\u0301'), ['cafe\u0301', 'caf\u00e9']);
});

test('the costliest that is taken over holds nobody up for seconds, and the loop not at all', async (t) => {
  const salted = b64(salt);
  const costliest = [
    `$argon2id$v=19$m=131072,t=8,p=1$${salted}$${b64(Buffer.alloc(32))}`,
    `$argon2i$v=19$m=10485,t=100,p=16$${salted}$${b64(Buffer.alloc(32))}`,
    `$pbkdf2-sha256$i=2500000$${salted}$${b64(Buffer.alloc(32))}`,
    `$pbkdf2-sha512$i=1000000$${salted}$${b64(Buffer.alloc(64))}`,
    `$scrypt$ln=17,r=8,p=1$${salted}$${b64(Buffer.alloc(64))}`,
    `$scrypt$ln=18,r=2,p=2$${salted}$${b64(Buffer.alloc(64))}`,
    '$2b$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  ];
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 5);
  t.after(() => clearInterval(turning));
  for (const text of costliest) {
    const beganMs = performance.now();
    const before = turns;
    assert.equal(await isRightFor(read(text), 'no password of anybody'), false);
    const ms = performance.now() - beganMs;
    t.diagnostic(`${Math.round(ms)} ms ${text.slice(0, 40)}`);
    assert.ok(ms < 15_000, `${ms} ms on a machine that does much else: ${text}`);
    assert.ok(turns - before > 3, `the loop stood still: ${text}`);
  }
});
