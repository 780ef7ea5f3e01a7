import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { SoughtPerson } from '../../state/personal-values/index.ts';
import { STANDING_MAX } from './grant-store.ts';
import {
  AccountNoticeStore,
  type AccountProfile,
  AccountStore,
  type AccountTables,
  CredentialStore,
  type GrantedRights,
  GrantStore,
  PersonalValuesOfAccounts,
  RecoveryCodeStore,
} from './index.ts';

const MINUTE = 60_000;
const RIGHTS: GrantedRights = { own: ['openid'], apis: { bank: ['accounts.read'] }, details: [] };
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
      credentials: new CredentialStore(database, ring, tombstones, world),
      recoveryCodes: new RecoveryCodeStore(database, ring, world),
      notices: new AccountNoticeStore(database, world),
      grants: new GrantStore(database, ring, tombstones, world),
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
    const uncounted = await credentials.use(made.id, 7, { isUncounted: true });
    assert.equal(uncounted, true, 'one that does not count');
    assert.equal(await credentials.use(made.id, 8), true);
    const code = { accountId, kind: 'totp', label: '', lookup: accountId, uses: 5 } as const;
    for (const secret of ['a', 'b']) await credentials.put({ ...code, data: { secret } });
    const kept = (await credentials.list(accountId)).filter(({ kind }) => kind === 'totp');
    assert.deepEqual(
      kept.map(({ data, uses }) => [data, uses]),
      [[{ secret: 'b' }, 5]],
    );
    assert.equal(await credentials.use(kept[0]!.id, 5), false, 'the code that set it up');
    assert.equal(await credentials.remove('account_other', made.id), 'absent');
    assert.equal(
      await credentials.remove(accountId, made.id, (left) =>
        left.some(({ kind }) => kind === 'passkey'),
      ),
      'needed',
    );
    assert.equal(await credentials.remove(accountId, made.id), 'removed');
    assert.deepEqual((await credentials.list(accountId)).length, 1);
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
      grants.keep({ id, accountId, clientId: 'client_1', rights: RIGHTS, expiresAt });
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

  test('what was taken back stays so, whatever is restored; what stands says to what', async (t) => {
    const { grants, database, clock } = await open(t);
    const wish = { accountId: 'account_1', clientId: 'client_1', rights: RIGHTS };
    await grants.keep({ ...wish, id: 'one', expiresAt: NOON + MINUTE });
    clock.now += 1;
    await grants.keep({ ...wish, id: 'two', expiresAt: NOON + MINUTE });
    const wider = { ...RIGHTS, details: [{ type: 'account_information', iban: 'PLANTED' }] };
    await grants.keep({ ...wish, id: 'one', rights: wider, expiresAt: NOON + 2 * MINUTE });
    const listed = await grants.list('account_1');
    assert.deepEqual(
      listed.map(({ id, rights, givenAt }) => [id, rights, givenAt]),
      [
        ['two', RIGHTS, NOON + 1],
        ['one', wider, NOON],
      ],
    );
    const rows = await database.kysely.selectFrom('account_grant').selectAll().execute();
    assert.doesNotMatch(JSON.stringify(rows), /PLANTED/);
    // In a second browser, and in a third that knows it from there.
    for (const [id, from] of [
      ['second', 'one'],
      ['third', 'second'],
    ] as const) {
      await grants.keep({ ...wish, id, rights: wider, expiresAt: NOON + 2 * MINUTE });
      await grants.hold(id, from);
    }
    assert.deepEqual(
      (await grants.list('account_1')).map(({ id }) => id),
      ['one', 'two'],
    );
    assert.deepEqual((await grants.heldAs('account_1', 'one')).toSorted(), [
      'one',
      'second',
      'third',
    ]);
    assert.deepEqual(await grants.heldAs('account_2', 'one'), []);
    assert.deepEqual(await grants.take('account_2', 'one'), [], 'not theirs');
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => grants.take('account_1', 'one')),
    );
    assert.deepEqual(
      taken.filter((ids) => ids.length > 0).map((ids) => ids.toSorted()),
      [['one', 'second', 'third']],
    );
    assert.deepEqual([await grants.stands('second'), await grants.stands('third')], [false, false]);
    assert.deepEqual([await grants.stands('one'), await grants.stands('two')], [false, true]);
    await database.kysely
      .insertInto('account_grant')
      .values(rows[0]!)
      .onConflict((on) => on.doNothing())
      .execute();
    await database.kysely
      .insertInto('account_grant')
      .values(rows[1]!)
      .onConflict((on) => on.doNothing())
      .execute();
    assert.equal(await grants.replayTombstones(), 1);
    assert.deepEqual([await grants.stands('one'), await grants.stands('two')], [false, true]);
    clock.now += 2 * MINUTE;
    assert.equal(await grants.stands('two'), false, 'over');
  });

  test('each recovery code is good once, of the last set alone, and stands nowhere', async (t) => {
    const { accounts, credentials, recoveryCodes, database } = await open(t);
    const { id } = await accounts.create(griet);
    const old = await recoveryCodes.make(id);
    const codes = await recoveryCodes.make(id);
    assert.equal(new Set([...old, ...codes]).size, 20);
    for (const code of codes)
      assert.match(code, /^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.equal(await recoveryCodes.use(old[0]!), undefined);
    for (let round = 0; round < 5; round += 1) {
      const code = codes[round]!.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o');
      const uses = await Promise.all(Array.from({ length: 100 }, () => recoveryCodes.use(code)));
      assert.deepEqual(
        uses.filter((whose) => whose !== undefined),
        [id],
        `round ${round}`,
      );
    }
    assert.equal(await recoveryCodes.left(id), 5);
    const [kept, ...none] = await credentials.list(id);
    assert.deepEqual([kept?.kind, kept?.uses, none], ['recovery', 5, []]);
    const rows = await database.kysely.selectFrom('account_recovery_code').selectAll().execute();
    for (const code of codes) assert.ok(!JSON.stringify(rows).includes(code.replaceAll('-', '')));
    assert.equal(await credentials.remove(id, kept!.id), 'removed');
    assert.equal(await recoveryCodes.use(codes[9]!), undefined, 'they go with the set');
    const restored = await recoveryCodes.make(id);
    await recoveryCodes.voidAll();
    assert.equal(await recoveryCodes.use(restored[0]!), undefined, 'after a restore');
    assert.deepEqual(await credentials.list(id), []);
  });

  test('what people are to be told waits, bounded, and one of those who tell it takes it', async (t) => {
    const { accounts, notices, clock } = await open(t);
    const { id } = await accounts.create(griet);
    for (let at = 0; at < 25; at += 1) await notices.add(id, 'passkey-added');
    const due = await notices.due(100);
    assert.equal(due.length, 20);
    const [first] = due;
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => notices.claim(first!, NOON + MINUTE)),
    );
    assert.equal(claims.filter((isMine) => isMine).length, 1);
    assert.equal((await notices.due(100)).length, 19, 'it is due again later');
    clock.now += MINUTE;
    assert.deepEqual((await notices.due(100)).at(-1), { ...first, attempts: 1 });
    await notices.remove(first!.id);
    clock.now += 86_400_000;
    assert.deepEqual(await notices.due(100), [], 'no news any more');
    assert.equal(await notices.prune(), 19);
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

  test('of one person and one application so many grants stand, and what would end first goes for another', async (t) => {
    const { grants, accounts } = await open(t);
    const { id } = await accounts.create(griet);
    const keep = (number: number, accountId = id) =>
      grants.keep({
        ...{ id: `grant_${number}`, accountId, clientId: 'app', rights: RIGHTS },
        expiresAt: NOON + 1_000_000 + number,
      });
    for (let number = 0; number < STANDING_MAX; number += 1) {
      assert.deepEqual(await keep(number), []);
    }
    assert.deepEqual(await keep(STANDING_MAX), ['grant_0']);
    assert.deepEqual(await keep(STANDING_MAX), [], 'the same once more');
    assert.equal((await grants.idsOf([id])).length, STANDING_MAX);
    assert.deepEqual(await keep(9_999, 'account_other'), [], 'somebody else’s are their own');
  });

  test('what was said goes before what holds it in another browser, which ends sooner', async (t) => {
    const { grants, accounts, clock } = await open(t);
    const { id } = await accounts.create(griet);
    const wish = { accountId: id, clientId: 'app', rights: RIGHTS };
    await grants.keep({ ...wish, id: 'said', expiresAt: NOON + 1_000 });
    clock.now += 10;
    await grants.keep({ ...wish, id: 'held', expiresAt: NOON + 500 });
    await grants.hold('held', 'said');
    assert.equal(await grants.latest(id, 'app'), 'said');
    await grants.remove('said');
    assert.equal(await grants.latest(id, 'app'), 'held');
  });
});
