import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { portionsOf } from '../../platform/database/index.ts';
import { ChangeFeed } from '../../state/changes/index.ts';
import { DenialStore, type DenialTables } from '../../state/denials/index.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { SoughtPerson } from '../../state/personal-values/index.ts';
import {
  AccountStore,
  type AccountTables,
  CredentialStore,
  DirectoryGroupStore,
  type DirectoryPerson,
  DirectoryStore,
  type DirectoryUser,
  DirectoryUserStore,
  GrantStore,
  MEMBERS_MAX,
  PersonalValuesOfAccounts,
} from './index.ts';

const ISSUER = 'https://login.bank.example';
const ENDS = { issuer: ISSUER, until: NOON + 600_000 };
/** As many as a group has at most. */
const MANY = MEMBERS_MAX;
const RIGHTS = { own: ['openid'], apis: {}, details: [] };

const griet: DirectoryPerson = {
  ...{ userName: 'griet@bank.example', externalId: 'Ext-1', displayName: null, isActive: true },
  name: { formatted: null, givenName: 'Griet', familyName: 'Maes' },
  emails: [
    { value: 'home@bank.example', type: 'home', isPrimary: false },
    { value: 'work@bank.example', type: 'work', isPrimary: true },
  ],
  preferredLanguage: 'nl-BE,en;q=0.5',
};
const jan: DirectoryPerson = { ...griet, userName: 'jan@bank.example', externalId: 'Ext-2' };

