import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AskPace } from './ask-pace.ts';
import { decoupledSettings } from './decoupled.ts';

test('a request after which something failed asks nobody: its application was told of a fault', async () => {
  const done: string[] = [];
  const settings = decoupledSettings({
    accounts: { show: async () => undefined, findByLogin: async () => undefined },
    artefacts: { listOfAccount: () => Promise.reject(new Error('the database is away')) },
    details: { read: () => ({}) as never },
    askPace: new AskPace(() => 0),
    now: () => 0,
    onUntold: () => undefined,
  });
  const request = {
    ...{ jti: 'request_1', params: {} },
    save: async () => 'request_1',
    destroy: async () => void done.push('destroyed'),
  };
  const asked = settings.triggerAuthenticationDevice(
    { oidc: { params: {} } } as Parameters<typeof settings.triggerAuthenticationDevice>[0],
    ...([request, { accountId: 'account_1' }] as const),
  );
  await assert.rejects(asked, /the database is away/);
  assert.deepEqual(done, ['destroyed']);
});
