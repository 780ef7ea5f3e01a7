import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mail } from './mail-schema.ts';

test('a mail server is named without anything that is a secret, and a user has a password that stands elsewhere', () => {
  const good = { server: 'smtp://mail.bank.example:587', from: 'no-reply@bank.example' };
  const read = (change: object) => mail.safeParse({ ...good, ...change });
  for (const change of [
    {},
    { server: 'smtps://[::1]' },
    { server: 'smtp://localhost:2525/' },
    { user: 'poorter', password: 'env:MAIL_PASSWORD' },
    { user: 'poorter', password: 'file:./mail' },
    { from: 'zoë@bänk.example' },
  ]) {
    assert.equal(read(change).success, true, JSON.stringify(change));
  }
  for (const [change, said] of [
    [{ server: 'smtp://poorter:secret@mail.bank.example' }, /keys of their own/],
    [{ server: 'https://mail.bank.example' }, /is not smtp/],
    [{ server: 'smtp://' }, /is not smtp/],
    [{ server: 'smtp://mail.bank.example/?pool=true' }, /is not smtp/],
    [{ server: 'smtp://mail.bank.example/path' }, /is not smtp/],
    [{ from: 'Bank <no-reply@bank.example>' }, /is not a mail address/],
    [{ from: 'a@b.example\r\nBcc: c@d.example' }, /is not a mail address/],
    [{ user: 'poorter', password: 'in clear' }, /is a secret/],
    [{ user: 'poorter' }, /needs a password/],
    [{ password: 'env:X' }, /needs a password/],
    [{ retries: 3 }, /retries/],
  ] as const) {
    const refused = read(change);
    assert.match(JSON.stringify(refused.error?.issues), said, JSON.stringify(change));
    assert.doesNotMatch(JSON.stringify(refused.error?.issues), /secret@|in clear/);
  }
});
