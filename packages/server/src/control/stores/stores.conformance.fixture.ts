import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { BlockValueError, type BlockWish, type StoredBlock } from '../../access/blocks/index.ts';
import type { Backend } from '../../platform/database/backends.fixture.ts';
import { openUnder, sealUnder } from '../../platform/secrets/index.ts';
import { CursorError, NotFoundError, type Page } from '../../state/index.ts';
import { pseudonym } from '../../state/subject-keys/index.ts';
import { NOON, openFreshState } from './stores.fixture.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const wish: BlockWish = {
  kind: 'address',
  value: '192.0.2.7',
  reason: 'credential stuffing',
  until: NOON + MINUTE,
  createdBy: 'operator_1',
};

type Life = Parameters<typeof openFreshState>[0];

export function blockStoreConformance(backend: Backend): void {
  const fresh = (t: Life) => openFreshState(t, backend.freshPlace());

  test('a block holds until its time, is undone by whom, and expires of itself', async (t) => {
    const { blocks, clock } = await fresh(t);
    const short = await blocks.block(wish);
    const long = await blocks.block({ ...wish, kind: 'subject', value: 'griet', until: null });
    assert.equal((await blocks.listActive()).length, 2);
    clock.now = NOON + MINUTE;
    assert.deepEqual(
      (await blocks.listActive()).map(({ id }) => id),
      [long.id],
      'also before anyone has expired it',
    );
    assert.deepEqual(await blocks.expire(), [short.id]);
    assert.deepEqual(await blocks.expire(), []);
    const undone = await blocks.undo(long.id, 'operator_2');
    assert.equal(undone.undoneBy, 'operator_2');
    assert.equal(undone.endedAt, clock.now);
    assert.equal(undone.value, 'griet');
    await assert.rejects(blocks.undo(long.id, 'operator_2'), NotFoundError);
    assert.deepEqual(await blocks.listActive(), []);
  });

  test('the list of blocks is newest first, reaches each once, and shows ended ones when asked', async (t) => {
    const { blocks, clock } = await fresh(t);
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      clock.now += 1;
      made.unshift((await blocks.block({ ...wish, value: `192.0.2.${index}` })).id);
    }
    await blocks.undo(made[1] as string, 'operator_1');
    const all = async (ended: boolean) => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<StoredBlock> = await blocks.list({
          limit: 2,
          ended,
          ...(cursor && { cursor }),
        });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== null);
      return seen;
    };
    assert.deepEqual(await all(true), made);
    assert.deepEqual(
      await all(false),
      made.filter((_, index) => index !== 1),
    );
  });

  test('a value has one block at a time, however it is spelled and however many ask', async (t) => {
    const { blocks } = await fresh(t);
    const spellings = ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:0db8::0001'];
    const made = await Promise.all(spellings.map((value) => blocks.block({ ...wish, value })));
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
    const [active, ...more] = await blocks.listActive();
    assert.equal(more.length, 0);
    assert.equal(active?.version, 3);
    await blocks.undo(active!.id, 'x');
    assert.notEqual((await blocks.block({ ...wish, value: spellings[0]! })).id, active?.id);
  });

  test('what is no address and no network is refused, and never blocks everyone', async (t) => {
    const { blocks } = await fresh(t);
    const network = { ...wish, kind: 'network' as const };
    for (const value of ['', 'all', '300.1.1.1', '10.0.0.0/8']) {
      await assert.rejects(blocks.block({ ...wish, value }), BlockValueError);
    }
    for (const value of ['', 'x/8', '10.0.0.0/99']) {
      await assert.rejects(blocks.block({ ...network, value }), BlockValueError);
    }
    assert.equal((await blocks.block({ ...network, value: '10.0.0.0/8' })).value, '10.0.0.0/8');
  });

  test('pages of active blocks reach each once', async (t) => {
    const { blocks } = await fresh(t);
    for (let index = 0; index < 5; index += 1) {
      await blocks.block({ ...wish, value: `192.0.2.${index}` });
    }
    const seen: string[] = [];
    for (;;) {
      const page = await blocks.listActive(seen.at(-1), 2);
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
    }
    assert.equal(new Set(seen).size, 5);
    assert.equal(seen.length, 5);
  });
}

