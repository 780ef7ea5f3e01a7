import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { request } from 'undici';
import type { CallRecord } from '../messages/call-record.ts';
import type { RecordSpool } from '../messages/record-spool.ts';
import { readContract } from '../platform/contracts/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import { createServer } from '../platform/http/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { IssuerDoor, type IssuerDoorPorts } from './issuer-door.ts';
import { type IssuerGateTerms, openIssuerGate } from './issuer-gate.ts';

interface Lifetime {
  after(work: () => void): void;
}

const USUAL = { requests: 600, per: 'minute', burst: 200 } as const;

async function open(
  t: Lifetime,
  ports: Pick<IssuerDoorPorts, 'answer' | 'bodyFor'> &
    Partial<Pick<IssuerDoorPorts, 'trustedProxies'>>,
  limit: IssuerGateTerms['limit'] = USUAL,
) {
  const written: CallRecord[] = [];
  const faults: unknown[] = [];
  const told = Promise.withResolvers<void>();
  let inside = 0;
  const records = {
    reserve: () => true,
    write: (record: CallRecord) => {
      written.push(record);
      told.resolve();
    },
  } as unknown as RecordSpool;
  const memory = createCounterMemory({ entries: 16, threads: 1, seed: [1, 2] });
  const door = new IssuerDoor({
    ...{
      records,
      isSecure: false,
      trustedProxies: [],
      world: realWorld,
      pageOf: () => null,
      statementIn: () => null,
      ...ports,
    },
    gate: openIssuerGate(readContract('issuer'), {
      counters: new SharedCounters(memory, 0, realWorld.monotonicMs),
      ...{ hosts: ['127.0.0.1'], inFlight: () => inside },
      limit,
    }),
    admitted: (change) => {
      inside += change;
    },
    onFault: (error) => faults.push(error),
  });
  const server = createServer((asked, response) => void door.answer(asked, response));
  const left = Promise.withResolvers<void>();
  server.on('connection', (socket) => socket.once('close', () => left.resolve()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return { port, written, faults, inside: () => inside, told: told.promise, left: left.promise };
}

test('a fault behind the door is answered, recorded and told, and the place comes back', async (t) => {
  const door = await open(t, {
    bodyFor: async (_, form) => form,
    answer: () => Promise.reject(new Error('the database is away')),
  });
  const answer = await request(`http://127.0.0.1:${door.port}/jwks`);
  const text = await answer.body.text();
  assert.deepEqual([answer.statusCode, text], [500, '{"error":"server_error"}']);
  await door.told;
  assert.equal(door.written.length, 1);
  assert.match(JSON.stringify(door.written), /server_error/);
  assert.doesNotMatch(JSON.stringify(door.written) + text, /database is away/);
  assert.equal(door.faults.length, 1);
  assert.equal(door.inside(), 0);
});

test('a caller who leaves while something is looked up leaves a record, and no place taken', async (t) => {
  const looking = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const door = await open(t, {
    bodyFor: async (_, form) => {
      looking.resolve();
      await gone.promise;
      return form;
    },
    answer: async (_, response) => {
      response.end();
      return { client: null, subject: null, error: null };
    },
  });
  const socket = connect(door.port, '127.0.0.1');
  const body = 'token=x';
  socket.write(
    `POST /token/revocation HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await looking.promise;
  assert.equal(door.inside(), 1);
  socket.destroy();
  await door.left;
  gone.resolve();
  await door.told;
  assert.equal(door.written.length, 1);
  assert.equal(door.inside(), 0);
});

test('one address may ask as much as is configured, and takes nothing from another', async (t) => {
  const door = await open(
    t,
    {
      bodyFor: async (_, form) => form,
      answer: async (_, response) => {
        response.end();
        return { client: null, subject: null, error: null };
      },
      trustedProxies: ['127.0.0.1'],
    },
    { requests: 3, per: 'hour' },
  );
  const ask = async (address: string) => {
    const headers = { 'x-forwarded-for': address };
    const answer = await request(`http://127.0.0.1:${door.port}/jwks`, { headers });
    await answer.body.dump();
    return answer.statusCode;
  };
  const statuses = [];
  for (let turn = 0; turn < 4; turn += 1) statuses.push(await ask('192.0.2.1'));
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  assert.equal(await ask('192.0.2.2'), 200);
});
