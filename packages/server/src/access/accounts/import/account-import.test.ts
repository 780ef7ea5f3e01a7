import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../../platform/database/backends.fixture.ts';
import { ChangeFeed } from '../../../state/changes/index.ts';
import { type Lifetime, NOON, openGround } from '../../../state/ground.fixture.ts';
import { SoughtPerson } from '../../../state/personal-values/index.ts';
import type { AccountTables } from '../account-row.ts';
import {
  AccountImport,
  AccountStore,
  CredentialStore,
  IdentityStore,
  PersonalValuesOfAccounts,
} from '../index.ts';
import type { ImportWish } from './account-import.ts';

const PARTNER = 'https://login.partner.test';
const TERMS = { passwords: true, providers: [PARTNER] };
const HASH = `$pbkdf2-sha256$i=27500$c2FsdHNhbHRzYWx0$${'A'.repeat(43)}`;
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const griet = {
  ...{ login: 'Griet@Example.test', name: 'Griet', email: 'griet@example.test' },
  ...{ password: HASH, code: `otpauth://totp/x?secret=${SECRET}&digits=8` },
  ...{ language: 'nl' as const, identities: [{ issuer: PARTNER, subject: 'g-1' }] },
};
const jan = { login: 'jan@example.test', name: 'Jan', disabled: true };

