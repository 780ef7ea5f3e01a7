import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import fc from 'fast-check';
import { addressKey } from '../../addresses.ts';
import { type Allowance, type Draw, knownUse, type RemoteCounters } from '../../counters.ts';
import type { Principal, RequestFacts } from '../../facts.ts';
import { compileLimits, isNearLimit, type LimitVerdict, windowEnd } from './index.ts';
import { keptLimitsSchema, limitsSchema } from './limit-config.ts';
import { PlainCounters } from './plain-counters.fixture.ts';

const noon = Date.UTC(2026, 5, 1, 12);

function requestAt(nowMs: number, clientAddress = '192.0.2.1'): RequestFacts {
  return {
    id: '1',
    nowMs,
    clientAddress,
    method: 'GET',
    path: '/',
    query: '',
    headers: new HeaderFields([]),
    clientCertificate: null,
    hasBody: false,
    isUpgrade: false,
    isTls: true,
  };
}

function principalOf(more: Partial<Principal> = {}): Principal {
  return {
    kind: 'token',
    client: 'app-1',
    subject: 'anna',
    issuer: 'https://login.example',
    scopes: [],
    roles: [],
    credentialId: null,
    expiresAt: null,
    ...more,
  };
}

function compiled(config: unknown, counters = new PlainCounters(), operation = 'op') {
  const evaluate = compileLimits(
    limitsSchema.parse(config),
    { api: 'bank', operation },
    { counters },
  );
  return (principal: Principal | null = null, request = requestAt(noon)) => {
    const verdict = evaluate(request, { principal });
    assert.ok(!(verdict instanceof Promise), 'counting in this process waits for nobody');
    return verdict;
  };
}

function fieldsOf(verdict: LimitVerdict): Record<string, string> {
  const fields = verdict.answerHeaders ?? [];
  const names = fields.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, index) => [name, fields[index * 2 + 1] ?? '']));
}

test('a rate lets its requests pass and says what is left and when it is whole', () => {
  const judge = compiled({ limit: { requests: 600, per: 'minute' } });
  assert.deepEqual(fieldsOf(judge()), {
    'ratelimit-policy': '"client-minute";q=600;w=60',
    ratelimit: '"client-minute";r=599;t=1',
  });
});

test('a refusal names one moment in Retry-After and RateLimit, at least a second ahead', () => {
  const judge = compiled({ limit: { requests: 2, per: 'second', name: 'gold' } });
  judge();
  judge();
  const verdict = judge();
  assert.ok(verdict.kind === 'deny');
  assert.equal(verdict.code, 'rate_limited');
  assert.deepEqual(fieldsOf(verdict), {
    'ratelimit-policy': '"gold";q=2;w=1',
    ratelimit: '"gold";r=0;t=1',
    'retry-after': '1',
  });
});

test('several limits are shown together, and the one that refuses alone', () => {
  const judge = compiled({
    limit: [
      { requests: 10, per: 'second' },
      { requests: 2, per: 'hour', by: 'address' },
    ],
    quota: { requests: 100, per: 'month' },
  });
  assert.deepEqual(fieldsOf(judge()), {
    'ratelimit-policy': '"client-second";q=10;w=1, "address-hour";q=2;w=3600, "client-month";q=100',
    ratelimit: '"client-second";r=9;t=1, "address-hour";r=1;t=1800, "client-month";r=99;t=2548800',
  });
  judge();
  assert.equal(fieldsOf(judge())['ratelimit-policy'], '"address-hour";q=2;w=3600');
});

test('a call refused by one rate costs nothing of another', () => {
  const counters = new PlainCounters();
  const judge = compiled(
    {
      limit: [
        { requests: 100, per: 'day' },
        { requests: 1, per: 'hour', by: 'address' },
      ],
    },
    counters,
  );
  judge();
  const before = JSON.stringify([...counters.arrivals]);
  for (let call = 0; call < 10; call += 1) assert.equal(judge().kind, 'deny');
  assert.equal(JSON.stringify([...counters.arrivals]), before);
});

