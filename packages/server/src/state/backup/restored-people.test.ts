import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DirectoryPerson } from '../../access/accounts/index.ts';
import { browser } from '../../access/clients/clients.fixture.ts';
import { LOCAL_OPERATOR } from '../../access/operators/index.ts';
import { type Lifetime, NOON, openFreshState } from '../../control/stores/stores.fixture.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import type { DatabasePlace } from '../../platform/database/index.ts';
import { backUp, freshTarget, reopen, restore } from './backup.fixture.ts';

const RIGHTS = {
  givesRights: () => true,
  ends: { issuer: 'https://login.bank.example', until: NOON + 600_000 },
};
const PROVIDER = 'https://id.example';

const person = (name: string): DirectoryPerson => ({
  ...{ userName: `${name}@bank.example`, externalId: name, displayName: null, isActive: true },
  name: { formatted: null, givenName: name, familyName: 'Maes' },
  ...{ emails: [], preferredLanguage: 'nl' },
});

onEveryBackend('people in a backup', ({ freshPlace, dialect }) => {
  const open = async (t: Lifetime) => {
    const state = await openFreshState(t, freshPlace());
    const people = await Promise.all(
      ['griet', 'jan', 'lieve'].map((name) => state.directoryUsers.create('entra', person(name))),
    );
    const [griet = '', jan = '', lieve = ''] = people.map(({ id }) => id);
    const restored = async (file: string, isTold = true) => {
      const target = freshTarget(t, state);
      const place: DatabasePlace | undefined = dialect === 'postgres' ? freshPlace() : undefined;
      const tombstones = isTold ? [join(state.dataDirectory, 'tombstones.jsonl')] : [];
      const summary = await restore(file, target, place, tombstones);
      return { summary, again: () => reopen(t, target, place) };
    };
    return { state, griet, jan, lieve, restored };
  };

  test('a passkey that its holder removed, or a password that was replaced, lets nobody in after a restore', async (t) => {
    const { state, griet, jan, restored } = await open(t);
    const { credentials } = state;
    const passkey = (label: string) => ({
      ...{ accountId: griet, kind: 'passkey' as const, data: { key: label } },
      ...{ label, lookup: label },
    });
    const password = (hash: string) => ({
      ...{ accountId: jan, kind: 'password' as const, data: { hash }, label: 'password' },
    });
    const stolen = await credentials.add(passkey('stolen'));
    const kept = await credentials.add(passkey('kept'));
    await credentials.put(password('known to a thief'));
    await credentials.put(password('also known'));
    const file = await backUp(t, state);
    assert.equal(await credentials.remove(griet, stolen?.id ?? ''), 'removed');
    await credentials.put(password('new'));
    const { summary, again } = await restored(file);
    assert.equal(summary.revoked, 2);
    for (let start = 0; start < 2; start += 1) {
      const { credentials: after } = await again();
      assert.deepEqual(
        (await after.list(griet)).map(({ id }) => id),
        [kept?.id],
      );
      assert.equal(await after.find('passkey', 'stolen'), undefined);
      assert.deepEqual(await after.list(jan), []);
    }
    // The same key of the same authenticator may be enrolled anew.
    const { credentials: after } = await again();
    assert.notEqual(await after.add(passkey('stolen')), undefined);
    assert.equal((await (await again()).credentials.list(griet)).length, 2);
    const alone = await restored(file, false);
    assert.equal(alone.summary.revoked, 0);
    assert.equal((await (await alone.again()).credentials.list(griet)).length, 2);
  });

  test('an identity that was unlinked, and roles that its provider took back, are not there again', async (t) => {
    const { state, griet, jan, lieve, restored } = await open(t);
    const { identities } = state;
    const of = (subject: string) => ({ issuer: PROVIDER, subject });
    const known = async (subject: string) => {
      const found = await identities.find(of(subject));
      assert.ok(found !== undefined, subject);
      return found;
    };
    for (const [account, subject] of [
      [griet, 'g'],
      [jan, 'j'],
      [lieve, 'l'],
    ] as const) {
      await identities.link(account, of(subject));
      await identities.used(await known(subject), ['admin', 'reader']);
    }
    const file = await backUp(t, state);
    state.clock.now += 1_000;
    await state.credentials.remove(griet, (await known('g')).id);
    await identities.used(await known('j'), ['reader']);
    await identities.used(await known('l'), ['admin', 'reader', 'more']);
    const { summary, again } = await restored(file);
    assert.equal(summary.revoked, 2);
    const after = await again();
    assert.equal(await after.identities.find(of('g')), undefined);
    assert.deepEqual((await after.identities.find(of('j')))?.roles, [], 'said again at the next');
    assert.deepEqual((await after.identities.find(of('l')))?.roles, ['admin', 'reader']);
    await after.identities.used((await after.identities.find(of('j'))) ?? assert.fail(), [
      'reader',
    ]);
    const later = await again();
    assert.deepEqual((await later.identities.find(of('j')))?.roles, [], 'the clock stood still');
  });

  test('whoever left a group is not in it again, nor is a group that was renamed or removed', async (t) => {
    const { state, griet, jan, lieve, restored } = await open(t);
    const { directoryGroups: groups } = state;
    const make = (displayName: string, members = [griet, jan]) =>
      groups.create('entra', { displayName, externalId: null, members });
    const change = (id: string, wish: object) =>
      groups.change('entra', id, undefined, (known) => ({ ...known, ...wish }), RIGHTS);
    const admins = await make('Admins');
    const came = await make('Came back', [griet, jan, lieve]);
    await change(came.id, { members: [jan, lieve] });
    await change(came.id, { members: [griet, jan, lieve] });
    const renamed = await make('Payers');
    const removed = await make('Readers');
    const untouched = await make('Untouched');
    const file = await backUp(t, state);
    await change(admins.id, { members: [griet, jan, lieve] });
    await change(admins.id, { members: [griet, lieve] });
    await change(came.id, { members: [griet, jan] });
    await change(renamed.id, { displayName: 'Former payers' });
    await groups.remove('entra', removed.id, undefined, RIGHTS);
    const { summary, again } = await restored(file);
    assert.equal(summary.revoked, 6, 'jan, lieve, and two in each of two groups');
    for (let start = 0; start < 2; start += 1) {
      const { directoryGroups: after } = await again();
      assert.deepEqual(await after.members(admins.id), [griet]);
      assert.deepEqual(await after.members(came.id), [griet, jan].toSorted());
      for (const { id } of [renamed, removed]) {
        assert.equal(await after.show('entra', id), undefined);
        assert.deepEqual(await after.members(id), []);
      }
      assert.equal((await after.members(untouched.id)).length, 2);
    }
    // Whoever joins since stays, whatever tombstones say of before.
    const { directoryGroups: after } = await again();
    const joined = (known: { members: readonly string[] }) => [...known.members, jan, lieve];
    await after.change(
      ...(['entra', admins.id, undefined] as const),
      (known) => ({ ...known, members: joined(known) }),
      RIGHTS,
    );
    const later = await again();
    assert.equal((await later.directoryGroups.members(admins.id)).length, 3);
    assert.equal(later.replayed.revoked, 0);
  });

  test('what a client showed to manage itself, or showed before an operator took it over, is not accepted again', async (t) => {
    const { state, restored } = await open(t);
    const { registrations } = state;
    for (const name of ['spent', 'taken', 'kept']) {
      await registrations.keep(`client_${name}`, 'invitation');
      await registrations.showsToken(`client_${name}`, `token of ${name}`);
    }
    const file = await backUp(t, state);
    assert.equal(await registrations.spend('token of spent'), true);
    assert.equal(await registrations.spend('token of spent'), false);
    await registrations.showsToken('client_spent', 'next token');
    await registrations.forget('client_taken');
    const { summary, again } = await restored(file);
    assert.equal(summary.revoked, 2);
    const after = (await again()).registrations;
    for (const name of ['spent', 'taken']) {
      assert.equal(await after.findByToken(`token of ${name}`), undefined, name);
    }
    assert.equal((await after.findByToken('token of kept'))?.clientId, 'client_kept');
  });

  test('the secret of a client that was rotated since is not accepted again', async (t) => {
    const { state, restored } = await open(t);
    const { clients } = state;
    const { client, secret } = await clients.create(browser, 'operator_1');
    const other = await clients.create(browser, 'operator_1');
    const file = await backUp(t, state);
    await clients.rotateSecret(client.id, 0);
    const { summary, again } = await restored(file);
    assert.equal(summary.revoked, 1);
    const after = await again();
    assert.equal(await after.clients.isSecret(client.id, secret ?? ''), false);
    assert.notEqual((await after.clients.show(client.id))?.disabledAt, null);
    assert.equal(await after.clients.isSecret(other.client.id, other.secret ?? ''), true);
  });

  test('whoever is suspended when the directory is lost is suspended after the restore, however often they came back', async (t) => {
    const { state, griet, jan, lieve, restored } = await open(t);
    const { accounts } = state;
    const turn = async (id: string, ...turns: ('suspend' | 'resume')[]) => {
      for (const one of turns) {
        state.clock.now += 1;
        await accounts[one](id);
      }
    };
    await turn(griet, 'suspend', 'resume');
    await turn(jan, 'suspend');
    await turn(lieve, 'suspend', 'resume', 'suspend');
    const file = await backUp(t, state);
    await turn(griet, 'suspend');
    await turn(jan, 'resume', 'suspend', 'resume');
    await turn(lieve, 'resume', 'suspend');
    const after = (await (await restored(file)).again()).accounts;
    const isSuspended = async (id: string) => (await after.show(id))?.isSuspended;
    assert.equal(await isSuspended(griet), true);
    assert.equal(await isSuspended(lieve), true);
    // What is given back is given by whoever says so, not by a file: the backup has it suspended.
    assert.equal(await isSuspended(jan), true);
  });

  test('a key that was narrowed in one life of the state is not wide again in another', async (t) => {
    const { state } = await open(t);
    const terms = {
      ...{ name: 'Shop', owner: 'griet', scopes: ['read'], roles: [] },
      ...{ limits: null, networks: [], expiresAt: null },
    };
    const { record } = await state.keys.create(terms);
    const first = await backUp(t, state);
    for (const scopes of [
      ['read', 'pay'],
      ['read', 'pay', 'refund'],
      ['read', 'pay', 'x'],
    ]) {
      await state.keys.update(record.id, { scopes });
    }
    const second = await backUp(t, state);
    const place: DatabasePlace | undefined = dialect === 'postgres' ? freshPlace() : undefined;
    const target = freshTarget(t, state);
    const ofFirst = join(state.dataDirectory, 'tombstones.jsonl');
    await restore(first, target, place, []);
    const life = await reopen(t, target, place);
    await life.keys.update(record.id, { scopes: [] });
    const again = freshTarget(t, state);
    const there: DatabasePlace | undefined = dialect === 'postgres' ? freshPlace() : undefined;
    const summary = await restore(second, again, there, [
      ofFirst,
      join(target, 'tombstones.jsonl'),
    ]);
    assert.deepEqual(summary.outdatedKeys, [record.id]);
  });

  test('the owner’s credential that lies in the lost directory is revoked', async (t) => {
    const { state, restored } = await open(t);
    const local = await state.operators.create({
      ...{ name: LOCAL_OPERATOR, roles: ['owner'], expiresAt: null },
    });
    const other = await state.operators.create({
      name: 'Lieve',
      roles: ['owner'],
      expiresAt: null,
    });
    const { again } = await restored(await backUp(t, state), false);
    const standing = (await (await again()).operators.credentials()).map(({ id }) => id);
    assert.deepEqual(standing, [other.operator.id]);
    assert.notEqual(local.operator.id, other.operator.id);
  });

  test('a file of tombstones that lost its end brings nothing back: the state writes again what it knows, and says so', async (t) => {
    for (const isGone of [false, true]) {
      const { state, restored } = await open(t);
      const terms = {
        ...{ owner: 'griet', scopes: ['read', 'pay'], roles: [] },
        ...{ limits: null, networks: [], expiresAt: null },
      };
      const [revoked, narrowed, later] = await Promise.all(
        ['revoked', 'narrowed', 'later'].map((name) => state.keys.create({ ...terms, name })),
      );
      const { operator } = await state.operators.create({
        ...{ name: 'Lieve', roles: ['auditor'], expiresAt: null },
      });
      const idOf = (key: typeof revoked) => key?.record.id ?? '';
      const file = await backUp(t, state);
      await state.act(async ({ keys }) => keys.revoke(idOf(revoked), 'leaked'));
      await state.act(async ({ keys }) => keys.update(idOf(narrowed), { scopes: ['read'] }));
      await state.act(async ({ operators }) => operators.revoke(operator.id));
      const path = join(state.dataDirectory, 'tombstones.jsonl');
      const lines = readFileSync(path, 'utf8').split('\n');
      if (isGone) rmSync(path);
      else writeFileSync(path, `${lines[0]}\n`);
      const told: string[] = [];
      const started = await state.reopen({ notify: ({ code }) => told.push(code) });
      assert.deepEqual(told, ['tombstones_broken']);
      await started.act(async ({ keys }) => keys.revoke(idOf(later), 'leaked, too'));
      const again: string[] = [];
      await state.reopen({ notify: ({ code }) => again.push(code) });
      assert.deepEqual(again, [], 'told once');
      const { summary, again: open2 } = await restored(file);
      assert.deepEqual(summary.outdatedKeys, [idOf(narrowed)]);
      const after = await open2();
      for (const key of [revoked, narrowed, later]) {
        assert.notEqual((await after.keys.show(idOf(key)))?.revokedAt, null);
      }
      assert.ok(!(await after.operators.credentials()).some(({ id }) => id === operator.id));
    }
  });

  test('whoever was suspended once more in a line that is lost is suspended after a restore', async (t) => {
    const { state, griet, restored } = await open(t);
    const file = await backUp(t, state);
    for (const turn of ['suspend', 'resume', 'suspend'] as const) {
      state.clock.now += 1;
      await state.act(async ({ accounts }) => accounts[turn](griet));
    }
    const path = join(state.dataDirectory, 'tombstones.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`);
    await state.reopen();
    const after = await (await restored(file)).again();
    assert.equal((await after.accounts.show(griet))?.isSuspended, true);
  });
});
