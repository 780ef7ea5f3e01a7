import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret, TOTP } from 'otpauth';
import { base32Of, readCodeKey } from './code-key.ts';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

test('a key is read from Base32 as people copy it, and from the URI of a picture', () => {
  const usual = { secret: SECRET, algorithm: 'SHA1', digits: 6, period: 30 };
  for (const text of [
    SECRET,
    'jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp',
    `otpauth://totp/Bank:griet%40example.test?secret=${SECRET}&issuer=Bank`,
    `otpauth://totp/?secret=${SECRET}&algorithm=sha-1&digits=6&period=30`,
  ]) {
    assert.deepEqual(readCodeKey(text), usual, text);
  }
  assert.deepEqual(
    readCodeKey(`otpauth://totp/x?secret=${SECRET}&algorithm=SHA256&digits=8&period=60`),
    { secret: SECRET, algorithm: 'SHA256', digits: 8, period: 60 },
  );
});

test('what no code would ever match is refused by what is expected, and nothing of it is told', () => {
  for (const [text, expected] of [
    ['', /Base32/],
    ['1890189018901890', /Base32/],
    ['JBSWY3DPEHPK3PX', /10 to 64 bytes/],
    ['A'.repeat(17), /Base32/],
    ['A'.repeat(112), /10 to 64 bytes/],
    [`otpauth://hotp/x?secret=${SECRET}&counter=1`, /not timed/],
    [`otpauth://totp/x?secret=${SECRET}&digits=7`, /6 or 8 digits/],
    [`otpauth://totp/x?secret=${SECRET}&period=15`, /30 or 60/],
    [`otpauth://totp/x?secret=${SECRET}&algorithm=MD5`, /SHA1/],
    [`otpauth://totp/x?secret=${SECRET}&secret=AAAA`, /once/],
    ['otpauth://totp/x', /Base32/],
    ['otpauth://[', /totp/],
  ] as const) {
    const read = readCodeKey(text);
    assert.ok('kind' in read, text);
    assert.match(read.expected, expected, text);
    assert.ok(!read.expected.includes(SECRET));
  }
});

test('the URI of any app means the same key here as there', () => {
  const bytes = fc.uint8Array({ minLength: 10, maxLength: 64 });
  const terms = fc.record({
    algorithm: fc.constantFrom('SHA1', 'SHA256', 'SHA512'),
    digits: fc.constantFrom(6, 8),
    period: fc.constantFrom(30, 60),
    label: fc.string({ minLength: 1, maxLength: 40 }),
  });
  fc.assert(
    fc.property(bytes, terms, fc.nat(), (key, { label, ...more }, seconds) => {
      const secret = new Secret({ buffer: new Uint8Array(key).buffer });
      assert.equal(base32Of(key), secret.base32);
      const theirs = new TOTP({ ...more, secret, label });
      const read = readCodeKey(theirs.toString());
      assert.ok(!('kind' in read), theirs.toString());
      const timestamp = seconds * 1000;
      assert.equal(new TOTP(read).generate({ timestamp }), theirs.generate({ timestamp }));
    }),
  );
});

test('nothing that is given makes a fault', () => {
  const piece = fc.oneof(
    fc.constantFrom('otpauth://', 'totp/', 'hotp', '?', '&', 'secret=', 'digits=', '%', SECRET),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (parts) => {
      const read = readCodeKey(parts.join(''));
      if (!('kind' in read)) assert.match(read.secret, /^[A-Z2-7]{16,103}$/);
    }),
    { numRuns: 2_000 },
  );
});
