import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { AccountNoticeKind, StoredAccount } from '../../access/accounts/index.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { migrate, openDatabase } from '../../platform/database/index.ts';
import { type Lifetime, openGround } from '../../state/ground.fixture.ts';
import { ArtefactStore, type ArtefactTables, issuerMigrations } from '../artefacts/index.ts';
import { type AuthSession, AuthSessions } from './auth-sessions.ts';
import { GivenCodes } from './given-codes.ts';
import { KnownApplications } from './known-applications.ts';

const ROUNDS = 10;
const TRIES = 50;
const FIVE_MINUTES = 300_000;
const PHONE = { client: 'client_1', key: 'a key' } as const;

onEveryBackend('signing in within an application', ({ freshPlace }) => {
  const open = async (t: Lifetime, handles = 1) => {
    const { ring, clock } = await openGround<object>(t, freshPlace());
    const place = freshPlace();
    const stores: ArtefactStore[] = [];
    for (let opened = 0; opened < handles; opened += 1) {
      const database = await openDatabase<ArtefactTables>(place);
      t.after(() => database.close());
      await migrate(database, issuerMigrations(), Date.now);
      stores.push(new ArtefactStore(database, ring, () => clock.now));
    }
    const now = () => clock.now;
    const sessions = stores.map(
      (artefacts) => new AuthSessions({ artefacts, random: randomBytes, now }),
    );
    return {
      sessions,
      first: sessions[0] as AuthSessions,
      artefacts: stores[0] as ArtefactStore,
      clock,
      now,
    };
  };
  const begin = (sessions: AuthSessions, client: string = PHONE.client) =>
    sessions.begin({ client, key: PHONE.key, asked: [['scope', 'openid']] });

  test('of fifty who show one session at once one goes on, in every round, over two connections', async (t) => {
    const { sessions, first } = await open(t, 2);
    for (let round = 0; round < ROUNDS; round += 1) {
      const value = String(await first.goOn(begin(first)));
      const uses = await Promise.all(
        Array.from({ length: TRIES }, (_, index) => sessions[index % 2]?.use(value)),
      );
      assert.equal(uses.filter((used) => used === true).length, 1);
      assert.equal(await first.find(value), undefined, 'and it is gone');
    }
  });

  test('a session ends five minutes after it began, however often it went on, and after a dozen steps', async (t) => {
    const { first, clock } = await open(t);
    const begun = begin(first);
    clock.now += FIVE_MINUTES - 1;
    const value = String(await first.goOn(begun));
    assert.notEqual(await first.find(value), undefined);
    clock.now += 1;
    assert.equal(await first.find(value), undefined);
    assert.equal(await first.use(value), false);

    let session: AuthSession = begin(first);
    const values = new Set<string>();
    for (;;) {
      const next = await first.goOn(session);
      if (next === null) break;
      values.add(next);
      session = (await first.find(next)) as AuthSession;
    }
    assert.equal(values.size, 12);
  });

  test('those who stand are counted for each client apart, and those who went on no more', async (t) => {
    const { first, artefacts } = await open(t);
    const values = [await first.goOn(begin(first)), await first.goOn(begin(first))];
    await first.goOn(begin(first, 'client_2'));
    const count = () => artefacts.countOfGrant('AuthSession', 'auth sessions of client_1', 10);
    assert.equal(await count(), 2);
    await first.use(String(values[0]));
    assert.equal(await count(), 1);
    assert.equal(await first.isFull('client_1'), false);
    const many = { countOfGrant: async (_: string, __: string, max: number) => max };
    const full = new AuthSessions({
      artefacts: Object.assign(Object.create(artefacts), many),
      ...{ random: randomBytes, now: () => 0 },
    });
    assert.equal(await full.isFull('client_1'), true);
  });

  test('an installation is known to its person alone, until they sign out everywhere; they are told of the first time', async (t) => {
    const { artefacts, now, clock } = await open(t);
    const told: [string, AccountNoticeKind][] = [];
    const notices = {
      add: async (id: string, kind: AccountNoticeKind) => void told.push([id, kind]),
    };
    const known = new KnownApplications({ artefacts, notices, now });
    const griet = { id: 'account_1', disabledAt: null, signedOutAt: 0 } as StoredAccount;
    assert.equal(await known.isKnown(PHONE, griet), false);
    const first = { grant: 'grant-1', session: 'session-1' };
    assert.equal(await known.remember(PHONE, griet, first), null);
    const nothing = { grant: null, session: null };
    assert.equal(await known.remember(PHONE, griet, nothing), null);
    assert.equal(await known.remember(PHONE, griet, first), null, 'the same');
    const second = { grant: null, session: 'session-2' };
    assert.equal(
      await known.remember(PHONE, griet, second),
      'session-1',
      'one takes the place of the other',
    );
    assert.equal(
      await known.grantOf(PHONE, griet.id),
      'grant-1',
      'what was for one thing changes nothing',
    );
    assert.equal(await known.grantOf(PHONE, 'account_2'), null);
    assert.deepEqual(told, [['account_1', 'application-new']]);
    assert.equal(await known.isKnown(PHONE, griet), true);
    assert.equal(await known.isKnown({ ...PHONE, key: 'another' }, griet), false);
    assert.equal(await known.isKnown({ ...PHONE, client: 'client_2' }, griet), false);
    assert.equal(await known.isKnown(PHONE, { ...griet, id: 'account_2' }), false);
    assert.equal(await known.isKnown(PHONE, { ...griet, disabledAt: clock.now }), false);
    const signedOut = { ...griet, signedOutAt: clock.now };
    assert.equal(await known.isKnown(PHONE, signedOut), false, 'also in the same moment');
    assert.equal(await known.isKnown(PHONE, undefined), false);
    await known.forget(PHONE, griet.id);
    assert.equal(await known.isKnown(PHONE, griet), false);
  });

  test('a token request is completed for a code that was given here, for a minute, and for no other', async (t) => {
    const { artefacts, now, clock } = await open(t);
    const codes = new GivenCodes({ artefacts, now });
    await codes.remember('abc', 'https://app.test/back');
    const complete = async (form: string) =>
      Buffer.from(await codes.complete(Buffer.from(form))).toString();
    const asked = 'grant_type=authorization_code&code=abc';
    assert.match(await complete(asked), /&redirect_uri=https%3A%2F%2Fapp\.test%2Fback$/);
    for (const other of [
      `${asked}&redirect_uri=x`,
      'grant_type=authorization_code&code=abd',
      'grant_type=refresh_token&code=abc',
      'grant_type=authorization_code',
    ]) {
      assert.equal(await complete(other), other);
    }
    clock.now += 60_000;
    assert.equal(await complete(asked), asked);
  });
});