test('clients are counted apart: by kind, by issuer, and by address when anonymous', () => {
  const judge = compiled({ limit: { requests: 1, per: 'day' } });
  const callers: [Principal | null, string][] = [
    [principalOf(), '192.0.2.1'],
    [principalOf({ issuer: 'https://two.example' }), '192.0.2.1'],
    [principalOf({ kind: 'key', issuer: null }), '192.0.2.1'],
    [null, '192.0.2.1'],
    [null, '192.0.2.2'],
    [null, '2001:db8::1'],
  ];
  for (const [principal, address] of callers) {
    assert.equal(judge(principal, requestAt(noon, address)).kind, 'pass');
    assert.equal(judge(principal, requestAt(noon, address)).kind, 'deny');
  }
  assert.equal(judge(null, requestAt(noon, '2001:db8::ffff:2')).kind, 'deny', 'the same /64');
});

test('names cannot be chosen to fall together', () => {
  const judge = compiled({ limit: { requests: 1, per: 'day', by: ['client', 'address'] } });
  assert.equal(judge(principalOf({ client: 'a","b' })).kind, 'pass');
  assert.equal(judge(principalOf({ client: 'a', subject: 'b' })).kind, 'pass');
});

test('operations share an allowance unless the limit counts by operation', () => {
  const counters = new PlainCounters();
  const shared = { limit: { requests: 1, per: 'day' } };
  assert.equal(compiled(shared, counters, 'one')().kind, 'pass');
  assert.equal(compiled(shared, counters, 'two')().kind, 'deny');
  const apart = { limit: { requests: 1, per: 'day', by: ['client', 'operation'] } };
  assert.equal(compiled(apart, counters, 'one')().kind, 'pass');
  assert.equal(compiled(apart, counters, 'two')().kind, 'pass');
});

test('a quota ends with the UTC day or month, leap years and year ends included', () => {
  const cases: ['day' | 'month', number, number][] = [
    ['day', Date.UTC(2028, 1, 28, 23, 59, 59, 999), Date.UTC(2028, 1, 29)],
    ['day', Date.UTC(2026, 11, 31), Date.UTC(2027, 0, 1)],
    ['month', Date.UTC(2028, 1, 29, 12), Date.UTC(2028, 2, 1)],
    ['month', Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1)],
  ];
  for (const [per, now, end] of cases) assert.equal(windowEnd(per, now), end);
  const judge = compiled({ quota: { requests: 1, per: 'month' } });
  const lastMoment = requestAt(Date.UTC(2026, 5, 30, 23, 59, 59, 500));
  assert.equal(judge(null, lastMoment).kind, 'pass');
  const refused = judge(null, lastMoment);
  assert.ok(refused.kind === 'deny' && refused.code === 'quota_exceeded');
  assert.equal(fieldsOf(refused)['retry-after'], '1');
  assert.equal(judge(null, requestAt(Date.UTC(2026, 6, 1))).kind, 'pass');
});

test('a place is held until the call ends, and comes back once however often it ends', () => {
  const counters = new PlainCounters();
  const judge = compiled({ concurrency: { calls: 1 } }, counters);
  const first = judge();
  assert.ok(first.kind === 'pass');
  const second = judge();
  assert.ok(second.kind === 'deny' && second.code === 'concurrency_exceeded');
  first.onEnd?.();
  first.onEnd?.();
  assert.ok([...counters.leases.values()].every((held) => held === 0));
  assert.equal(judge().kind, 'pass');
});

test('places taken are given back when a later limit refuses, and when counting fails', () => {
  const counters = new PlainCounters();
  const config = {
    concurrency: [{ calls: 5 }, { calls: 5, by: 'address' }],
    limit: { requests: 1, per: 'day' },
  };
  const judge = compiled(config, counters);
  const first = judge();
  assert.equal(judge().kind, 'deny');
  counters.take = () => {
    throw new Error('counting failed');
  };
  assert.throws(() => judge(), /counting failed/);
  if (first.kind === 'pass') first.onEnd?.();
  assert.ok([...counters.leases.values()].every((held) => held === 0));
});

