import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CalledFrom, type CallKind, callKind, pageFault } from './page-origin.ts';

const OWN = 'https://api.bank.example';
const PAGE = 'https://app.bank.example';
const atGate = { own: OWN, page: OWN };
const elsewhere = { own: OWN, page: PAGE };

const judged = (from: Partial<CalledFrom>, terms = atGate, kind: CallKind = 'write') =>
  pageFault({ origin: undefined, site: undefined, ...from }, terms, kind);

test('what changes something counts when the page itself asks, by either word of the browser', () => {
  assert.equal(judged({ origin: OWN, site: 'same-origin' }), null);
  assert.equal(judged({ site: 'same-origin' }), null);
  assert.equal(judged({ origin: OWN }), null);
  assert.equal(judged({ origin: 'null', site: 'same-origin' }), null, 'it sends no referrer');
  assert.equal(judged({ origin: PAGE, site: 'same-site' }, elsewhere), null);
});

test('what changes something does not count from a sibling, from elsewhere, or from who says nothing', () => {
  assert.equal(judged({}), 'no-origin');
  assert.equal(judged({ site: 'none' }), 'site');
  for (const site of ['same-site', 'cross-site', 'Same-Origin', 'same-origin, cross-site', '']) {
    assert.equal(judged({ site }), 'site', site);
  }
  for (const origin of [
    ...['https://evil.example', 'https://api.bank.example.evil.example', 'http://api.bank.example'],
    ...['https://api.bank.example:443', 'https://API.bank.example', `${OWN}, ${OWN}`, `${OWN}/`],
    ...['', 'null', 'https://api.bank.example@evil.example', 'https://xapi.bank.example'],
  ]) {
    assert.equal(judged({ origin }), 'origin', origin);
    const site = 'same-origin';
    if (origin !== 'null') assert.equal(judged({ origin, site }), 'origin', `${origin} ${site}`);
  }
});

test('where the page stands elsewhere, what the gate itself shows is not the page', () => {
  assert.equal(judged({ site: 'same-origin' }, elsewhere), 'site');
  assert.equal(judged({ origin: OWN, site: 'same-origin' }, elsewhere), 'origin');
  assert.equal(judged({ site: 'same-site' }, elsewhere), 'site', 'an image of a sibling');
});

test('reading is left to SameSite only where the browser says nothing at all', () => {
  assert.equal(judged({}, atGate, 'read'), null);
  assert.equal(judged({ site: 'none' }, atGate, 'read'), null, 'an address that was typed');
  assert.equal(judged({ site: 'cross-site' }, atGate, 'read'), 'site', 'an image elsewhere');
  assert.equal(judged({ site: 'same-site' }, atGate, 'read'), 'site', 'an image of a sibling');
  assert.equal(judged({ origin: 'https://evil.example' }, atGate, 'read'), 'origin');
});

test('a handshake of a WebSocket names the origin of the page to the letter', () => {
  assert.equal(judged({ origin: OWN }, atGate, 'upgrade'), null);
  assert.equal(judged({ site: 'same-origin' }, atGate, 'upgrade'), 'origin');
  assert.equal(judged({ origin: 'null', site: 'same-origin' }, atGate, 'upgrade'), 'origin');
  assert.equal(judged({}, atGate, 'upgrade'), 'origin');
});

test('nothing that another origin can have a browser say makes it the page', () => {
  const origins = fc.oneof(
    fc.string(),
    fc.webUrl().map((url) => new URL(url).origin),
  );
  const sites = fc.constantFrom(undefined, 'cross-site', 'same-site', 'same-origin', 'none');
  const kinds = fc.constantFrom<CallKind>('read', 'write', 'upgrade');
  fc.assert(
    fc.property(origins, sites, kinds, (origin, site, kind) => {
      fc.pre(origin !== OWN && origin !== 'null');
      assert.notEqual(pageFault({ origin, site }, atGate, kind), null);
    }),
  );
});

test('methods that are not known to read are taken for ones that change something', () => {
  assert.deepEqual(
    ['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'get', 'QUERY'].map((one) => callKind(one, false)),
    ['read', 'read', 'read', 'write', 'write', 'write', 'write'],
  );
  assert.equal(callKind('GET', true), 'upgrade');
});
