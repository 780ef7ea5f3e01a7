import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { appLink, CODE_SECRET_BYTES, keyOf, secretOf, stepOfCode } from './one-time-codes.ts';

const secret = secretOf(Buffer.from('12345678901234567890'));

test('codes are those of RFC 6238, appendix B, one step early or late, and no further', () => {
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const) {
    const step = Math.floor(seconds / 30);
    const at = (steps: number) => stepOfCode(secret, code, (seconds + 30 * steps) * 1000);
    assert.deepEqual([at(0), at(1), at(-1)], [step, step, step], code);
    assert.deepEqual([at(2), at(-2)], [null, null], code);
  }
  assert.equal(stepOfCode(secret, '287 082', 59_000), 1, 'as apps show it');
});

test('a key from elsewhere has its own algorithm, digits and period', () => {
  // RFC 6238, appendix B: eight digits, by a key of 32 bytes.
  const bytes = Buffer.from('12345678901234567890123456789012');
  const data = { secret: secretOf(bytes), algorithm: 'SHA256', digits: 8 };
  for (const [seconds, code] of [
    [59, '46119246'],
    [1_111_111_109, '68084774'],
    [20_000_000_000, '77737706'],
  ] as const) {
    const step = Math.floor(seconds / 30);
    assert.equal(stepOfCode(keyOf(data), code, seconds * 1000), step, code);
    assert.equal(stepOfCode(keyOf(data), code.slice(2), seconds * 1000), null, 'not by its end');
    const slower = stepOfCode(keyOf({ ...data, period: 60 }), code, seconds * 1000);
    assert.equal(
      slower,
      seconds === 59 ? 1 : null,
      'the next step of a clock that is half as fast',
    );
  }
});

test('whatever is typed is a step of now or nothing, and never a fault', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 9 }), fc.stringMatching(/^\d{6}$/)),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      (typed, now) => {
        const step = stepOfCode(secret, typed, now);
        assert.ok(step === null || Math.abs(step - Math.floor(now / 30_000)) <= 1);
      },
    ),
  );
});

test('an app on the same device is handed the whole of it', () => {
  const link = new URL(appLink({ issuer: 'login.bank.test', login: 'griet@example.test', secret }));
  assert.equal(link.protocol, 'otpauth:');
  const { searchParams } = link;
  const told = ['secret', 'issuer', 'algorithm', 'digits', 'period'].map((one) =>
    searchParams.get(one),
  );
  assert.deepEqual(told, [secret, 'login.bank.test', 'SHA1', '6', '30']);
  assert.equal(secretOf(new Uint8Array(CODE_SECRET_BYTES)).length, 32);
});
