import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import type { StoredAccount, StoredCredential } from '../../access/accounts/index.ts';
import type { PageCall } from '../pages/page-call.ts';
import { AccountDoor } from './account-door.ts';
import type { SignedIn } from './browser-sessions.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const ORIGIN = 'https://login.bank.test';
const account = { id: 'account_1' } as StoredAccount;

function open() {
  const world = {
    now: NOON,
    who: {
      account,
      session: 'uid',
      signedInAt: NOON,
      acr: 'phr',
      isFederated: false,
    } as SignedIn | null,
    kinds: ['passkey'],
    done: 0,
    passwords: true,
  };
  const door = new AccountDoor({
    snapshot: {
      origin: ORIGIN,
      get passwords() {
        return world.passwords;
      },
    },
    sessions: { read: async () => world.who },
    credentials: { list: async () => world.kinds.map((kind) => ({ kind }) as StoredCredential) },
    now: () => world.now,
  });
  const work = async () => {
    world.done += 1;
    return {};
  };
  const ask = async (kind: 'page' | 'act' | 'freshPage' | 'freshAct', origin = ORIGIN) => {
    const request = new IncomingMessage(new Socket());
    request.headers.origin = origin;
    const response = new ServerResponse(request);
    const before = world.done;
    const asked = { request, response, call: { id: 'call-1' } } as unknown as PageCall;
    const told = await door[kind]('credentials', work)(asked);
    return {
      isDone: world.done > before,
      status: response.statusCode,
      to: response.getHeader('location'),
      told,
    };
  };
  return { world, ask };
}

const AGAIN = { isDone: false, status: 303, to: '/account/sign-in?to=credentials' };

test('whoever is not signed in is sent to sign in, and comes back; whoever is does what they ask for', async () => {
  const { world, ask } = open();
  for (const kind of ['page', 'act', 'freshPage', 'freshAct'] as const) {
    const { isDone, told } = await ask(kind);
    assert.deepEqual([isDone, told], [true, { client: null, subject: 'account_1', error: null }]);
  }
  world.who = null;
  for (const kind of ['page', 'act', 'freshPage', 'freshAct'] as const) {
    assert.partialDeepStrictEqual(await ask(kind), AGAIN, kind);
  }
});

test('what changes how somebody comes in needs a sign-in of at most five minutes, and no clock that is wrong lets in', async () => {
  const { world, ask } = open();
  world.now = NOON + 300_000;
  assert.equal((await ask('freshAct')).isDone, true);
  for (const now of [NOON + 300_001, Number.NaN]) {
    world.now = now;
    assert.partialDeepStrictEqual(await ask('freshAct'), AGAIN);
    assert.partialDeepStrictEqual(await ask('freshPage'), AGAIN);
    assert.equal((await ask('act')).isDone, true, 'the rest does not');
  }
});

test('whoever has a passkey shows it: a password and a code do for whoever has none', async () => {
  const { world, ask } = open();
  for (const acr of ['https://refeds.org/profile/mfa', null]) {
    world.who = { account, session: 'uid', signedInAt: NOON, acr, isFederated: false };
    world.kinds = ['password', 'totp', 'passkey'];
    assert.partialDeepStrictEqual(await ask('freshAct'), AGAIN);
    world.kinds = ['password', 'totp'];
    assert.equal((await ask('freshAct')).isDone, true);
  }
});

test('what another provider says changes how nobody comes in who has something of their own here', async () => {
  const { world, ask } = open();
  for (const acr of ['phr', 'http://eidas.europa.eu/LoA/high', '0', null]) {
    world.who = { account, session: 'uid', signedInAt: NOON, acr, isFederated: true };
    for (const [kinds, isDone] of [
      [['identity', 'passkey'], false],
      [['identity', 'password', 'totp'], false],
      [['identity', 'password'], true],
      [['identity'], true],
    ] as const) {
      world.kinds = [...kinds];
      assert.equal((await ask('freshAct')).isDone, isDone, `${acr} ${kinds.join()}`);
      assert.equal((await ask('act')).isDone, true);
    }
    world.now = NOON + 300_001;
    assert.equal((await ask('freshAct')).isDone, false, 'and it must be fresh');
    world.now = NOON;
  }
  // Halves that nobody can show any more are nothing of their own.
  world.kinds = ['identity', 'password', 'totp'];
  world.passwords = false;
  assert.equal((await ask('freshAct')).isDone, true);
});

test('what is sent from another page is done for nobody', async () => {
  const { ask } = open();
  for (const origin of [
    'https://evil.test',
    'null',
    `${ORIGIN}.evil.test`,
    'http://login.bank.test',
  ]) {
    for (const kind of ['act', 'freshAct'] as const) {
      const { isDone, status, told } = await ask(kind, origin);
      assert.deepEqual([isDone, status, told.error], [false, 403, 'other_origin'], origin);
    }
  }
});
