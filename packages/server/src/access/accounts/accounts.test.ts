import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { SoughtPerson } from '../../state/personal-values/index.ts';
import {
  type AccountProfile,
  AccountStore,
  type AccountTables,
  CredentialStore,
  GrantStore,
  PersonalValuesOfAccounts,
} from './index.ts';

const MINUTE = 60_000;
const griet: AccountProfile = {
  ...{ login: 'Griet@Example.test', name: 'Griet Maes', email: 'griet@example.test' },
  language: 'nl',
};

onEveryBackend('accounts', ({ dialect, freshPlace }) => {
  const open = async (t: Lifetime) => {
    const ground = await openGround<AccountTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    return {
      ...ground,
      accounts: new AccountStore(database, ring, tombstones, world),
      credentials: new CredentialStore(database, ring, world),
      grants: new GrantStore(database, world),
      values: new PersonalValuesOfAccounts(database, ring, world),
    };
  };

  test('an account is found by its login however it is typed, and a login is one person’s', async (t) => {
    const { accounts } = await open(t);
    const made = await accounts.create(griet, 'operator_1');
    assert.deepEqual(await accounts.show(made.id), made);
    for (const typed of ['griet@example.test', ' GRIET@example.TEST ', 'ｇriet@example.test']) {
      assert.equal((await accounts.findByLogin(typed))?.id, made.id, typed);
    }
    assert.equal(await accounts.findByLogin('griet'), undefined);
    const again = { ...griet, login: 'griet@EXAMPLE.test' };
    await assert.rejects(accounts.create(again), { name: 'LoginTakenError' });
    const other = await accounts.create({ ...griet, login: 'jan@example.test' });
    await assert.rejects(accounts.change(other.id, again), { name: 'LoginTakenError' });
    const changed = await accounts.change(made.id, { ...griet, name: 'G.' }, 1);
    assert.deepEqual([changed.name, changed.version], ['G.', 2]);
    await assert.rejects(accounts.change(made.id, griet, 1), { name: 'StaleVersionError' });
    assert.equal((await accounts.list({ limit: 1 })).items.length, 1);
  });

  test('a link lets one in, once, in its time; another of its kind ends it', async (t) => {
    const { accounts, clock } = await open(t);
    const { id } = await accounts.create(griet);
    const link = await accounts.issueLink(id, 'enrol', NOON + MINUTE);
    assert.deepEqual(await accounts.linkOf(link), { accountId: id, purpose: 'enrol' });
    const uses = await Promise.all(Array.from({ length: 100 }, () => accounts.useLink(link)));
    assert.equal(uses.filter((isMine) => isMine).length, 1);
    assert.equal(await accounts.linkOf(link), undefined);
    const first = await accounts.issueLink(id, 'recover', NOON + MINUTE);
    const second = await accounts.issueLink(id, 'recover', NOON + MINUTE);
    assert.equal(await accounts.useLink(first), false);
    clock.now += MINUTE;
    assert.equal(await accounts.linkOf(second), undefined);
    assert.equal(await accounts.useLink(second), false);
    assert.equal(await accounts.prune(), 2);
    const left = await accounts.issueLink(id, 'enrol', clock.now + MINUTE);
    await accounts.voidLinks();
    assert.equal(await accounts.useLink(left), false, 'after a restore');
  });

  test('what counts never counts back, and of many at once one counts', async (t) => {
    const { accounts, credentials } = await open(t);
    const { id: accountId } = await accounts.create(griet);
    const wish = { accountId, kind: 'passkey', data: { key: 'k' }, label: 'Phone' } as const;
    const made = await credentials.add({ ...wish, lookup: 'passkey-1' });
    assert.ok(made !== undefined);
    assert.equal(await credentials.add({ ...wish, lookup: 'passkey-1' }), undefined, 'twice');
    assert.deepEqual(await credentials.find('passkey', 'passkey-1'), made);
    assert.equal(await credentials.find('totp', 'passkey-1'), undefined);
    const uses = await Promise.all(Array.from({ length: 50 }, () => credentials.use(made.id, 7)));
    assert.equal(uses.filter((isMine) => isMine).length, 1);
    assert.equal(await credentials.use(made.id, 6), false);
    assert.equal(await credentials.use(made.id, 7, true), true, 'one that does not count');
    assert.equal(await credentials.use(made.id, 8), true);
    const [known] = await credentials.list(accountId);
    assert.ok(known !== undefined);
    const spent = await Promise.all([
      credentials.replaceData(known, { key: 'a' }),
      credentials.replaceData(known, { key: 'b' }),
    ]);
    assert.equal(spent.filter((isMine) => isMine).length, 1);
    assert.equal(await credentials.remove('account_other', made.id), false);
    assert.equal(await credentials.remove(accountId, made.id), true);
    assert.deepEqual(await credentials.list(accountId), []);
  });

  test('an account has a bound to what it may be shown by', async (t) => {
    const { accounts, credentials } = await open(t);
    const { id: accountId } = await accounts.create(griet);
    const added = [];
    for (let at = 0; at < 51; at += 1) {
      const wish = { accountId, kind: 'passkey', data: {}, label: 'x', lookup: `${at}` } as const;
      added.push(await credentials.add(wish));
    }
    assert.equal(added.filter((one) => one !== undefined).length, 50);
  });

  test('what somebody said yes to is taken by one act, whole, and nobody else’s', async (t) => {
    const { grants, clock } = await open(t);
    const wish = (id: string, accountId: string, expiresAt: number) =>
      grants.keep({ id, accountId, clientId: 'client_1', expiresAt });
    await wish('short', 'account_1', NOON + MINUTE);
    await wish('long', 'account_1', NOON + MINUTE);
    await wish('long', 'account_1', NOON + 9 * MINUTE);
    await wish('gone', 'account_1', NOON + 9 * MINUTE);
    await wish('other', 'account_2', NOON + 9 * MINUTE);
    await grants.remove('gone');
    clock.now += MINUTE;
    assert.equal(await grants.prune(), 1);
    const taken = await Promise.all(Array.from({ length: 20 }, () => grants.takeAll('account_1')));
    assert.deepEqual(taken.flat(), ['long']);
    assert.deepEqual(await grants.takeAll('account_2'), ['other']);
  });

  test('a disabled account stays disabled over a restore', async (t) => {
    const { accounts, database, clock } = await open(t);
    const { id } = await accounts.create(griet);
    clock.now += 1;
    await accounts.disable(id);
    assert.equal(await accounts.replayTombstones(), 0);
    await database.kysely.updateTable('account').set({ disabled_at: null }).execute();
    assert.equal(await accounts.replayTombstones(), 1);
    assert.equal((await accounts.show(id))?.disabledAt, clock.now);
    assert.equal((await accounts.show(id))?.signedOutAt, clock.now);
    await assert.rejects(accounts.disable('account_x'), { name: 'NotFoundError' });
  });

  test('with a person goes everything that the account knew, and nobody else’s', async (t) => {
    const { accounts, credentials, values } = await open(t);
    const { id } = await accounts.create(griet);
    const other = await accounts.create({ ...griet, login: 'jan@example.test', name: 'Jan' });
    await credentials.add({ accountId: id, kind: 'totp', data: { secret: 's' }, label: 'Griet’s' });
    const link = await accounts.issueLink(id, 'enrol', NOON + MINUTE);
    const find = (value: string) => values.find(new SoughtPerson({ kind: 'subject', value }));
    const found = await find('GRIET@example.test');
    assert.deepEqual(found.ends, [id]);
    assert.ok(found.texts.includes('Griet Maes'));
    assert.equal(await values.erase(found.marks), 1);
    assert.equal(await values.erase(found.marks), 0);
    const erased = await accounts.show(id);
    assert.deepEqual([erased?.login, erased?.name, erased?.email], ['erased', 'erased', null]);
    assert.notEqual(erased?.disabledAt, null);
    assert.deepEqual(await credentials.list(id), []);
    assert.equal(await accounts.useLink(link), false);
    assert.equal(await accounts.findByLogin(griet.login), undefined);
    assert.deepEqual((await find(griet.login)).marks, []);
    assert.equal((await accounts.show(other.id))?.name, 'Jan');
    // The name is free again.
    await accounts.create(griet);
  });

  if (dialect === 'sqlite') {
    test('nothing of a person stands in the file', async (t) => {
      const { accounts, credentials, database } = await open(t);
      const planted = { login: 'PLANTED-1', name: 'PLANTED-2', email: 'PLANTED-3@x.test' };
      const { id } = await accounts.create({ ...planted, language: 'nl' });
      await credentials.add({
        ...{ accountId: id, kind: 'passkey', data: { key: 'PLANTED-4' }, label: 'PLANTED-5' },
        lookup: 'PLANTED-6',
      });
      const link = await accounts.issueLink(id, 'enrol', NOON + MINUTE);
      assert.ok(database.place.kind === 'sqlite');
      const { file } = database.place;
      const text = ['', '-wal'].map((end) => readFileSync(file + end, 'latin1')).join('');
      assert.ok(text.includes(id));
      assert.doesNotMatch(text, /PLANTED/i);
      assert.ok(!text.includes(link));
    });
  }
});
