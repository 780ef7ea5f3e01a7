import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { OperatorRights } from './operator-rights.ts';
import { freshDirectory, openFreshState } from './stores/stores.fixture.ts';

test('an operator whom another program revokes is not let in after the next look, and no look opens names in vain', async (t) => {
  const directory = freshDirectory(t);
  const place = { kind: 'sqlite' as const, file: join(directory, 'state.sqlite') };
  const { operators } = await openFreshState(t, place, directory);
  const wish = { roles: ['operator' as const], expiresAt: null };
  const known = (rights: OperatorRights) => rights.live.state.keys.map(({ name }) => name);
  const { operator } = await operators.create({ name: 'Ada', ...wish });
  let opened = 0;
  const counted = new Proxy(operators, {
    get(store, name) {
      if (name === 'credentials') opened += 1;
      const member = Reflect.get(store, name) as unknown;
      return typeof member === 'function' ? member.bind(store) : member;
    },
  });
  const rights = new OperatorRights(counted);
  await rights.look();
  assert.deepEqual(known(rights), ['Ada']);
  await operators.touch(operator.id, 1_000);
  await rights.look();
  await rights.look();
  assert.equal(opened, 1);
  await operators.create({ name: 'Grace', ...wish });
  await rights.look();
  assert.deepEqual(known(rights), ['Ada', 'Grace']);
  await operators.revoke(operator.id);
  await rights.look();
  assert.deepEqual(known(rights), ['Grace']);
  assert.equal(opened, 3);
});
