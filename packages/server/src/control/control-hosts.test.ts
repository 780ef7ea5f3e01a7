import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersTo } from './control-hosts.ts';

const LOOPBACK = { host: '127.0.0.1', isTls: false };
const OPEN = { host: '0.0.0.0', isTls: false };
const OURS = [
  '127.0.0.1',
  '127.0.0.1:9090',
  'localhost:9090',
  'LOCALHOST.',
  '[::1]:9090',
  '127.9.9.9',
];
const REBOUND = [
  ...['evil.example', 'evil.example:9090', 'localhost.evil.example', '127.0.0.1.evil.example'],
  ...['', ' ', 'evil.example@127.0.0.1', '127.0.0.1/', 'localhost:x', '[::1', 'a,b', '127.0.0.1 x'],
];

test('on loopback, a name that a page elsewhere could have is not answered', () => {
  for (const host of OURS) assert.equal(answersTo([host], LOOPBACK), true, host);
  for (const host of REBOUND) assert.equal(answersTo([host], LOOPBACK), false, host);
  assert.equal(answersTo(['poorter'], LOOPBACK), false);
  assert.equal(answersTo(['192.0.2.1'], LOOPBACK), false);
  assert.equal(answersTo(['127.0.0.1', 'evil.example'], LOOPBACK), false, 'two are none');
});

test('in clear text beyond this machine, addresses and names of the own network are answered, and no others', () => {
  const own = ['192.0.2.1:9090', '[2001:db8::1]', 'poorter', 'poorter:9090', 'gate.monitoring.svc'];
  for (const host of [...OURS, ...own, 'gate.a.svc.cluster.local:9090', 'gate.internal']) {
    assert.equal(answersTo([host], OPEN), true, host);
  }
  for (const host of REBOUND) assert.equal(answersTo([host], OPEN), false, host);
});

test('where there is a certificate, the name is for it to say; without a Host nobody rebinds one', () => {
  assert.equal(answersTo(['gate.example'], { host: '0.0.0.0', isTls: true }), true);
  assert.equal(answersTo(['gate.example'], { host: '127.0.0.1', isTls: true }), false);
  assert.equal(answersTo(undefined, LOOPBACK), true);
});