onEveryBackend('account import', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const ground = await openGround<AccountTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    const imports = new AccountImport(database, ring, world);
    const make = (
      accounts: ImportWish['accounts'],
      more: Partial<ImportWish> = {},
      terms = TERMS,
    ) =>
      imports.make(
        { accounts, isSkipping: false, isPreview: false, createdBy: 'operator_1', ...more },
        terms,
      );
    const rows = async () => {
      const { kysely } = database;
      const accounts = await kysely.selectFrom('account').selectAll().execute();
      const credentials = await kysely.selectFrom('account_credential').selectAll().execute();
      return { accounts, credentials };
    };
    return {
      ...{ make, rows, changes: new ChangeFeed(database) },
      accounts: new AccountStore(database, ring, tombstones, world),
      credentials: new CredentialStore(database, ring, tombstones, world),
      identities: new IdentityStore(database, ring, tombstones, world),
      values: new PersonalValuesOfAccounts(database, ring, world),
    };
  };

  test('people come with what they signed in with, as if they had set it here', async (t) => {
    const { make, accounts, credentials, identities, changes } = await open(t);
    const outcome = await make([griet, jan]);
    assert.ok(outcome.kind === 'done', JSON.stringify(outcome));
    const [first, second] = outcome.accounts;
    assert.deepEqual([first?.login, first?.isNew, second?.isNew], [griet.login, true, true]);
    const account = await accounts.findByLogin('griet@example.test');
    assert.deepEqual(
      [account?.id, account?.email, account?.language, account?.createdBy, account?.disabledAt],
      [first?.id, griet.email, 'nl', 'operator_1', null],
    );
    assert.equal((await accounts.findByLogin(jan.login))?.disabledAt, NOON);
    const kept = await credentials.list(String(first?.id));
    const dataOf = (kind: string) => kept.find((one) => one.kind === kind)?.data;
    assert.deepEqual(dataOf('password'), { hash: HASH, isImported: true });
    assert.deepEqual(dataOf('totp'), { secret: SECRET, algorithm: 'SHA1', digits: 8, period: 30 });
    assert.equal((await identities.find(griet.identities[0]!))?.accountId, first?.id);
    const changed = (await changes.changesSince(0)).changes.map(({ sequence, id }) => [
      sequence,
      id,
    ]);
    assert.deepEqual(changed, [
      [1, first?.id],
      [2, second?.id],
    ]);
    // A password that its holder sets takes its place.
    const whose = { accountId: String(first?.id), lookup: String(first?.id), label: '' };
    await credentials.put({ ...whose, kind: 'password', data: { hash: 'own' } });
    const former = kept.find((one) => one.kind === 'password')?.id ?? '';
    const late = { isUncounted: true, data: { hash: 'of the former' } };
    assert.equal(await credentials.use(former, 0, late), false, 'whoever signs in meanwhile');
    const passwords = (await credentials.list(whose.accountId)).filter(
      ({ kind }) => kind === 'password',
    );
    assert.deepEqual(
      passwords.map(({ data }) => data),
      [{ hash: 'own' }],
    );
  });

  test('one that is wrong keeps all out, and every fault is named by account and member', async (t) => {
    const { make, rows } = await open(t);
    await make([{ login: 'AN@example.test', name: 'An', identities: griet.identities }]);
    const before = await rows();
    const elsewhere = [{ issuer: 'https://login.other.test', subject: 'x' }];
    const outcome = await make([
      { login: 'fine@example.test', name: 'Fine' },
      griet,
      { login: 'an@example.test', name: 'An' },
      { login: 'x@example.test', name: 'X', password: 'hunter2', code: '!', identities: elsewhere },
      { login: ' FINE@example.test', name: 'Fine again' },
    ]);
    assert.ok(outcome.kind === 'faults');
    assert.deepEqual(
      outcome.faults.map(({ index, member, rule }) => [index, member, rule]),
      [
        [1, 'identities/0', 'free'],
        [2, 'login', 'free'],
        [3, 'password', 'hash'],
        [3, 'code', 'key'],
        [3, 'identities/0/issuer', 'configured'],
        [4, 'login', 'once'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(outcome), /hunter2|other\.test/);
    assert.deepEqual(await rows(), before);
    const off = await make([griet], {}, { passwords: false, providers: [] });
    assert.ok(off.kind === 'faults');
    assert.deepEqual(
      off.faults.map(({ member, rule }) => [member, rule]),
      [
        ['password', 'unused'],
        ['code', 'unused'],
        ['identities/0/issuer', 'configured'],
        ['identities/0', 'free'],
      ],
    );
    assert.match(off.faults[0]!.expected, /issuer\.passwords/);
    assert.deepEqual(await rows(), before);
  });

  test('what is there already stays as it is where that is asked, and what is not comes', async (t) => {
    const { make, rows } = await open(t);
    const first = await make([griet]);
    const before = await rows();
    const changed = { ...griet, login: 'griet@example.TEST', name: 'Other', password: undefined };
    const outcome = await make([changed as never, jan], { isSkipping: true });
    assert.ok(outcome.kind === 'done' && first.kind === 'done');
    assert.deepEqual(
      outcome.accounts.map(({ isNew }) => isNew),
      [false, true],
    );
    assert.equal(outcome.accounts[0]?.id, first.accounts[0]?.id);
    const after = await rows();
    assert.deepEqual([after.accounts.length, after.credentials], [2, before.credentials]);
    assert.deepEqual(
      after.accounts.find(({ id }) => id === first.accounts[0]?.id),
      before.accounts[0],
    );
    const again = await make([griet, jan], { isSkipping: true });
    assert.ok(again.kind === 'done' && again.accounts.every(({ isNew }) => !isNew));
  });

  test('a preview says the same, and changes nothing', async (t) => {
    const { make, rows, changes } = await open(t);
    await make([jan]);
    const before = await rows();
    const outcome = await make([griet, jan], { isPreview: true, isSkipping: true });
    assert.ok(outcome.kind === 'done');
    assert.deepEqual(
      outcome.accounts.map(({ id, isNew }) => [id === null, isNew]),
      [
        [true, true],
        [false, false],
      ],
    );
    assert.equal((await make([jan], { isPreview: true })).kind, 'faults');
    assert.deepEqual(await rows(), before);
    assert.equal(await changes.latest(), 1);
  });

  test('nothing of it stands in the rows as it is, and with the person all of it goes', async (t) => {
    const { make, rows, values, accounts } = await open(t);
    await make([griet]);
    const stored = JSON.stringify(await rows());
    for (const secret of [HASH, SECRET, 'Griet', 'example', 'partner', 'g-1', 'pbkdf2']) {
      assert.ok(!stored.toLowerCase().includes(secret.toLowerCase()), secret);
    }
    const sought = new SoughtPerson({ kind: 'subject', value: 'griet@example.test' });
    const { marks } = await values.find(sought);
    assert.equal(await values.erase(marks), 1);
    assert.deepEqual((await rows()).credentials, []);
    assert.equal(await accounts.findByLogin(griet.login), undefined);
    assert.equal((await make([griet])).kind, 'done', 'the name, and the identity, are free again');
  });

  test('a hundred at once are a few statements, and what is long is not cut off', async (t) => {
    const { make, changes } = await open(t);
    const many = Array.from({ length: 100 }, (_, at) => ({
      ...{ login: `${'x'.repeat(180)}-${at}`, name: 'N'.repeat(200), password: HASH, code: SECRET },
      identities: Array.from({ length: 10 }, (_, of) => ({
        issuer: PARTNER,
        subject: `${at}-${of}`,
      })),
    }));
    const outcome = await make(many);
    assert.ok(outcome.kind === 'done');
    assert.equal(new Set(outcome.accounts.map(({ id }) => id)).size, 100);
    assert.equal(await changes.latest(), 100);
  });
});