test('pressure grows with use, so that a full gate can shed the heaviest callers first', () => {
  const judge = compiled({ limit: { requests: 10, per: 'day' } });
  const pressures = Array.from({ length: 10 }, () => judge()).map((verdict) => {
    assert.ok(verdict.kind === 'pass');
    return Math.round(verdict.pressure * 10);
  });
  assert.deepEqual(pressures, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.ok(isNearLimit(judge()));
  assert.ok(!isNearLimit(compiled({})()));
});

test('configuration that means nothing does not load', () => {
  const bad = [
    { limit: { requests: 0, per: 'minute' } },
    { limit: { requests: 1.5, per: 'minute' } },
    { limit: { requests: 1, per: 'fortnight' } },
    { limit: { requests: 1, per: 'minute', by: 'cookie' } },
    { limit: { requests: 1, per: 'minute', busrt: 3 } },
    { limit: [] },
    { quota: { requests: 1, per: 'minute' } },
    { concurrency: { requests: 1 } },
    { limit: { requests: 1, per: 'minute', name: 'a";q=9' } },
  ];
  for (const config of bad) assert.equal(limitsSchema.safeParse(config).success, false);
});

test('no call is counted twice: two entries of a list that share a counter do not load', () => {
  const twice = [
    { limit: [RATE('second', 'a'), RATE('minute', 'a')] },
    { limit: [RATE('minute'), { ...RATE('minute'), burst: 5 }] },
    { limit: [RATE('minute', 'a'), RATE('hour', 'b'), { ...RATE('day', 'a'), by: ['client'] }] },
    { quota: [RATE('day', 'a'), RATE('month', 'a')] },
    { concurrency: [{ calls: 5 }, { calls: 5, by: ['client', 'client'] }] },
  ];
  for (const config of twice) {
    const [issue] = limitsSchema.safeParse(config).error?.issues ?? [];
    assert.match(issue?.message ?? '', /^counts in the same place as entry 0, .*another name/);
    assert.equal(typeof issue?.path[1], 'number');
    // A key that was made with them stays known: what control says of it is understood.
    assert.ok(keptLimitsSchema.safeParse(config).success);
  }
  const apart = [
    { limit: [RATE('second', 'a'), RATE('minute', 'b')] },
    { limit: [RATE('second', 'a'), { ...RATE('second', 'a'), by: 'address' }] },
    { limit: [RATE('second'), RATE('minute')], quota: RATE('day', 'a') },
  ];
  for (const config of apart) assert.ok(limitsSchema.safeParse(config).success);
});

const RATE = (per: string, name?: string) => ({ requests: 5, per, ...(name && { name }) });

test('a refused configuration says which member is wrong', () => {
  const cases: [unknown, RegExp][] = [
    [{ requests: 1, per: 'fortnight' }, /^per: .*"minute"/],
    [[{ requests: 1, per: 'fortnight' }], /^0\.per: /],
    [{ per: 'minute' }, /^requests: /],
    [{ requests: 1, per: 'minute', by: 'cookie' }, /^by: .*"address"/],
  ];
  for (const [limit, words] of cases) {
    const { error } = limitsSchema.safeParse({ limit });
    assert.match(error?.issues[0]?.message ?? '', words);
  }
});

test('addresses count by what one subscriber holds', () => {
  const cases: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['not an address', 'unknown'],
    ['', 'unknown'],
  ];
  for (const [address, key] of cases) assert.equal(addressKey(address), key, address);
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      assert.match(addressKey(address), /^([0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}::\/64|[\d.]{7,15})$/);
    }),
  );
});

/** Counting elsewhere: reachable, away, or broken. */
function elsewhere(answer: RemoteCounters['draw'], machines = 4) {
  const counters = new PlainCounters();
  const seen: Draw[][] = [];
  const given: Draw[] = [];
  const remote: RemoteCounters = {
    machines,
    draw: (draws, nowMs) => {
      seen.push([...draws]);
      return answer(draws, nowMs);
    },
    granted: (draws) => {
      given.push(...draws);
    },
  };
  const judge = (config: unknown) => {
    const evaluate = compileLimits(
      limitsSchema.parse(config),
      { api: 'bank', operation: 'op' },
      { counters, remote },
    );
    return async () => evaluate(requestAt(noon), { principal: principalOf() });
  };
  return { judge, seen, given, counters };
}

