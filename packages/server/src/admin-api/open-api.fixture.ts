import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { formatKey, LiveRights } from '@poorter/engine';
import type { CallRecord } from '../messages/call-record.ts';
import { readContract } from '../platform/contracts/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import type { AnyAct, AnyAnswer } from './act.ts';
import { AdminApi, type AdminApiPorts } from './admin-api.ts';

export const CREDENTIAL = formatKey(new Uint8Array(32).fill(7));
const key = { id: 'op_1', name: 'O', roles: ['owner'], scopes: [], expiresAt: null };

/** The admin API in front of one handler for all operations. */
export function openApi(
  answer: (act: AnyAct) => Promise<AnyAnswer>,
  records: CallRecord[],
  told: string[],
) {
  const handlers = readContract('admin').operations.map(({ id }) => [id, answer]);
  const operators = new LiveRights();
  const hashKey = Buffer.alloc(32, 1);
  const hash = createHmac('sha256', hashKey).update(CREDENTIAL).digest('hex');
  operators.take({
    type: 'live',
    state: {
      ...{ sequence: 0, keyHashKey: hashKey.toString('hex'), blocks: [] },
      keys: [{ ...key, hash }],
    },
  });
  const ports: AdminApiPorts<never> = {
    handlers: Object.fromEntries(handlers),
    operators,
    counters: new SharedCounters(
      createCounterMemory({ entries: 512, threads: 1, seed: [1, 2] }),
      0,
      () => 0,
    ),
    act: () => assert.fail('nothing is changed'),
    recorder: {
      reserve: () => true,
      write: (record) => void records.push(record),
      commit: async (record) => void records.push(record),
    },
    ...{ hosts: [], now: () => 0, monotonicMs: () => 0 },
    notify: ({ message }) => void told.push(message),
    onUse: () => undefined,
  };
  return new AdminApi(ports);
}
