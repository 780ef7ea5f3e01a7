import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPasswordHash } from '../../access/accounts/index.ts';
import { phcOf } from './hash-forms.ts';

test('hashes as other programs write them come to the same bytes', () => {
  for (const [text, phc] of [
    [
      '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44',
      '$pbkdf2-sha256$i=6400$+6UI/S+nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44',
    ],
    [
      'pbkdf2_sha256$870000$NaClNaClNaCl$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      `$pbkdf2-sha256$i=870000$TmFDbE5hQ2xOYUNs$${'A'.repeat(43)}`,
    ],
    [
      `scrypt$16384$NaClNaCl$8$5$${'A'.repeat(86)}==`,
      `$scrypt$ln=14,r=8,p=5$TmFDbE5hQ2w$${'A'.repeat(86)}`,
    ],
    [
      'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
      '$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
    ],
    [
      'bcrypt$$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
      '$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    ],
  ] as const) {
    assert.equal(phcOf(text), phc);
    assert.notEqual(readPasswordHash(phcOf(text)).kind, 'unfit', text);
    assert.equal(phcOf(phc), phc, 'what is in the form already stays');
  }
});

test('what is hashed twice, or in another way, is not taken for something else', () => {
  for (const text of [
    'bcrypt_sha256$$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    'pbkdf2_sha1$870000$NaCl$AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    'scrypt$16383$NaClNaCl$8$5$AAAAAAAAAAAAAAAAAAAAAA==',
    '!unusable',
  ]) {
    assert.equal(readPasswordHash(phcOf(text)).kind, 'unfit', text);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void readPasswordHash(phcOf(text))),
  );
});
