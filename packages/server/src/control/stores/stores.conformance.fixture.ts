import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../platform/database/backends.fixture.ts';
import { openUnder, sealUnder } from '../../platform/secrets/index.ts';
import { pseudonym } from '../../state/subject-keys/index.ts';
import { NOON, openFreshState } from './stores.fixture.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
type Life = Parameters<typeof openFreshState>[0];

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
