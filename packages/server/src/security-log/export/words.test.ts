import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callLine, outcomeLine } from '../../messages/spool-line.ts';
import { drain, NODE, openWorld, recordOf } from '../log.fixture.ts';
import { searchLog } from '../search.ts';
import { toCef } from './cef.ts';
import { toEcs } from './ecs.ts';
import { toOcsf } from './ocsf.ts';
import type { SiemRecord } from './siem-record.ts';

/** What three other systems are told of these records, oldest first. */
async function told(lines: readonly string[], isByName = false) {
  const world = await openWorld();
  const writer = world.writer();
  for (const line of lines) {
    writer.admit();
    writer.append(line);
  }
  await writer.close();
  await drain(await world.recorder());
  const keys = isByName ? world.keys : null;
  const page = await searchLog(world.reader, NODE, keys, { limit: 10 }, world.clock.now);
  await world.close();
  return page.records.toReversed().map(({ index, leaf, caller }) => {
    const named = typeof caller === 'object' ? caller : null;
    const record: SiemRecord = { node: NODE, version: '1', index, leaf, caller: named };
    const [ocsf, ecs] = [JSON.stringify(toOcsf(record)), JSON.stringify(toEcs(record))];
    return { ocsf, ecs, cef: toCef(record), leaf };
  });
}

test('no system is told that a call was forwarded that the gate only allowed', async () => {
  const record = recordOf(1, { host: 'forward-auth', operation: 'look' });
  const events = await told([callLine(record, null), outcomeLine(record, record.time)]);
  for (const { ocsf, ecs, cef, leaf } of events) {
    // What is stored is read by those who know it from before.
    assert.equal(leaf.decision, 'forwarded');
    for (const text of [ocsf, ecs, cef]) {
      assert.ok(text.includes('allowed'), text);
      assert.doesNotMatch(text, /forwarded|(?<![\w.-])200(?![\w.-])/);
    }
  }
  assert.match(events[0]?.cef ?? '', /\|allowed\|look allowed\|/);
});

test('whoever alarms on refusals learns which scope or role was missing', async () => {
  const refused = (evidence: object) =>
    callLine(recordOf(10, { code: 'role_required', evidence: { ...evidence } }), null);
  const [scope, role] = await told([
    refused({ missing: ['orders:write'] }),
    refused({ reason: 'no-such-role', anyOf: ['keeper', 'owner'] }),
  ]);
  for (const text of [scope?.ocsf, scope?.ecs, scope?.cef])
    assert.match(text ?? '', /orders:write/);
  for (const text of [role?.ocsf, role?.ecs, role?.cef]) {
    assert.match(text ?? '', /one of keeper, owner/);
  }
  assert.deepEqual(JSON.parse(role?.ocsf ?? '').unmapped.any_of, ['keeper', 'owner']);
});

test('while a rotated key overlaps with the new one, each call tells which of them made it', async () => {
  const by = (credentialId: string) =>
    callLine(
      recordOf(1, { principal: { kind: 'key', client: 'shop', subject: null, credentialId } }),
      null,
    );
  for (const isByName of [false, true]) {
    const [old, recent] = await told([by('old-key'), by('new-key')], isByName);
    assert.equal(old?.leaf.who?.client, recent?.leaf.who?.client);
    const ids = [old, recent].flatMap((one) => [
      JSON.parse(one?.ocsf ?? '').actor.user.credential_uid,
      JSON.parse(one?.ecs ?? '').labels.credential,
      /cs4=(\S+) cs4Label=credential/.exec(one?.cef ?? '')?.[1],
    ]);
    assert.equal(new Set(ids).size, 2, ids.join());
    if (isByName) assert.deepEqual(new Set(ids), new Set(['old-key', 'new-key']));
  }
});

test('an undocumented path has its shape in every system', async () => {
  const evidence = { shape: '/users/{number}/x' };
  const nowhere = { api: null, operation: null, path: null, code: 'no_such_operation', evidence };
  const [event] = await told([callLine(recordOf(10, nowhere), null)]);
  for (const text of [event?.ocsf, event?.ecs, event?.cef]) {
    assert.match(text ?? '', /\/users\/\{number\}\/x/);
  }
});
