import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AccountNoticeStore,
  type AccountProfile,
  AccountStore,
  type AccountTables,
} from '../../access/accounts/index.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import type { Notice } from '../../platform/notices/index.ts';
import { FakeWorld } from '../../platform/world/fake-world.fixture.ts';
import { type Lifetime, openGround } from '../../state/ground.fixture.ts';
import { type Letter, MailFault } from './mailer.ts';
import { NoticeSender } from './notice-sender.ts';

const MINUTE = 60_000;
const griet: AccountProfile = {
  ...{ login: 'griet@example.test', name: 'Griet', email: 'griet@example.test' },
  language: 'fr',
};

onEveryBackend('notices by mail', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const { database, ring, tombstones, world, clock } = await openGround<AccountTables>(
      t,
      freshPlace(),
    );
    const accounts = new AccountStore(database, ring, tombstones, world);
    const notices = new AccountNoticeStore(database, world);
    const sent: Letter[] = [];
    const told: Notice[] = [];
    const mail: { fault: MailFault | null; hold: Promise<void> | null } = {
      fault: null,
      hold: null,
    };
    const entered = Promise.withResolvers<void>();
    const fake = new FakeWorld();
    const senderOf = () =>
      new NoticeSender({
        ...{ notices, accounts, notify: (notice) => told.push(notice) },
        world: { now: world.now, every: fake.every },
      });
    const sender = senderOf();
    const outlet = {
      origin: 'https://login.bank.test',
      send: async (letter: Letter) => {
        entered.resolve();
        await mail.hold;
        if (mail.fault !== null) throw mail.fault;
        sent.push(letter);
      },
    };
    sender.use(outlet);
    return { accounts, notices, sender, senderOf, outlet, sent, told, mail, entered, clock, fake };
  };
  const fault = (isRefused: boolean) => new MailFault('ESOCKET', isRefused, null);

  test('what happened is told once, in its order, to whoever has an address', async (t) => {
    const { accounts, notices, sender, senderOf, outlet, sent, clock } = await open(t);
    const { id } = await accounts.create(griet);
    const silent = await accounts.create({ ...griet, login: 'jan', email: null });
    const odd = await accounts.create({ ...griet, login: 'piet', email: 'a,b@example.test' });
    for (const whose of [id, silent.id, odd.id]) await notices.add(whose, 'passkey-added');
    clock.now += 1;
    await notices.add(id, 'signed-out');
    const other = senderOf();
    other.use(outlet);
    await Promise.all([sender.look(), sender.look(), other.look()]);
    await sender.look();
    assert.deepEqual(
      sent.map(({ to }) => to),
      [griet.email, griet.email],
    );
    assert.match(sent[0]?.text ?? '', /Une clé d’accès a été ajoutée/);
    assert.match(sent[1]?.text ?? '', /vous ont déconnecté partout/);
    assert.deepEqual(await notices.due(10), []);
  });

  test('while mail cannot go out it waits, longer each time, and that is said once; it goes when it can', async (t) => {
    const { accounts, notices, sender, sent, told, mail, clock } = await open(t);
    const { id } = await accounts.create(griet);
    await notices.add(id, 'recovery-used');
    mail.fault = fault(false);
    for (const minutes of [1, 5, 15]) {
      await sender.look();
      await sender.look();
      clock.now += minutes * MINUTE;
    }
    assert.deepEqual(
      told.map(({ code }) => code),
      ['mail_away'],
    );
    assert.doesNotMatch(JSON.stringify(told), /griet/i);
    mail.fault = null;
    await sender.look();
    assert.equal(sent.length, 1);
    assert.deepEqual(
      told.map(({ code }) => code),
      ['mail_away', 'mail_back'],
    );
  });

  test('it is given up after some hours, and at once where the address is refused', async (t) => {
    const { accounts, notices, sender, sent, told, mail, clock } = await open(t);
    const { id } = await accounts.create(griet);
    await notices.add(id, 'passkey-removed');
    mail.fault = fault(false);
    for (let at = 0; at < 12; at += 1) {
      await sender.look();
      clock.now += 120 * MINUTE;
    }
    assert.deepEqual(
      told.map(({ code }) => code),
      ['mail_away', 'mail_dropped'],
    );
    mail.fault = fault(true);
    await notices.add(id, 'passkey-added');
    await sender.look();
    assert.equal(told.at(-1)?.code, 'mail_dropped');
    mail.fault = null;
    clock.now += 24 * 60 * MINUTE;
    await sender.look();
    assert.deepEqual(sent, []);
    assert.deepEqual(await notices.due(10), []);
  });

  test('one look is under way at a time, and closing waits for it; without an outlet nobody is told', async (t) => {
    const { accounts, notices, sender, sent, mail, entered, fake } = await open(t);
    const { id } = await accounts.create(griet);
    await notices.add(id, 'password-set');
    const { promise, resolve } = Promise.withResolvers<void>();
    mail.hold = promise;
    fake.advance(2_000);
    fake.advance(2_000);
    await entered.promise;
    const closed = sender.close();
    resolve();
    await closed;
    assert.equal(sent.length, 1);
    await notices.add(id, 'password-set');
    fake.advance(60_000);
    await sender.look();
    assert.equal(sent.length, 1);
  });
});