const granted: Allowance = { allowed: true, remaining: 5, retryAfterMs: 0, resetMs: 1_000 };
const refused: Allowance = { allowed: false, remaining: 0, retryAfterMs: 9_000, resetMs: 9_000 };

test('all that a call takes is asked of the shared counters in one step', async () => {
  const { judge, seen } = elsewhere(async (draws) => draws.map(() => granted));
  const verdict = await judge({
    limit: [
      { requests: 10, per: 'second' },
      { requests: 600, per: 'hour' },
    ],
    quota: { requests: 1_000, per: 'day' },
  })();
  assert.equal(verdict.kind, 'pass');
  assert.deepEqual(
    seen.map((draws) => draws.map(({ kind }) => kind)),
    [['rate', 'rate', 'quota']],
  );
});

test('what the shared counters refuse is refused, whichever of the draws it was', async () => {
  const { judge } = elsewhere(async () => [granted, refused]);
  const verdict = await judge({
    limit: { requests: 10, per: 'second' },
    quota: { requests: 1_000, per: 'day' },
  })();
  assert.equal(verdict.kind === 'deny' && verdict.code, 'quota_exceeded');
  assert.equal(fieldsOf(verdict)['retry-after'], '9');
});

test('while the shared counters are away a machine grants its share and no more', async () => {
  const { judge } = elsewhere(async () => null);
  const call = judge({ limit: { requests: 40, per: 'hour' } });
  const verdicts = [];
  for (let calls = 0; calls < 40; calls++) verdicts.push(await call());
  assert.equal(verdicts.filter(({ kind }) => kind === 'pass').length, 10);
});

test('a share is no gift on top of what a machine knows to be used, and it is told on', async () => {
  const { judge, counters, given } = elsewhere(async () => null, 1);
  const config = {
    limit: { requests: 40, per: 'hour', name: 'rate' },
    quota: { requests: 30, per: 'day', name: 'quota' },
  };
  await judge(config)();
  const [rate, quota] = given.map(knownUse);
  assert.ok(rate?.kind === 'rate' && quota?.kind === 'quota');
  counters.count(quota.key, quota.max, quota.windowEndMs, noon, 24);
  const verdicts = [];
  for (let call = 0; call < 40; call++) verdicts.push(await judge(config)());
  assert.equal(verdicts.filter(({ kind }) => kind === 'pass').length, 5);
  assert.equal(given.length, 2 * 6, 'a refused call is told to nobody');
  // And a refused call took nothing of the rate beside it.
  assert.equal(counters.take(rate.key, rate.rate, noon, 34).allowed, true);
});

test('a limit may refuse, or let pass uncounted, while the shared counters are away', async () => {
  const { judge, counters } = elsewhere(async () => null);
  const strict = await judge({
    limit: { requests: 40, per: 'hour', whenCountersAreAway: 'refuse' },
  })();
  assert.equal(strict.kind === 'deny' && strict.code, 'limits_unavailable');
  const open = await judge({ quota: { requests: 1, per: 'day', whenCountersAreAway: 'allow' } })();
  assert.equal(open.kind, 'pass');
  assert.equal(counters.windows.size + counters.arrivals.size, 0);
});

test('a place that was taken returns when the shared counters refuse or break', async () => {
  const breaking = elsewhere(async () => {
    throw new Error('broken');
  });
  const config = { limit: { requests: 10, per: 'second' }, concurrency: { calls: 1 } };
  await assert.rejects(breaking.judge(config)());
  const refusing = elsewhere(async () => [refused]);
  await refusing.judge(config)();
  for (const { counters } of [breaking, refusing]) {
    assert.deepEqual([...counters.leases.values()], [0]);
  }
});
