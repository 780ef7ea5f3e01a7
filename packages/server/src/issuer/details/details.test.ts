import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { approvalChallenge } from './approvals.ts';
import { DetailTypes } from './detail-types.ts';
import { grouped, isIban } from './iban.ts';

const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
};
const ASKED = { account: 'account_1', client: 'client_1', request: 'r1', details: [PAYMENT] };

test('one changed character is another approval; the order of members is none', () => {
  const challenge = approvalChallenge(ASKED, 'n');
  const { creditorName, type, ...rest } = PAYMENT;
  const turned = { ...rest, type, creditorName };
  assert.equal(approvalChallenge({ ...ASKED, details: [turned] }, 'n'), challenge);
  for (const other of [
    { ...ASKED, account: 'account_2' },
    { ...ASKED, client: 'client_2' },
    { ...ASKED, request: 'r2' },
    { ...ASKED, details: [] },
    { ...ASKED, details: [PAYMENT, PAYMENT] },
    { ...ASKED, details: [{ ...PAYMENT, instructedAmount: { currency: 'EUR', amount: '12.51' } }] },
    { ...ASKED, details: [{ ...PAYMENT, creditorAccount: { iban: 'NL91ABNA0417164300' } }] },
    { ...ASKED, details: [{ ...PAYMENT, creditorName: 'Bakkerij Peeterѕ' }] },
  ]) {
    assert.notEqual(approvalChallenge(other, 'n'), challenge, JSON.stringify(other));
  }
  assert.notEqual(approvalChallenge(ASKED, 'm'), challenge, 'another time');
});

test('the two digits of an account number are those that arithmetic asks for', () => {
  for (const iban of [
    'BE71096123456769',
    'NL91ABNA0417164300',
    'MT84MALT011000012345MTLCAST001S',
  ]) {
    assert.ok(isIban(iban), iban);
  }
  const digits = fc.stringMatching(/^[A-Z]{2}[A-Z0-9]{11,30}$/);
  fc.assert(
    fc.property(digits, fc.nat({ max: 99 }), (text, check) => {
      const iban = `${text.slice(0, 2)}${String(check).padStart(2, '0')}${text.slice(2)}`;
      const turned = `${iban.slice(4)}${iban.slice(0, 4)}`;
      const number = [...turned].map((one) => Number.parseInt(one, 36)).join('');
      assert.equal(isIban(iban), BigInt(number) % 97n === 1n);
      assert.equal(grouped(iban).replaceAll(' ', ''), iban);
    }),
  );
});

test('whatever a stranger writes, it is read as details of their form, or a sentence says why not', () => {
  const types = new DetailTypes([]);
  const part = fc.constantFrom(
    ...['[', ']', '{', '}', ',', ':', '"type"', '"payment_initiation"', '"account_information"'],
    ...['"actions"', '["read_balances"]', '"iban"', '"\\u0074ype"', '"__proto__"', '1e999', 'null'],
  );
  const member = fc.constantFrom(
    'type',
    'actions',
    'accounts',
    'creditorName',
    'iban',
    '__proto__',
  );
  const value = fc.anything({ key: member, maxDepth: 4 });
  const texts = fc.oneof(
    fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.array(value).map((values) => JSON.stringify(values) ?? ''),
    fc.constant(JSON.stringify([PAYMENT])),
  );
  let good = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const read = types.read(text);
      if (typeof read === 'string') {
        assert.match(read, /^authorization_details/);
        return;
      }
      good += 1;
      for (const { type } of read) assert.ok(types.names.includes(type));
    }),
    { numRuns: 500 },
  );
  assert.ok(good > 0);
});