export function operatorStoreConformance(backend: Backend): void {
  const fresh = (t: Life) => openFreshState(t, backend.freshPlace());

  test('an operator is known by a keyed hash of the credential until it is revoked', async (t) => {
    const { operators, clock } = await fresh(t);
    const expiresAt = NOON + DAY;
    const roles = ['owner', 'auditor'] as const;
    const { credential, operator } = await operators.create({ name: 'Lieve', roles, expiresAt });
    const hash = createHmac('sha256', operators.hashKey).update(credential).digest('hex');
    const { id, name } = operator;
    assert.deepEqual(await operators.credentials(), [{ id, name, roles, expiresAt, hash }]);

    await operators.touch(id, NOON + 5);
    await operators.touch(id, NOON + 2);
    assert.equal((await operators.show(id))?.lastUsedAt, NOON + 5);

    clock.now = NOON + 9;
    const revoked = await operators.revoke(id);
    assert.equal(revoked.revokedAt, NOON + 9);
    assert.deepEqual(await operators.credentials(), []);
    assert.equal((await operators.revoke(id)).version, revoked.version);
    await assert.rejects(operators.revoke('operator_none'), NotFoundError);
  });

  test('pages of operators reach each once', async (t) => {
    const { operators } = await fresh(t);
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const one = await operators.create({ name, roles: ['developer'], expiresAt: null });
      made.push(one.operator.id);
    }
    const first = await operators.list({ limit: 2 });
    const second = await operators.list({ limit: 2, cursor: first.next as string });
    assert.equal(second.next, null);
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    assert.deepEqual(seen.toSorted(), made.toSorted());
    await assert.rejects(operators.list({ cursor: 'x' }), CursorError);
  });
}

export function singleUseConformance(backend: Backend): void {
  const fresh = (t: Life) => openFreshState(t, backend.freshPlace());

  test('of 100 who use one thing at once, one wins; 100 times', async (t) => {
    const { singleUse } = await fresh(t);
    for (let round = 0; round < 100; round += 1) {
      await singleUse.issue('enrolment', `token ${round}`, NOON + MINUTE);
      const wins = await Promise.all(
        Array.from({ length: 100 }, () => singleUse.consume('enrolment', `token ${round}`)),
      );
      assert.equal(wins.filter(Boolean).length, 1, `round ${round}`);
    }
  });

  test('what expired, is of another kind or was never issued cannot be used', async (t) => {
    const { singleUse, clock } = await fresh(t);
    await singleUse.issue('code', 'a', NOON + MINUTE);
    assert.equal(await singleUse.consume('enrolment', 'a'), false);
    assert.equal(await singleUse.consume('code', 'b'), false);
    clock.now = NOON + MINUTE;
    assert.equal(await singleUse.consume('code', 'a'), false);
    assert.equal(await singleUse.prune(), 1);
    clock.now = NOON;
    assert.equal(await singleUse.consume('code', 'a'), false, 'pruned, also for a clock set back');
  });

  test('a proof that was shown is known again until it expires, and only the first counts', async (t) => {
    const { singleUse, clock } = await fresh(t);
    const shown = await Promise.all(
      Array.from({ length: 50 }, () => singleUse.claim('jti', 'proof', NOON + MINUTE)),
    );
    assert.equal(shown.filter(Boolean).length, 1);
    clock.now = NOON + MINUTE;
    assert.equal(await singleUse.prune(), 1);
    assert.equal(await singleUse.claim('jti', 'proof', NOON + MINUTE), false, 'too old by now');
  });
}

export function idempotencyConformance(backend: Backend): void {
  const fresh = (t: Life) => openFreshState(t, backend.freshPlace());

  test('a request that is sent again gets the answer of the first, and is done once', async (t) => {
    const { idempotency } = await fresh(t);
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => idempotency.begin('operator_1 key', 'POST /keys {}')),
    );
    const first = tries.flatMap((one) => (one.kind === 'new' ? [one.attempt] : []));
    assert.equal(first.length, 1);
    assert.ok(tries.every(({ kind }) => kind === 'new' || kind === 'under-way'));
    assert.equal(await idempotency.finish('operator_1 key', first[0]!, '{"id":1}'), true);
    assert.deepEqual(await idempotency.begin('operator_1 key', 'POST /keys {}'), {
      ...{ kind: 'answered', answer: '{"id":1}' },
    });
    assert.equal((await idempotency.begin('operator_1 key', 'DELETE /')).kind, 'mismatch');
    assert.equal((await idempotency.begin('operator_2 key', 'DELETE /')).kind, 'new');
  });

  test('a request that died is done anew after a while, and cannot answer any more', async (t) => {
    const { idempotency, clock } = await fresh(t);
    const died = await idempotency.begin('key', 'request');
    assert.ok(died.kind === 'new');
    clock.now += MINUTE;
    const anew = await idempotency.begin('key', 'request');
    assert.ok(anew.kind === 'new');
    assert.equal(await idempotency.finish('key', died.attempt, 'late'), false);
    await idempotency.abandon('key', died.attempt);
    assert.equal(await idempotency.finish('key', anew.attempt, 'mine'), true);
    clock.now += DAY;
    assert.equal(await idempotency.prune(), 1);
    assert.equal((await idempotency.begin('key', 'other')).kind, 'new');
  });

  test('a request that failed leaves its key free', async (t) => {
    const { idempotency } = await fresh(t);
    const begun = await idempotency.begin('key', 'request');
    assert.ok(begun.kind === 'new');
    await idempotency.abandon('key', begun.attempt);
    assert.equal((await idempotency.begin('key', 'other')).kind, 'new');
  });
}

