import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, openGround } from '../../state/ground.fixture.ts';
import { SoughtPerson } from '../../state/personal-values/index.ts';
import {
  type AccountProfile,
  AccountStore,
  type AccountTables,
  CredentialStore,
  IdentityStore,
  PersonalValuesOfAccounts,
} from './index.ts';

const an: AccountProfile = { login: 'bank-1', name: 'An', email: null, language: 'nl' };
const AT_BANK = { issuer: 'https://login.bank.example', subject: 'an' };

onEveryBackend('identities', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const first = await openGround<AccountTables>(t, freshPlace());
    const second = await first.reopen();
    const [identities, others] = [first, second].map(
      ({ database, ring, tombstones, world }) =>
        new IdentityStore(database, ring, tombstones, world),
    ) as [IdentityStore, IdentityStore];
    const { database, ring, tombstones, world } = first;
    return {
      ...{ identities, others, database },
      accounts: new AccountStore(database, ring, tombstones, world),
      credentials: new CredentialStore(database, ring, tombstones, world),
      values: new PersonalValuesOfAccounts(database, ring, world),
    };
  };

  test('somebody is found by issuer and subject together, to the letter', async (t) => {
    const { identities } = await open(t);
    const { id } = await identities.signUp(an, AT_BANK);
    assert.equal((await identities.find(AT_BANK))?.accountId, id);
    for (const other of [
      { ...AT_BANK, subject: 'An' },
      { ...AT_BANK, subject: 'an ' },
      { ...AT_BANK, issuer: `${AT_BANK.issuer}/` },
      { issuer: AT_BANK.subject, subject: AT_BANK.issuer },
      { issuer: `${AT_BANK.issuer}","an`, subject: '' },
    ]) {
      assert.equal(await identities.find(other), undefined, JSON.stringify(other));
    }
  });

  test('of many first sign-ins at once over two connections, one makes an account and all are in it', async (t) => {
    const { identities, others, accounts } = await open(t);
    for (let round = 0; round < 5; round += 1) {
      const before = (await accounts.list({ limit: 100 })).items.length;
      const subject = `round-${round}`;
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, number) =>
          (number % 2 === 0 ? identities : others).signUp(
            { ...an, login: `${subject}-${number}` },
            { ...AT_BANK, subject },
          ),
        ),
      );
      assert.equal(new Set(made.map(({ id }) => id)).size, 1);
      assert.equal((await accounts.list({ limit: 100 })).items.length, before + 1);
    }
  });

  test('what is linked to one account is linked to no other, of many at once to one', async (t) => {
    const { identities, others, accounts } = await open(t);
    const people = await Promise.all(
      ['a', 'b', 'c', 'd'].map((login) => accounts.create({ ...an, login })),
    );
    const linked = await Promise.all(
      people.map(({ id }, number) => (number % 2 === 0 ? identities : others).link(id, AT_BANK)),
    );
    assert.equal(linked.filter((isMine) => isMine).length, 1);
    const owner = people[linked.indexOf(true)]?.id;
    assert.equal((await identities.find(AT_BANK))?.accountId, owner);
  });

  test('an account that is made cannot be left without whom it was made for', async (t) => {
    const { identities, accounts } = await open(t);
    await accounts.create(an);
    await assert.rejects(identities.signUp(an, AT_BANK), { name: 'LoginTakenError' });
    assert.equal(await identities.find(AT_BANK), undefined);
  });

  test('with a person goes by whom they are known elsewhere, and who comes again is somebody new', async (t) => {
    const { identities, values, database } = await open(t);
    const { id } = await identities.signUp(an, AT_BANK);
    const { marks } = await values.find(new SoughtPerson({ kind: 'subject', value: id }));
    assert.equal(await values.erase(marks), 1);
    assert.equal(await identities.find(AT_BANK), undefined);
    const rows = await database.kysely.selectFrom('account_credential').selectAll().execute();
    assert.deepEqual(rows, []);
    const again = await identities.signUp({ ...an, login: 'bank-2' }, AT_BANK);
    assert.notEqual(again.id, id);
  });
});
