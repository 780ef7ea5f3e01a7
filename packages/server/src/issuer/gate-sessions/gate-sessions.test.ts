import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { migrate, openDatabase } from '../../platform/database/index.ts';
import { type Lifetime, openGround } from '../../state/ground.fixture.ts';
import { ArtefactStore, type ArtefactTables, issuerMigrations } from '../artefacts/index.ts';
import type { Provider } from '../protocol/library.ts';
import { PairwiseNames } from '../protocol/pairwise.ts';
import { GateSessions } from './gate-sessions.ts';
import { type GateSignIn, openGateSignIns } from './sign-ins.ts';

const MINUTE = 60_000;
const AUDIENCE = 'https://api.example';
const ACCOUNT = `account_${'a'.repeat(24)}`;
const WISH = {
  ...{ client: 'client_1', account: ACCOUNT, grant: 'grant_1', signedIn: 'uid_1' },
  ...{ scopes: ['openid', 'read', 'write', 'gone'], resources: [AUDIENCE], details: [] },
  ...{ acr: 'phr', signedInAt: 1_000 },
};

onEveryBackend('sessions of browsers at gates', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const { ring, clock } = await openGround<object>(t, freshPlace());
    const database = await openDatabase<ArtefactTables>(freshPlace());
    t.after(() => database.close());
    await migrate(database, issuerMigrations(), Date.now);
    const now = () => clock.now;
    const artefacts = new ArtefactStore(database, ring, now);
    const world = {
      ...{ isSignedIn: true, doesGrantStand: true, ended: [] as string[] },
      /** How often nobody is found by the name of a sign-in before somebody is. */
      misses: 0,
      client: {
        id: 'client_1',
        disabledAt: null,
        flows: ['session'],
        scopes: ['read', 'write'],
        page: null,
      },
      granted: ['read', 'write', 'gone'],
    };
    const resource = { identifier: AUDIENCE, scopes: ['read', 'write'], flows: ['session'] };
    const snapshot = {
      ...{ origin: 'https://login.example', resources: [resource] },
      gateSessions: {
        origin: 'https://gate.example',
        idleMs: 10 * MINUTE,
        lifeMs: 60 * MINUTE,
        cacheMs: 0,
      },
      tokens: { lifeSeconds: 300, algorithm: 'ES256' },
    } as unknown as IssuerSnapshot;
    const filtered = (_: string, asked: Set<string>) =>
      world.granted.filter((scope) => asked.has(scope)).join(' ');
    const provider = {
      Session: {
        findByUid: async () => {
          if (world.misses === 0) return world.isSignedIn ? { accountId: ACCOUNT } : undefined;
          world.misses -= 1;
          return undefined;
        },
      },
      Grant: { find: async () => ({ getResourceScopeFiltered: filtered }) },
      Client: { find: async () => ({ sectorIdentifier: 'gate.example' }) },
    } as unknown as Provider;
    const sessions = new GateSessions({
      ...{ roles: { at: async () => [] }, denials: { countsFrom: async () => 0 } },
      ...{ snapshot, provider, artefacts, now, random: (bytes) => randomBytes(bytes) },
      clients: { show: async () => world.client as unknown as StoredClient },
      accounts: { show: async () => undefined },
      grants: { stands: async () => world.doesGrantStand },
      pairwise: new PairwiseNames(Buffer.alloc(32, 1)),
      end: async (ended) => {
        for (const { id } of ended) await artefacts.remove('GateSession', id);
      },
    });
    const begin = async () => {
      const begun = await sessions.begin(WISH);
      assert.ok(begun !== null);
      return begun;
    };
    const isActive = async (id: string, audience = AUDIENCE) =>
      (await sessions.resolve(id, audience))['active'] === true;
    return { artefacts, clock, world, sessions, begin, isActive, now };
  };

  test('a session is told as a token is: whose, for what, from what, and no more than the client may today', async (t) => {
    const { sessions, begin, world, clock } = await open(t);
    const { id, name } = await begin();
    const { iat, exp, sub, ...said } = await sessions.resolve(id, AUDIENCE);
    assert.deepEqual(said, {
      ...{ active: true, token_type: 'Bearer', iss: 'https://login.example', aud: AUDIENCE },
      ...{ client_id: 'client_1', scope: 'read write', jti: name, grant_id: 'grant_1' },
      ...{ acr: 'phr', auth_time: 1_000, page: 'https://gate.example' },
    });
    assert.match(String(sub), /^[\w-]{22}$/);
    assert.deepEqual([iat, exp], [clock.now / 1_000, clock.now / 1_000 + 300]);
    assert.doesNotMatch(JSON.stringify(said), new RegExp(id));
    world.client.scopes = ['read'];
    assert.equal((await sessions.resolve(id, AUDIENCE))['scope'], 'read');
    world.granted = [];
    assert.equal((await sessions.resolve(id, AUDIENCE))['scope'], '');
  });

  test('a session that calls nothing ends, and one that calls ends in its time; looking at it keeps it not', async (t) => {
    const { sessions, begin, isActive, clock, world } = await open(t);
    const [calls, looks] = [await begin(), await begin()];
    const client = world.client as unknown as StoredClient;
    for (let minutes = 8; minutes < 60; minutes += 8) {
      clock.now += 8 * MINUTE;
      assert.equal(await isActive(calls.id), true, `${minutes}`);
      const { signedIn } = await sessions.show(looks.id, client);
      assert.equal(signedIn, minutes === 8);
    }
    clock.now += 3 * MINUTE;
    const { exp } = await sessions.resolve(calls.id, AUDIENCE);
    assert.equal(exp, calls.endsAt / 1_000, 'what is told of it lasts no longer');
    clock.now += MINUTE;
    assert.equal(await isActive(calls.id), false);
    assert.equal(await isActive(looks.id), false);
  });

  test('it ends with whatever it came from', async (t) => {
    const { begin, isActive, world, sessions } = await open(t);
    const { id } = await begin();
    assert.equal(await isActive(id, 'https://other.example'), false, 'for another API');
    for (const [member, value] of [
      ['isSignedIn', false],
      ['doesGrantStand', false],
    ] as const) {
      world[member] = value;
      assert.equal(await isActive(id), false, member);
      world[member] = true;
    }
    world.client.flows = ['redirect'];
    assert.equal(await isActive(id), false, 'no such client any more');
    world.client.flows = ['session'];
    world.client.disabledAt = 1 as unknown as null;
    assert.equal(await isActive(id), false, 'disabled');
    world.client.disabledAt = null;
    assert.equal(await isActive(id), true, 'none of which has ended it');
    for (const other of ['', 'x', `${id}x`, id.slice(1), 'a'.repeat(43)]) {
      assert.equal(await isActive(other), false, other);
    }
    world.isSignedIn = false;
    assert.equal(await sessions.begin(WISH), null, 'signed out while signing in');
  });

  test('a sign-in that gets another name in this moment has not ended', async (t) => {
    const { begin, isActive, world } = await open(t);
    const { id } = await begin();
    world.misses = 1;
    assert.equal(await isActive(id), true);
    assert.equal(world.misses, 0, 'it was not found at first');
  });

  test('what ends while it is asked about stays ended', async (t) => {
    const { begin, isActive, sessions, artefacts } = await open(t);
    for (let round = 0; round < 10; round += 1) {
      const { id } = await begin();
      await Promise.all([sessions.resolve(id, AUDIENCE), sessions.end(id), isActive(id)]);
      assert.equal(await isActive(id), false);
      assert.equal(await artefacts.find('GateSession', id), undefined);
    }
  });

  test('one end for a session as it stands in the store: no put brings it back, and none lengthens what is over', async (t) => {
    const { artefacts, clock } = await open(t);
    await artefacts.put('GateSession', 'a', { payload: {}, expiresAt: clock.now + MINUTE });
    assert.equal(await artefacts.endAt('GateSession', 'a', clock.now + 2 * MINUTE), true);
    clock.now += 90_000;
    assert.notEqual(await artefacts.find('GateSession', 'a'), undefined);
    clock.now += MINUTE;
    assert.equal(await artefacts.endAt('GateSession', 'a', clock.now + MINUTE), false);
    await artefacts.put('GateSession', 'b', { payload: {}, expiresAt: clock.now + MINUTE });
    await artefacts.remove('GateSession', 'b');
    assert.equal(await artefacts.endAt('GateSession', 'b', clock.now + MINUTE), false);
    await artefacts.put('GateSession', 'c', { payload: {}, expiresAt: clock.now + MINUTE });
    await artefacts.consume('GateSession', 'c');
    assert.equal(await artefacts.endAt('GateSession', 'c', clock.now + MINUTE), false);
  });

  test('a sign-in is finished once, in time, in its browser and for its client; nobody else uses it up', async (t) => {
    const { artefacts, now, clock } = await open(t);
    const signIns = openGateSignIns({ artefacts, now, random: (bytes) => randomBytes(bytes) });
    const browser = signIns.browserOf(undefined);
    assert.equal(signIns.browserOf(browser), browser, 'two tabs are one browser');
    assert.notEqual(signIns.browserOf('planted'), 'planted');
    const signIn = { client: 'client_1', verifier: 'v', nonce: 'n', returnPath: '/' };
    const state = signIns.draw();
    await signIns.keep(state, browser, signIn);
    const of = (client: string) => (one: GateSignIn) => one.client === client;
    for (const [shown, from, client] of [
      [state, undefined, 'client_1'],
      [state, signIns.draw(), 'client_1'],
      [state, browser, 'client_2'],
      ['x', browser, 'client_1'],
      [signIns.draw(), browser, 'client_1'],
    ] as const) {
      assert.equal(await signIns.take(shown, from, of(client)), null);
    }
    const taken = await Promise.all(
      Array.from({ length: 100 }, () => signIns.take(state, browser, of('client_1'))),
    );
    assert.deepEqual(
      taken.filter((one) => one !== null),
      [signIn],
    );
    const late = signIns.draw();
    await signIns.keep(late, browser, signIn);
    clock.now += 10 * MINUTE;
    assert.equal(await signIns.take(late, browser, of('client_1')), null);
  });
});
