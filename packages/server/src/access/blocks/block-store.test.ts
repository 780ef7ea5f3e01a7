import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { NotFoundError, type Page } from '../../state/index.ts';
import {
  BlockStore,
  type BlockTables,
  BlockValueError,
  type BlockWish,
  type StoredBlock,
} from './index.ts';

const MINUTE = 60_000;
const wish: BlockWish = {
  kind: 'address',
  value: '192.0.2.7',
  reason: 'credential stuffing',
  until: NOON + MINUTE,
  createdBy: 'operator_1',
};

onEveryBackend('blocks', (backend) => {
  const fresh = async (t: Lifetime) => {
    const { database, ring, tombstones, world, clock } = await openGround<BlockTables>(
      t,
      backend.freshPlace(),
    );
    return { blocks: new BlockStore(database, ring, tombstones, world), clock };
  };

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
});
