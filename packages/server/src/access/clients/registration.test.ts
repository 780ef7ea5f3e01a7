import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import {
  InvitationStore,
  type InvitationTables,
  type InvitationTerms,
} from './invitation-store.ts';
import { RegistrationStore, type RegistrationTables } from './registration-store.ts';

const HOUR = 3_600_000;
const TERMS: InvitationTerms = {
  ...{ name: 'Budget Ltd', profile: 'browser', flows: ['redirect'] },
  ...{ scopes: ['accounts.read'], detailTypes: [] },
};

onEveryBackend('registrations', ({ dialect, freshPlace }) => {
  const openStores = async (t: Lifetime) => {
    const ground = await openGround<InvitationTables & RegistrationTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    return {
      ...ground,
      invitations: new InvitationStore(
        database.as<InvitationTables>(),
        ...([ring, tombstones, world] as const),
      ),
      registrations: new RegistrationStore(
        database.as<RegistrationTables>(),
        ring,
        tombstones,
        world,
      ),
    };
  };
  const wish = (clients: number) => ({
    ...{ terms: TERMS, clients, expiresAt: NOON + HOUR, createdBy: 'operator_1' },
  });

  test('an invitation is good for as many clients as it says, of many at once too, in its time', async (t) => {
    const { invitations, clock } = await openStores(t);
    const { invitation, token } = await invitations.create(wish(3));
    assert.deepEqual(await invitations.findByToken(token), invitation);
    assert.equal(await invitations.findByToken(`${token}x`), undefined);
    const takes = await Promise.all(
      Array.from({ length: 100 }, () => invitations.take(invitation.id)),
    );
    assert.equal(takes.filter(Boolean).length, 3);
    assert.equal(await invitations.findByToken(token), undefined, 'used up');
    const late = await invitations.create(wish(1));
    clock.now = NOON + HOUR;
    assert.equal(await invitations.findByToken(late.token), undefined);
    assert.equal(await invitations.take(late.invitation.id), false);
  });

  test('an invitation that was ended or used up stays so, whatever is restored', async (t) => {
    const { invitations, database } = await openStores(t);
    const [ended, spent] = [await invitations.create(wish(2)), await invitations.create(wish(1))];
    await invitations.end(ended.invitation.id);
    await invitations.end(ended.invitation.id);
    assert.equal(await invitations.take(ended.invitation.id), false);
    assert.equal(await invitations.take(spent.invitation.id), true);
    // As a backup of before has them.
    await database.kysely
      .updateTable('client_invitation')
      .set({ ended_at: null, clients_left: 1 })
      .execute();
    assert.equal(await invitations.replayTombstones(), 2);
    for (const { token } of [ended, spent]) {
      assert.equal(await invitations.findByToken(token), undefined);
    }
    await assert.rejects(invitations.end('invitation_0'), /no invitation/);
  });

  test('what a client shows to change itself is good once, and of nobody else', async (t) => {
    const { registrations } = await openStores(t);
    await registrations.keep('client_1', 'invitation_1');
    assert.equal(await registrations.findByToken('first'), undefined);
    await registrations.showsToken('client_1', 'first');
    assert.equal((await registrations.findByToken('first'))?.clientId, 'client_1');
    const spent = await Promise.all(
      Array.from({ length: 100 }, () => registrations.spend('first')),
    );
    assert.equal(spent.filter(Boolean).length, 1);
    await registrations.showsToken('client_1', 'second');
    await registrations.end('client_1');
    assert.equal(await registrations.findByToken('second'), undefined);
    await registrations.showsToken('client_1', 'third');
    assert.equal(await registrations.findByToken('third'), undefined, 'it is gone');
  });

  test('those that were never given a token are found by their age, and the others are not', async (t) => {
    const { registrations, clock } = await openStores(t);
    await registrations.keep('client_1', 'invitation_1');
    await registrations.keep('client_2', 'invitation_1');
    await registrations.wasUsed('client_2');
    await registrations.wasUsed('client_of_an_operator');
    clock.now = NOON + HOUR;
    await registrations.keep('client_3', 'invitation_1');
    assert.deepEqual(await registrations.unusedSince(NOON), ['client_1']);
  });

  test('who makes and ends clients makes no more of them than may be', async (t) => {
    const { registrations, clock } = await openStores(t);
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        registrations.keepWithin(`client_${number}`, 'statements_1', 3),
      ),
    );
    assert.equal(many.filter(Boolean).length, 3);
    const first = `client_${many.indexOf(true)}`;
    await registrations.end(first);
    assert.equal(await registrations.keepWithin('client_x', 'statements_1', 3), false);
    assert.equal(await registrations.keepWithin('client_y', 'statements_2', 3), true);
    assert.deepEqual((await registrations.unusedSince(NOON)).includes(first), false);
    clock.now = NOON + 24 * HOUR;
    assert.equal(await registrations.prune(), 1);
    assert.equal(await registrations.keepWithin('client_x', 'statements_1', 3), true);
  });

  if (dialect === 'sqlite') {
    test('neither what invites nor what a client shows stands in the file', async (t) => {
      const place = freshPlace();
      const ground = await openGround<InvitationTables & RegistrationTables>(t, place);
      const { database, ring, tombstones, world } = ground;
      const invitations = new InvitationStore(
        database.as<InvitationTables>(),
        ...([ring, tombstones, world] as const),
      );
      const registrations = new RegistrationStore(
        database.as<RegistrationTables>(),
        ring,
        tombstones,
        world,
      );
      const { token } = await invitations.create(wish(1));
      await registrations.keep('client_1', 'invitation_1');
      await registrations.showsToken('client_1', 'shown-by-the-client');
      assert.ok('file' in place);
      const kept = ['', '-wal'].map((end) => readFileSync(`${place.file}${end}`, 'latin1')).join();
      for (const secret of [token, 'shown-by-the-client', 'Budget Ltd']) {
        assert.ok(!kept.includes(secret), secret);
      }
    });
  }
});