onEveryBackend('directories', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const ground = await openGround<AccountTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    const parts = [database, ring, tombstones, world] as const;
    return {
      ...{ ground, clock: ground.clock, tombstones },
      accounts: new AccountStore(...parts),
      credentials: new CredentialStore(database, ring, tombstones, world),
      grants: new GrantStore(...parts),
      directories: new DirectoryStore(database, world),
      users: new DirectoryUserStore(...parts),
      groups: new DirectoryGroupStore(...parts),
      denials: new DenialStore(database.as<DenialTables>(), world),
      values: new PersonalValuesOfAccounts(database, ring, world),
    };
  };
  type Opened = Awaited<ReturnType<typeof open>>;

  const grant = ({ grants }: Opened, accountId: string, id: string) =>
    grants.keep({ id, accountId, clientId: 'app', rights: RIGHTS, expiresAt: NOON + 1e9 });
  const denied = ({ denials }: Opened, value: string, givenAt = NOON / 1000) =>
    denials.isDenied(ISSUER, [{ kind: 'grant', value }], givenAt);

  /** Of the directory, without accounts. */
  const manyPeople = async ({ ground: { database } }: Opened) => {
    const ids = Array.from({ length: MANY }, (_, number) => `account_${number}`);
    const rows = ids.map((account_id) => ({
      ...{ account_id, directory: 'entra', external_index: null, said_sealed: '' },
      ...{ created_at: NOON, changed_at: NOON },
    }));
    for (const portion of portionsOf(rows)) {
      await database.kysely.insertInto('directory_user').values(portion).execute();
    }
    return ids;
  };

  test('somebody from a directory is an account, found by what the directory calls them, and by no other directory', async (t) => {
    const opened = await open(t);
    const { users, accounts } = opened;
    const made = await users.create('entra', griet);
    assert.deepEqual(made.said, griet);
    const account = await accounts.show(made.id);
    assert.partialDeepStrictEqual(account, {
      ...{ login: 'griet@bank.example', name: 'Griet Maes', email: 'work@bank.example' },
      ...{ language: 'nl', disabledAt: null, createdBy: 'directory:entra' },
    });
    assert.equal((await users.findByLogin('entra', 'GRIET@bank.example'))?.id, made.id);
    assert.equal((await users.findByExternalId('entra', 'Ext-1'))?.id, made.id);
    assert.equal(await users.findByExternalId('entra', 'ext-1'), undefined, 'to the letter');
    assert.equal(await users.show('okta', made.id), undefined);
    assert.equal(await users.findByExternalId('okta', 'Ext-1'), undefined);
    const own = await accounts.create({ login: 'own', name: 'Own', email: null, language: 'en' });
    assert.equal(await users.show('entra', own.id), undefined, 'operators made it');
    await assert.rejects(users.create('entra', { ...griet, externalId: null }), {
      name: 'LoginTakenError',
    });
    await assert.rejects(users.create('entra', { ...jan, externalId: 'Ext-1' }), {
      name: 'ExternalIdTakenError',
    });
    assert.equal(await accounts.findByLogin(jan.userName), undefined, 'nothing is left of it');
    const there = await users.create('okta', { ...jan, externalId: 'Ext-1' });
    assert.equal(await users.count('entra'), 1);
    assert.deepEqual(
      (await users.page('okta', 0, 10)).map(({ id }) => id),
      [there.id],
    );
  });

  test('whoever is not active does not come in, loses what they gave, and comes back without it, whatever is restored', async (t) => {
    const opened = await open(t);
    const { users, accounts, grants, tombstones, clock } = opened;
    const { id } = await users.create('entra', griet);
    await grant(opened, id, 'grant_1');
    clock.now += 1_000;
    const off = await users.change(
      ...(['entra', id, 1] as const),
      ({ said }) => ({ ...said, isActive: false }),
      ENDS,
    );
    assert.deepEqual([off.user.said.isActive, off.endedGrants], [false, ['grant_1']]);
    assert.equal(await denied(opened, 'grant_1'), true);
    assert.partialDeepStrictEqual(await accounts.show(id), {
      ...{ isSuspended: true, disabledAt: clock.now, signedOutAt: clock.now },
    });
    // As a backup of before has it.
    await opened.ground.database.kysely
      .updateTable('account')
      .set({ suspended_at: null })
      .execute();
    await grant(opened, id, 'grant_1');
    assert.equal(await accounts.replayTombstones(), 1);
    assert.equal(await grants.replayTombstones(), 1);
    assert.equal((await accounts.show(id))?.isSuspended, true);

    const on = await users.change(
      ...(['entra', id, undefined] as const),
      ({ said }) => ({ ...said, isActive: true }),
      ENDS,
    );
    assert.equal(on.user.said.isActive, true);
    assert.equal((await accounts.show(id))?.disabledAt, null);
    assert.deepEqual(await grants.idsOf([id]), []);
    assert.equal(await accounts.replayTombstones(), 0, 'the later word holds');
    assert.equal(tombstones.read().filter(({ kind }) => kind === 'account-resumed').length, 1);
  });

  test('an operator’s word goes before a directory’s: who was disabled stays out', async (t) => {
    const { users, accounts } = await open(t);
    const { id } = await users.create('entra', griet);
    await accounts.disable(id);
    const { user } = await users.change(
      ...(['entra', id, undefined] as const),
      ({ said }) => ({ ...said, isActive: true }),
      ENDS,
    );
    assert.equal(user.said.isActive, false);
    assert.notEqual((await accounts.show(id))?.disabledAt, null);
  });

  test('what is said twice changes nothing, and what is judged by an old version is not done', async (t) => {
    const { users } = await open(t);
    const { id, version } = await users.create('entra', griet);
    const same = await users.change('entra', id, version, ({ said }) => said, ENDS);
    assert.equal(same.user.version, version);
    const renamed = ({ said }: DirectoryUser) => ({ ...said, displayName: 'G.' });
    const { user } = await users.change('entra', id, version, renamed, ENDS);
    assert.notEqual(user.version, version);
    await assert.rejects(users.change('entra', id, version, renamed, ENDS), {
      name: 'StaleVersionError',
    });
    await assert.rejects(users.remove('entra', id, version, ENDS), { name: 'StaleVersionError' });
    await assert.rejects(users.change('okta', id, undefined, renamed, ENDS), {
      name: 'NotFoundError',
    });
    const { id: other } = await users.create('entra', jan);
    const takes = ({ said }: DirectoryUser) => ({ ...said, userName: 'Griet@bank.example' });
    await assert.rejects(users.change('entra', other, undefined, takes, ENDS), {
      name: 'LoginTakenError',
    });
    assert.deepEqual((await users.show('entra', other))?.said, jan);
  });

  test('who is removed is emptied and does not come back, and the name is free for somebody else', async (t) => {
    const opened = await open(t);
    const { users, accounts, credentials, groups, ground } = opened;
    const { id } = await users.create('entra', griet);
    const team = { displayName: 'Team', externalId: null, members: [id] };
    const group = await groups.create('entra', team);
    await grant(opened, id, 'grant_1');
    const shown = { label: 'x', data: {}, kind: 'identity' as const, lookup: 'theirs' };
    await credentials.add({ accountId: id, ...shown });
    assert.deepEqual(await users.remove('entra', id, undefined, ENDS), ['grant_1']);
    assert.equal(await denied(opened, 'grant_1'), true);
    assert.equal(await users.show('entra', id), undefined);
    assert.partialDeepStrictEqual(await accounts.show(id), { name: 'erased', email: null });
    assert.equal(await credentials.find('identity', 'theirs'), undefined);
    assert.deepEqual(await groups.members(group.id), []);
    const again = await users.create('entra', griet);
    assert.notEqual(again.id, id);
    const kept = await ground.database.kysely.selectFrom('directory_user').selectAll().execute();
    assert.ok(!JSON.stringify(kept).includes('Maes'), 'sealed');
  });

  test('what came of a directory is counted, and when it was heard of is kept to a minute and never turned back', async (t) => {
    const { users, groups, directories, clock, ground } = await open(t);
    const silent = { name: 'entra', heardAt: null, people: 0, groups: 0 };
    assert.deepEqual(await directories.summarize('entra'), silent);
    await users.create('entra', griet);
    await users.create('entra', jan);
    await users.create('okta', { ...griet, userName: 'other@bank.example' });
    await groups.create('entra', { displayName: 'Team', externalId: null, members: [] });
    await directories.heard('entra');
    clock.now += 59_999;
    await directories.heard('entra');
    const counted = { name: 'entra', people: 2, groups: 1 };
    assert.deepEqual(await directories.summarize('entra'), { ...counted, heardAt: NOON });
    clock.now += 1;
    await directories.heard('entra');
    const later = { ...counted, heardAt: NOON + 60_000 };
    assert.deepEqual(await directories.summarize('entra'), later);
    clock.now = NOON;
    const other = new DirectoryStore(ground.database, ground.world);
    await other.heard('entra');
    assert.deepEqual(await other.summarize('entra'), later);
    assert.equal((await directories.summarize('okta')).heardAt, null);
  });

  test('an erasure leaves nothing of what a directory said', async (t) => {
    const { users, groups, values, ground } = await open(t);
    const { id } = await users.create('entra', griet);
    await groups.create('entra', { displayName: 'Team', externalId: null, members: [id] });
    const sought = new SoughtPerson({ kind: 'subject', value: 'griet@bank.example' });
    const { marks } = await values.find(sought);
    assert.equal(await values.erase(marks), 1);
    for (const table of ['directory_user', 'directory_member'] as const) {
      assert.deepEqual(await ground.database.kysely.selectFrom(table).selectAll().execute(), []);
    }
  });

  test('a group is of its directory’s people alone; names are found however they are written', async (t) => {
    const { users, groups } = await open(t);
    const { id } = await users.create('entra', griet);
    const { id: elsewhere } = await users.create('okta', jan);
    const wish = { displayName: 'API Administrators', externalId: 'G1', members: [id, id] };
    const group = await groups.create('entra', wish);
    assert.deepEqual(await groups.members(group.id), [id]);
    const named = await groups.findByName('entra', 'api administrators');
    assert.deepEqual(
      named.map(({ id: found }) => found),
      [group.id],
    );
    assert.equal((await groups.findByExternalId('entra', 'G1'))?.id, group.id);
    assert.equal(await groups.show('okta', group.id), undefined);
    const same = { ...wish, displayName: 'API administrators', externalId: null, members: [] };
    const { id: second } = await groups.create('entra', same);
    assert.equal((await groups.findByName('entra', 'API Administrators')).length, 2);
    const rights = { givesRights: () => false, ends: ENDS };
    await groups.remove('entra', second, undefined, rights);
    const stranger = { displayName: 'Other', externalId: null, members: [elsewhere] };
    await assert.rejects(groups.create('entra', stranger), { name: 'UnknownMemberError' });
    assert.equal(await groups.count('entra'), 1, 'nothing is left of it');
    assert.deepEqual((await groups.groupsOf([id, elsewhere])).get(id), [
      { id: group.id, directory: 'entra', displayName: 'API Administrators' },
    ]);
  });

  test('whoever leaves a group that gives rights has no token that says otherwise, and the others keep theirs', async (t) => {
    const opened = await open(t);
    const { users, groups, clock } = opened;
    const { id } = await users.create('entra', griet);
    const { id: other } = await users.create('entra', jan);
    await grant(opened, id, 'grant_1');
    await grant(opened, other, 'grant_2');
    const rights = { givesRights: (name: string) => name === 'Admins', ends: ENDS };
    const admins = { displayName: 'Admins', externalId: null, members: [id, other] };
    const group = await groups.create('entra', admins);
    await groups.change(
      ...(['entra', group.id, undefined] as const),
      (known) => ({ ...known, members: [other] }),
      rights,
    );
    assert.equal(await denied(opened, 'grant_1'), true);
    assert.equal(await denied(opened, 'grant_1', NOON / 1000 + 2), false, 'the grant stands');
    assert.equal(await denied(opened, 'grant_2'), false);

    clock.now += 10_000;
    await groups.change(
      ...(['entra', group.id, undefined] as const),
      (known) => ({ ...known, displayName: 'Former admins' }),
      rights,
    );
    assert.equal(await denied(opened, 'grant_2'), true);
    assert.equal(await denied(opened, 'grant_1', NOON / 1000 + 5), false, 'who left before');
    clock.now += 10_000;
    await groups.remove('entra', group.id, undefined, rights);
    assert.equal(await denied(opened, 'grant_2', NOON / 1000 + 12), false, 'it gave nothing more');
    assert.deepEqual((await groups.groupsOf([other])).size, 0);
  });

  test('a group of ten thousand is taken, and one more is not', async (t) => {
    const opened = await open(t);
    const { groups, users } = opened;
    const { id } = await users.create('entra', griet);
    const ids = await manyPeople(opened);
    const wish = { displayName: 'All', externalId: null, members: ids };
    const group = await groups.create('entra', wish);
    assert.equal((await groups.members(group.id)).length, MANY);
    const rights = { givesRights: () => false, ends: ENDS };
    const more = () =>
      groups.change(
        ...(['entra', group.id, undefined] as const),
        (known) => ({ ...known, members: [...known.members, id] }),
        rights,
      );
    await assert.rejects(more, { name: 'TooManyMembersError' });
    assert.equal((await groups.members(group.id)).length, MANY);
  });

  test('a right of ten thousand people is taken back at once: no statement has a row for each', async (t) => {
    const opened = await open(t);
    const { groups, ground } = opened;
    const ids = await manyPeople(opened);
    const given = ids.map((account_id) => ({
      ...{ id: `of ${account_id}`, consent_id: 'x', account_id, client_id: 'app' },
      ...{ rights_sealed: '', given_at: NOON, expires_at: NOON + 1e9 },
    }));
    for (const portion of portionsOf(given)) {
      await ground.database.kysely.insertInto('account_grant').values(portion).execute();
    }
    const wish = { displayName: 'All', externalId: null, members: ids };
    const group = await groups.create('entra', wish);
    const rights = { givesRights: () => true, ends: ENDS };
    await groups.remove('entra', group.id, undefined, rights);
    for (const account of ids.filter((_, at) => at % 2_500 === 0 || at === MANY - 1)) {
      assert.equal(await denied(opened, `of ${account}`), true, account);
      assert.equal(await denied(opened, `of ${account}`, NOON / 1000 + 2), false, account);
    }
    const { changes } = await new ChangeFeed(ground.database).changesSince(0, MANY);
    const expected = ids.toSorted().map((id) => ['account', id]);
    assert.deepEqual(
      changes.map(({ domain, id }) => [domain, id]),
      expected,
    );
  });
});