export function subjectKeyConformance(backend: Backend): void {
  const fresh = (t: Life) => openFreshState(t, backend.freshPlace());
  const griet = { kind: 'subject', value: 'griet@example.test' };

  test('a subject has one key, however many ask for it first, also after a restart', async (t) => {
    const state = await fresh(t);
    const other = await state.reopen();
    const stores = [state.subjectKeys, other.subjectKeys];
    const keys = await Promise.all(
      Array.from({ length: 40 }, (_, index) => stores[index % 2]!.keyOf(griet)),
    );
    assert.equal(new Set(keys.map(({ id }) => id)).size, 1);
    const again = await (await state.reopen()).subjectKeys.keyOf(griet);
    assert.deepEqual(Buffer.from(again.bytes), Buffer.from(keys[0]!.bytes));
    const client = await state.subjectKeys.keyOf({ ...griet, kind: 'client' });
    assert.notEqual(client.id, again.id);
  });

  test('an erased key is gone for good: by subject, by id, after a restart; the person is new', async (t) => {
    const state = await fresh(t);
    const { subjectKeys } = state;
    const key = await subjectKeys.keyOf(griet);
    const erasure = await subjectKeys.destroy(griet);
    assert.deepEqual(erasure, { keyId: key.id, isScrubbed: true });
    assert.equal(await subjectKeys.find(griet), undefined);
    assert.equal(await subjectKeys.byId(key.id), undefined);
    assert.equal(await subjectKeys.destroy(griet), null);
    const anew = await subjectKeys.keyOf(griet);
    assert.notEqual(anew.id, key.id);
    assert.notDeepEqual(Buffer.from(anew.bytes), Buffer.from(key.bytes));
    const restarted = (await state.reopen()).subjectKeys;
    assert.equal(await restarted.byId(key.id), undefined);
    assert.equal((await restarted.byId(anew.id))?.id, anew.id);
  });

  test('pseudonyms are the same for a subject and purpose, and others for others', async (t) => {
    const { subjectKeys } = await fresh(t);
    const key = await subjectKeys.keyOf(griet);
    const other = await subjectKeys.keyOf({ ...griet, value: 'other' });
    assert.equal(pseudonym(key, 'log'), pseudonym(await subjectKeys.keyOf(griet), 'log'));
    const all = [pseudonym(key, 'log'), pseudonym(key, 'search'), pseudonym(other, 'log')];
    assert.equal(new Set(all).size, 3);
  });

  test('what was sealed under a subject opens until the subject is erased, and not for another', async (t) => {
    const { subjectKeys, reopen } = await fresh(t);
    const place = { table: 'leaf', column: 'caller', row: '1' };
    const sealed = sealUnder(await subjectKeys.keyOf(griet), place, 'Griet');
    const id = sealed.split('.')[1] as string;
    const open = async () => {
      const key = await (await reopen()).subjectKeys.byId(id);
      return openUnder(() => key, place, sealed).toString();
    };
    assert.equal(await open(), 'Griet');
    const other = await subjectKeys.keyOf({ ...griet, value: 'other' });
    assert.throws(() => openUnder(() => ({ ...other, id }), place, sealed), {
      name: 'SealBrokenError',
    });
    await subjectKeys.destroy(griet);
    await assert.rejects(open(), { name: 'SealBrokenError' });
  });

  test('a wrapped key that was moved to another subject does not open', async (t) => {
    const { subjectKeys, database, reopen } = await fresh(t);
    const mine = await subjectKeys.keyOf(griet);
    const other = await subjectKeys.keyOf({ ...griet, value: 'other' });
    const row = await database.kysely
      .selectFrom('subject_key')
      .select('wrapped')
      .where('id', '=', other.id)
      .executeTakeFirstOrThrow();
    await database.kysely.updateTable('subject_key').set(row).where('id', '=', mine.id).execute();
    const restarted = (await reopen()).subjectKeys;
    await assert.rejects(restarted.keyOf(griet), { name: 'SealBrokenError' });
    assert.ok(sealUnder(other, { table: 'a', column: 'b', row: 'c' }, 'still alive'));
  });
}
