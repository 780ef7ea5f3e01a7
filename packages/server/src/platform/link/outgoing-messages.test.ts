import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutgoingMessages } from './outgoing-messages.ts';

/** What a connection was given: whole messages, and how many turns of the loop it took. */
function connection() {
  const messages: unknown[] = [];
  let text = '';
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const send = (piece: unknown, { fin }: { fin?: boolean }) => {
    text += piece as string;
    if (fin !== true) return;
    messages.push(JSON.parse(text));
    text = '';
  };
  return { messages, closed, outgoing: new OutgoingMessages({ send, close: resolve } as never) };
}

const large = { type: 'snapshot', keys: Array.from({ length: 50_000 }, (_, at) => `key ${at}`) };

test('a small message is sent at once, and none overtakes a large one', async () => {
  const { messages, outgoing, closed } = connection();
  outgoing.put({ type: 'first' });
  assert.deepEqual(messages, [{ type: 'first' }]);
  outgoing.put(large);
  outgoing.put({ type: 'revoked' });
  outgoing.put(large);
  assert.equal(messages.length, 1, 'nobody waits for the whole of it');
  outgoing.end();
  outgoing.put({ type: 'too late' });
  await closed;
  assert.deepEqual(messages.slice(1), [large, { type: 'revoked' }, large]);
});

test('others are served while a large message is sent', async () => {
  const { messages, outgoing } = connection();
  outgoing.put(large);
  let turns = 0;
  while (messages.length === 0) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(turns >= 3, `${turns} turns`);
});
