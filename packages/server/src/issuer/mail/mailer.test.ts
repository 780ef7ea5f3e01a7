import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import type { MailSnapshot } from '../../messages/between-issuer.ts';
import { readMail, startMailServer } from './mail-server.fixture.ts';
import { Mailer } from './mailer.ts';
import { letterFor } from './notice-letter.ts';

const AT = Date.UTC(2026, 5, 1, 12);
const ORIGIN = 'https://login.bank.test';
const at = (port: number, more: Partial<MailSnapshot> = {}): MailSnapshot => ({
  ...{ host: '127.0.0.1', port, tls: 'none', authorities: [], credentials: null },
  ...{ from: 'no-reply@bank.test', ...more },
});
const letter = (name: string, to = 'griet@example.test') =>
  letterFor({ name, language: 'nl' }, to, { kind: 'passkey-added', at: AT }, ORIGIN);

test('a mail says in the language of its reader what happened, and nothing in it opens anything', async (t) => {
  const server = await startMailServer(t);
  await new Mailer(at(server.port)).send(letter('Griet Maes'));
  const [mail] = await server.until(1);
  assert.deepEqual([mail?.from, mail?.to], ['no-reply@bank.test', ['griet@example.test']]);
  const { header, text } = readMail(mail!);
  assert.match(header, /^From: no-reply@bank\.test$/m);
  assert.match(header, /^To: Griet Maes <griet@example\.test>$/m);
  assert.match(header, /^Auto-Submitted: auto-generated$/m);
  assert.match(header, /^Content-Language: nl$/m);
  assert.match(header, /^Content-Type: text\/plain; charset=utf-8$/m);
  assert.match(
    text,
    /^Beste Griet Maes,\r?\n\r?\nOp 1 juni 2026.* is een passkey aan uw account toegevoegd\./,
  );
  assert.match(text, /login\.bank\.test\/account, door het zelf in te typen/);
  assert.doesNotMatch(text, /https?:/);
});

test('a name is one line and adds nothing to the header, whatever it is', async (t) => {
  const server = await startMailServer(t);
  const mailer = new Mailer(at(server.port));
  const names = [
    'Griet\r\nBcc: evil@evil.test',
    'Griet\nX-Evil: 1\r\n\r\nbody',
    '"Griet" <evil@evil.test>, x',
    'Griet\u2028Bcc: evil@evil.test',
    'evil@evil.test',
    '=?utf-8?q?=0D=0ABcc=3A_evil=40evil.test?=',
    'Zoë \u202Egpj',
  ];
  for (const name of names) await mailer.send(letter(name));
  const received = await server.until(names.length);
  for (const [number, mail] of received.entries()) {
    assert.deepEqual(mail.to, ['griet@example.test'], String(names[number]));
    const { header } = readMail(mail);
    assert.equal(header.split('\r\n').filter((line) => /^to:/i.test(line)).length, 1);
    assert.doesNotMatch(header, /^(?:bcc|cc|x-evil):/im, String(names[number]));
  }
});

test('beyond this machine nothing is said in clear: STARTTLS by a certificate that is believed, or no mail', async (t) => {
  const authority = makeAuthority(t, 'Mail');
  const other = makeAuthority(t, 'Other');
  const leaf = authority.issue('/CN=mail', { names: 'IP:127.0.0.1' });
  const keys = { cert: leaf.certificate, key: leaf.key };
  const upgraded = await startMailServer(t, {
    ...{ hideSTARTTLS: false, authOptional: false, ...keys },
    onAuth: ({ username, password }, _, done) =>
      password === 'right' ? done(null, { user: username }) : done(new Error('no')),
  });
  const clear = await startMailServer(t);
  const first = await startMailServer(t, { secure: true, ...keys });
  const authorities = [authority.certificate];
  const credentials = { user: 'poorter', password: 'right' };
  const refuse = async (mail: MailSnapshot, why: RegExp) =>
    assert.rejects(new Mailer(mail).send(letter('Griet')), { name: 'MailFault', message: why });

  await new Mailer(at(upgraded.port, { tls: 'upgraded', authorities, credentials })).send(
    letter('Griet'),
  );
  const [mail] = await upgraded.until(1);
  assert.deepEqual([mail?.isEncrypted, mail?.user], [true, 'poorter']);
  await new Mailer(at(first.port, { tls: 'first', authorities })).send(letter('Griet'));
  assert.equal((await first.until(1))[0]?.isEncrypted, true);

  const wrong = { user: 'poorter', password: 'wrong' };
  await refuse(
    at(upgraded.port, { tls: 'upgraded', authorities, credentials: wrong }),
    /EAUTH 535/,
  );
  const foreign = [other.certificate];
  const distrust =
    /^its certificate leads to no .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*issuer\.mail\.authorities$/;
  await refuse(at(upgraded.port, { tls: 'upgraded', authorities: foreign, credentials }), distrust);
  await refuse(at(clear.port, { tls: 'upgraded', authorities }), /E/);
  await refuse(at(first.port, { tls: 'first', authorities: foreign }), distrust);
  assert.equal(clear.received.length + upgraded.received.length + first.received.length, 2);
});

test('an address that a server refuses is told apart from a server that is away; neither is quoted', async (t) => {
  const refusing = await startMailServer(t, {
    onRcptTo: ({ address }, _, done) => {
      const responseCode = address.startsWith('later') ? 451 : 550;
      done(Object.assign(new Error(`<${address}> is not known`), { responseCode }));
    },
  });
  const mailer = new Mailer(at(refusing.port));
  const fault = async (work: Promise<void>) =>
    work.then(
      () => assert.fail(),
      (error) => error,
    );
  const refused = await fault(mailer.send(letter('Griet')));
  assert.deepEqual([refused.isRefused, refused.message], [true, 'EENVELOPE 550']);
  const later = await fault(mailer.send(letter('Griet', 'later@example.test')));
  assert.deepEqual([later.isRefused, later.message], [false, 'EENVELOPE 451']);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  const away = await fault(new Mailer(at(port)).send(letter('Griet')));
  assert.equal(away.isRefused, false);
  assert.doesNotMatch(away.message, /griet|example/);
});
