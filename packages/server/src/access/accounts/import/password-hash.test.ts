import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PasswordHash, readPasswordHash } from './password-hash.ts';

const SALT = 'c2FsdHNhbHRzYWx0c2FsdA';
const HASH = 'A'.repeat(43);

test('what other systems write is read, whatever of its family it is', () => {
  for (const [text, kind] of [
    [`$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${HASH}`, 'argon2'],
    [`$argon2i$v=19$m=4096,t=3,p=1$${SALT}$${HASH}`, 'argon2'],
    [`$argon2d$m=4096,t=3,p=1$${SALT}$${HASH}`, 'argon2'],
    [`$pbkdf2-sha256$i=1500000$${SALT}$${HASH}`, 'pbkdf2'],
    [`$pbkdf2-sha512$i=210000,l=64$${SALT}$${'A'.repeat(86)}`, 'pbkdf2'],
    [`$scrypt$ln=17,r=8,p=1$${SALT}$${HASH}`, 'scrypt'],
    ['$2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'bcrypt'],
  ] as const) {
    const read = readPasswordHash(text);
    assert.equal(read.kind, kind, JSON.stringify(read));
    assert.equal(read.text, text);
  }
});

test('what would hold a server up, is too short to be safe, or is none, is refused by what is expected', () => {
  for (const [text, expected] of [
    ['hunter2', /PHC string/],
    ['', /PHC string/],
    ['5f4dcc3b5aa765d61d8327deb882cf99', /PHC string/],
    [`$1$${SALT}$${HASH}`, /PHC string/],
    [`$pbkdf2$i=1000$${SALT}$${HASH}`, /PHC string/],
    [`$argon2id$v=19$m=4194304,t=1,p=1$${SALT}$${HASH}`, /131072 KiB/],
    [`$argon2id$v=19$m=131072,t=9,p=1$${SALT}$${HASH}`, /m times t/],
    [`$argon2id$v=19$m=8,t=101,p=1$${SALT}$${HASH}`, /100 passes/],
    [`$argon2id$v=19$m=4096,t=0,p=1$${SALT}$${HASH}`, /passes/],
    [`$argon2id$v=19$m=64,t=1,p=9$${SALT}$${HASH}`, /8 for each lane/],
    [`$argon2id$v=19$t=1,m=64,p=1$${SALT}$${HASH}`, /m=…,t=…,p=…/],
    [`$argon2id$v=18$m=64,t=1,p=1$${SALT}$${HASH}`, /v=19/],
    [`$pbkdf2-sha256$i=2500001$${SALT}$${HASH}`, /1000 to 2500000 rounds/],
    [`$pbkdf2-sha256$i=1250001$${SALT}$${'A'.repeat(86)}`, /1000 to 1250000 rounds/],
    [`$pbkdf2-sha512$i=4294967295$${SALT}$${'A'.repeat(86)}`, /1000 to 1000000 rounds/],
    [`$pbkdf2-sha256$i=999$${SALT}$${HASH}`, /1000 to/],
    [`$pbkdf2-sha256$i=01000$${SALT}$${HASH}`, /1000 to/],
    [`$pbkdf2-sha256$i=1000,l=64$${SALT}$${HASH}`, /as long as l says/],
    [`$pbkdf2-sha256$i=1000$AAAA$${HASH}`, /salt of 8 to 64 bytes/],
    [`$pbkdf2-sha256$i=1000$${SALT}$AAAA`, /16 to 64 bytes/],
    [`$pbkdf2-sha256$i=1000$${SALT}$${'A'.repeat(42)}B`, /Base64 without padding/],
    [`$scrypt$ln=18,r=8,p=1$${SALT}$${HASH}`, /times r times p/],
    [`$scrypt$ln=9999999999,r=8,p=1$${SALT}$${HASH}`, /2\^ln/],
    [`$scrypt$ln=16,r=1,p=1$${SALT}$${HASH}`, /ln below 16 times r/],
    [`$scrypt$ln=14,r=8$${SALT}$${HASH}`, /ln=…,r=…,p=…/],
    ['$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /cost from 04 to 13/],
    ['$2x$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /PHC string/],
    ['$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe', /PHC string/],
  ] as const) {
    const read = readPasswordHash(text);
    assert.ok(read.kind === 'unfit', text);
    assert.match(read.expected, expected, text);
    if (text !== '') assert.ok(!read.expected.includes(text), 'what was given may be a password');
  }
});

test('chance in the bits that a bcrypt hash has to spare is taken out: with it, no password would be right', () => {
  const clean = '$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  const read = readPasswordHash('$2b$04$CCCCCCCCCCCCCCCCCCCCCAE5YPO9kmyuRGyh0XouQYb4YMJKvyOeX');
  assert.deepEqual(read, { kind: 'bcrypt', text: clean });
});

test('whatever is read is bounded, and nothing that is given makes a fault', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '$',
      ',',
      '=',
      'argon2id',
      'pbkdf2-sha256',
      'scrypt',
      '$2b$',
      'm',
      't',
      'p',
      'i',
    ),
    fc.constantFrom('v=19', 'ln', 'r', SALT, HASH, '10', '2147483648', '-1', '1e9', '\0', 'é'),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const mixed = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''));
  const number = fc.oneof(fc.nat(), fc.nat({ max: 20 }), fc.constantFrom(1000, 131_072));
  const shaped = fc
    .tuple(
      fc.constantFrom('argon2id', 'argon2d', 'scrypt', 'pbkdf2-sha256', 'pbkdf2-sha512'),
      number,
    )
    .chain(([name, a]) =>
      fc.tuple(number, number).map(([b, c]) => {
        const terms = name.startsWith('argon2')
          ? `m=${a},t=${b},p=${c}`
          : name === 'scrypt'
            ? `ln=${a},r=${b},p=${c}`
            : `i=${a}`;
        return `$${name}$${terms}$${SALT}$${HASH}`;
      }),
    );
  fc.assert(
    fc.property(fc.oneof(mixed, shaped), (text) => {
      const read = readPasswordHash(text);
      if (read.kind !== 'unfit') assert.ok(isBounded(read), text);
    }),
    { numRuns: 3_000 },
  );
});

/** By another reading of the text than the one that is tested. */
function isBounded(hash: PasswordHash): boolean {
  const said = Object.fromEntries(
    [...hash.text.matchAll(/([a-z]+)=(\d+)/g)].map((one) => one.slice(1)),
  );
  switch (hash.kind) {
    case 'argon2':
      return Number(said.m) <= 131_072 && Number(said.m) * Number(said.t) <= 2 ** 20;
    case 'scrypt':
      return 128 * 2 ** Number(said.ln) * Number(said.r) * Number(said.p) <= 2 ** 27;
    case 'pbkdf2':
      return Number(said.i) <= 2_500_000 && hash.hash.length <= 64;
    case 'bcrypt':
      return Number(hash.text.slice(4, 6)) <= 13;
    default:
      return hash satisfies never;
  }
}
