import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IdentifiedPrincipal } from '../../identity.ts';
import { compilePermit } from './permit.ts';
import { permitSchema } from './permit-config.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const AT = NOW / 1000;
const DETAIL = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorAccount: { iban: 'BE71096123456769' },
  approval: { id: 'one', at: AT },
};
const BODY = { amount: 12.5, currency: 'EUR', to: { iban: 'BE71096123456769' } };
const CONFIG = {
  type: 'payment_initiation',
  match: {
    '/instructedAmount/amount': '/amount',
    '/instructedAmount/currency': '/currency',
    '/creditorAccount/iban': '/to/iban',
    '/remittanceInformationUnstructured': '/message',
  },
};

const tokenWith = (...details: object[]) =>
  ({ kind: 'token', issuer: 'https://login.test', details }) as unknown as IdentifiedPrincipal;

function open(options: { shownSinceMs?: number; isRemembered?: boolean } = {}) {
  const shown = new Set<string>();
  const permit = compilePermit(CONFIG, {
    ...{ security: [{ oauth: ['pay'] }], schemes: {}, realm: 'bank', resourceMetadataUrl: null },
    jsonBounds: { depthMax: 16, stringLengthMax: 1_000, itemsMax: 100 },
    shownSinceMs: options.shownSinceMs,
    showProof:
      options.isRemembered === false
        ? undefined
        : (id) => {
            const name = id.toString('hex');
            if (shown.has(name)) return 'again';
            shown.add(name);
            return 'first';
          },
  });
  return (body: string, principal: IdentifiedPrincipal | null = tokenWith(DETAIL), nowMs = NOW) => {
    const refused = permit?.({ nowMs }, principal, Buffer.from(body)) as {
      evidence: { reason: string };
      code: string;
    } | null;
    if (refused === null) return 'allowed';
    assert.equal(refused.code, 'insufficient_user_authentication');
    return refused.evidence.reason;
  };
}

test('what was approved is done once', () => {
  const ask = open();
  assert.equal(ask(JSON.stringify(BODY)), 'allowed');
  assert.equal(ask(JSON.stringify(BODY)), 'approval-used');
});

test('one changed cent, account, currency, a message more, a name twice: nothing goes on', () => {
  const ask = open();
  const text = JSON.stringify(BODY);
  for (const other of [
    { ...BODY, amount: 12.51 },
    { ...BODY, amount: 1250 },
    { ...BODY, amount: -12.5 },
    { ...BODY, amount: '12.51' },
    { ...BODY, amount: ' 12.50' },
    { ...BODY, amount: [12.5] },
    { ...BODY, amount: null },
    { ...BODY, currency: 'eur' },
    { ...BODY, currency: 'USD' },
    { ...BODY, to: { iban: 'NL91ABNA0417164300' } },
    { ...BODY, to: ['BE71096123456769'] },
    { ...BODY, to: undefined },
    { ...BODY, message: 'more' },
    { ...BODY, message: null },
  ]) {
    assert.equal(ask(JSON.stringify(other)), 'another-approved', JSON.stringify(other));
  }
  for (const twice of [
    text.replace('"amount"', '"amount":12.5,"amount"'),
    text.replace('"amount"', '"amount":9,"am\\u006funt"'),
    `${text}{}`,
    '',
    'amount=12.5',
    '\ufeff{}',
  ]) {
    assert.equal(ask(twice), 'body-unread', twice);
  }
  assert.equal(ask(text.replace('12.5', '12.50000000000000000000000000001')), 'another-approved');
  assert.equal(ask(text.replace('12.5', '1250e-2')), 'allowed', 'the same value');
});

test('an approval is of its person, of now, and of this process', () => {
  const text = JSON.stringify(BODY);
  const reasonOf = (principal: IdentifiedPrincipal | null, nowMs = NOW) =>
    open()(text, principal, nowMs);
  const { approval, ...unsigned } = DETAIL;
  assert.equal(reasonOf(null), 'not-approved');
  assert.equal(reasonOf(tokenWith()), 'not-approved');
  assert.equal(reasonOf(tokenWith(unsigned)), 'not-approved');
  assert.equal(reasonOf(tokenWith({ ...DETAIL, type: 'account_information' })), 'not-approved');
  for (const wrong of [
    null,
    'one',
    { at: AT },
    { id: '', at: AT },
    { id: 'x'.repeat(201), at: AT },
    { id: 'one', at: '1' },
    { id: 'one', at: Number.NaN },
    { id: 'one', at: AT + 0.5 },
    { id: 1, at: AT },
  ]) {
    const reason = reasonOf(tokenWith({ ...DETAIL, approval: wrong }));
    assert.equal(reason, 'not-approved', JSON.stringify(wrong));
  }
  assert.equal(reasonOf(tokenWith(DETAIL), NOW + 300_000), 'allowed');
  assert.equal(reasonOf(tokenWith(DETAIL), NOW + 300_001), 'approval-too-old');
  assert.equal(reasonOf(tokenWith(DETAIL), NOW - 1_000), 'approval-ahead');
  assert.equal(reasonOf(tokenWith(DETAIL), Number.NaN), 'approval-ahead');
  assert.equal(open({ shownSinceMs: NOW + 1 })(text), 'approval-before-start');
  assert.equal(open({ shownSinceMs: NOW })(text), 'allowed');
  assert.equal(open({ isRemembered: false })(text), 'approvals-not-remembered');
  const other = { ...DETAIL, instructedAmount: { currency: 'EUR', amount: '1' } };
  assert.equal(reasonOf(tokenWith(other, DETAIL)), 'allowed', 'one of several');
});

test('whatever is sent in its place, only the approved amount goes on', () => {
  const amount = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: 0, max: 2_000 }).map((cents) => cents / 100),
    fc.stringMatching(/^[0-9.eE+-]{1,8}$/),
    fc.constantFrom('12.50', '12.5', '012.50', '12.500', '1.25e1', true, {}),
  );
  fc.assert(
    fc.property(amount, (sent) => {
      const isApproved = sent === '12.50' || sent === 12.5;
      const said = open()(JSON.stringify({ ...BODY, amount: sent }));
      assert.equal(said, isApproved ? 'allowed' : 'another-approved');
    }),
  );
});

test('what compares nothing, or points nowhere, is no configuration', () => {
  for (const wrong of [
    {},
    { type: 'payment_initiation' },
    { type: 'payment_initiation', match: {} },
    { type: '', match: { '/a': '/b' } },
    { type: 'x', match: { a: '/b' } },
    { type: 'x', match: { '/a': '' } },
    { type: 'x', match: { '/a~2': '/b' } },
    { type: 'x', match: { '/a': '/b' }, more: 1 },
    'on',
  ]) {
    assert.equal(permitSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
  assert.ok(permitSchema.safeParse(CONFIG).success);
  assert.ok(permitSchema.safeParse('off').success);
});
