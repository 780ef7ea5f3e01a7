import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import type { CredentialKind, StoredCredential } from '../../access/accounts/index.ts';
import { realWorld } from '../../platform/world/index.ts';
import type { PageCall } from '../pages/page-call.ts';
import { KnownDevices } from './known-devices.ts';
import { secretOf } from './one-time-codes.ts';
import { PasswordHashes } from './password-hashes.ts';
import { PasswordSignIn, type TypedIn } from './password-sign-in.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const PASSWORD = 'een ongewone zin';
const secret = secretOf(Buffer.from('12345678901234567890'));
const codeAt = (ms: number) => new TOTP({ secret }).generate({ timestamp: ms });

/** Stores that count what they are asked, so that the work of two callers can be compared. */
async function open(imported: string | null = null) {
  const hashes = new PasswordHashes(realWorld);
  const hash = imported ?? (await hashes.make(PASSWORD));
  const asked: string[] = [];
  const credential = (kind: CredentialKind, data: object): StoredCredential => ({
    ...{
      id: kind,
      accountId: 'account_1',
      kind,
      data: data as StoredCredential['data'],
      label: '',
    },
    ...{ uses: 0, createdAt: NOON, lastUsedAt: null },
  });
  const password = { hash, ...(imported !== null && { isImported: true }) };
  const kept = [credential('totp', { secret }), credential('password', password)];
  /** What is known of a credential from a use of it on. */
  const replaced: unknown[] = [];
  const account = {
    ...{ id: 'account_1', login: 'griet@example.test', name: 'Griet', email: null, version: 1 },
    ...({ language: 'nl', createdBy: null, createdAt: NOON, disabledAt: null } as const),
    isSuspended: false,
    signedOutAt: NOON,
  };
  const world = {
    now: NOON,
    failing: new Set<string>(),
    disabledAt: null as number | null,
    last: 0,
  };
  const counting = {
    make: (password: string) => hashes.make(password),
    enter: () => hashes.enter(),
    isRight: (hashed: string | null, password: string) => {
      asked.push('hash');
      return hashes.isRight(hashed, password);
    },
    isRightElsewhere: (hashed: string, password: string) => {
      asked.push('hash');
      return hashes.isRightElsewhere(hashed, password);
    },
    inPlaceOf: (hashed: string, password: string) => hashes.inPlaceOf(hashed, password),
  } as unknown as PasswordHashes;
  const known = new KnownDevices({
    ...{ key: Buffer.alloc(32, 1), isSecure: true },
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  });
  const subjects: string[] = [];
  const signIn = new PasswordSignIn({
    accounts: {
      findByLogin: async (login) => {
        asked.push('account');
        const { disabledAt } = world;
        return login === account.login ? { ...account, disabledAt } : undefined;
      },
    },
    credentials: {
      list: async (id) => {
        asked.push('credentials');
        return id === account.id ? kept.filter(({ kind }) => !world.failing.has(kind)) : [];
      },
      use: async (id, uses, { data } = {}) => {
        if (data !== undefined) replaced.push([id, data]);
        if (id !== 'totp') return true;
        if (uses <= world.last) return false;
        world.last = uses;
        return true;
      },
    },
    attempts: {
      begin: async (subject) => {
        subjects.push(subject);
        asked.push('attempt');
        return true;
      },
      succeeded: async () => undefined,
    },
    ...{ hashes: counting, known, now: () => world.now },
  });
  const check = async (typed: Partial<TypedIn>, cookie?: string) => {
    asked.length = 0;
    const request = new IncomingMessage(new Socket());
    if (cookie !== undefined) request.headers.cookie = cookie;
    const response = new ServerResponse(request);
    const whole = { login: account.login, password: PASSWORD, code: codeAt(world.now), ...typed };
    const found = await signIn.check({ request, response } as unknown as PageCall, whole);
    return { id: found?.id ?? null, work: asked.join(), set: response.getHeader('set-cookie') };
  };
  return { check, signIn, hashes, replaced, world, subjects };
}

test('an unknown name, a wrong password, a wrong code and a disabled account cost the same, and are told the same', async () => {
  const { check, world } = await open();
  const good = await check({});
  assert.deepEqual([good.id, good.work], ['account_1', 'attempt,account,credentials,hash']);
  world.now += 30_000;
  const refusals = [
    await check({ login: 'jan@example.test' }),
    await check({ password: 'een andere zin' }),
    await check({ code: '000000' }),
    await check({ code: codeAt(NOON) }),
  ];
  world.disabledAt = NOON;
  refusals.push(await check({}));
  world.disabledAt = null;
  for (const kind of ['totp', 'password']) {
    world.failing = new Set([kind]);
    refusals.push(await check({}));
  }
  for (const refused of refusals) {
    assert.deepEqual(refused, { id: null, work: good.work, set: undefined });
  }
  world.failing.clear();
  assert.equal((await check({})).id, 'account_1');
});

test('a code is taken once, of any number at the same moment', async () => {
  const { check } = await open();
  const found = await Promise.all(Array.from({ length: 20 }, () => check({})));
  assert.equal(found.filter(({ id }) => id !== null).length, 1);
});

test('a device by which somebody signed in has failures of its own, and a forged one has none', async () => {
  const { check, subjects } = await open();
  const [cookie = ''] = String((await check({})).set).split(';');
  assert.match(cookie, /^__Host-poorter-known=/);
  const login = ' GRIET@example.test';
  const stranger = JSON.stringify(['griet@example.test', '']);
  for (const [given, isOwn] of [
    [cookie, true],
    [`other=1; ${cookie}`, true],
    [`${cookie}x`, false],
    [cookie.replace('.', 'A.'), false],
    ['__Host-poorter-known=.', false],
    [undefined, false],
  ] as const) {
    await check({ login, code: '000000' }, given);
    assert.equal(subjects.at(-1) !== stranger, isOwn, `${given}`);
  }
  await check({ login: 'jan@example.test' }, cookie);
  assert.equal(
    subjects.at(-1),
    JSON.stringify(['jan@example.test', '']),
    'of another it says nothing',
  );
});

test('a hash that was imported gives way to ours when both halves were right, and not before', async () => {
  const theirs = pbkdf2Sync(PASSWORD, 'salt of theirs', 2_000, 32, 'sha256');
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  const imported = `$pbkdf2-sha256$i=2000$${base64(Buffer.from('salt of theirs'))}$${base64(theirs)}`;
  const { check, signIn, hashes, replaced, world } = await open(imported);
  const refusals = [
    await check({ password: 'een andere zin' }),
    await check({ code: '000000' }),
    await check({ login: 'jan@example.test' }),
  ];
  for (const { id, work } of refusals) {
    assert.deepEqual([id, work], [null, 'attempt,account,credentials,hash']);
  }
  // Within an application the halves come one after the other: the second has no password to hash.
  const login = 'griet@example.test';
  assert.equal(await signIn.isPasswordRight({ login, password: PASSWORD }), true);
  const second = await signIn.finish({ login, code: codeAt(world.now) }, true);
  assert.equal(second?.id, 'account_1');
  assert.deepEqual(replaced, []);
  world.now += 30_000;
  assert.equal((await check({})).id, 'account_1');
  const [[id, data]] = replaced as unknown as [[string, { hash: string }]];
  assert.deepEqual([id, Object.keys(data), replaced.length], ['password', ['hash'], 1]);
  assert.match(data.hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await hashes.isRight(data.hash, PASSWORD), true);
});
