import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { BOUNDS, compile, describeApi } from '../../openapi/src/openapi/testing.fixture.ts';
import type { Counters } from './counters.ts';
import { type Decision, decide } from './decide.ts';
import type { RequestFacts } from './facts.ts';
import { Gate } from './gate.ts';
import { key, NOON, recordOf } from './policies/identify/identify.fixture.ts';
import { VerifiedTokens } from './policies/identify/index.ts';
import { limitsSchema } from './policies/limit/limit-config.ts';
import { PlainCounters } from './policies/limit/plain-counters.fixture.ts';
import type { IdentitySigner } from './policies/shape/index.ts';
import type { BodyPort } from './policies/validate/index.ts';

const description = describeApi(
  {
    '/things': {
      post: {
        security: [{ key: [] }],
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
  { components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } } },
);

class Fault extends Error {}

/** Counts every call of every port, and breaks the Nth of them. */
class Breaker {
  calls = 0;
  readonly #breaksAt: number;
  readonly #rejects: boolean;

  constructor(breaksAt: number, rejects: boolean) {
    this.#breaksAt = breaksAt;
    this.#rejects = rejects;
  }

  get hasBroken(): boolean {
    return this.calls >= this.#breaksAt;
  }

  around<Target extends object>(target: Target, asyncNames: readonly string[] = []): Target {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...argv: unknown[]) => {
          this.calls++;
          if (this.calls === this.#breaksAt) {
            const fault = new Fault('secret words');
            if (this.#rejects && asyncNames.includes(String(name))) return Promise.reject(fault);
            throw fault;
          }
          return (member as (...argv: unknown[]) => unknown).apply(target, argv);
        };
      },
    });
  }
}

async function decideWith(breaker: Breaker, more: { key?: string; body?: string } = {}) {
  const compilation = compile(description);
  assert.ok(compilation.ok);
  const compiled = compilation.api;
  const plain = new PlainCounters();
  const signer: IdentitySigner = { sign: async () => 'signed' };
  const ports = breaker.around({
    controlSilentMs: () => 0,
    inFlight: () => 1,
    unknownKeyId: () => undefined,
  });
  const gate = new Gate(
    {
      version: 1,
      apis: [
        {
          name: 'things',
          compiled,
          hosts: [],
          mode: 'enforce',
          response: 'report',
          limits: limitsSchema.parse({
            limit: [
              { requests: 10, per: 'minute' },
              { requests: 100, per: 'day' },
            ],
            quota: { requests: 1000, per: 'month' },
            concurrency: { calls: 3 },
          }),
          bodyBytesMax: 1_000,
          jsonBounds: BOUNDS,
          identityAudience: 'http://service',
          resourceMetadataUrl: null,
        },
      ],
      network: { allow: [], deny: [] },
      keys: [recordOf()],
      issuers: [],
      issuerKeys: {},
      revoked: [],
      failureBudget: { requests: 100, perMs: 60_000, burst: 100 },
      staleAfterMs: 60_000,
      capacity: 100,
    },
    {
      counters: breaker.around<Counters>(plain),
      identitySigner: breaker.around(signer, ['sign']),
      verifiedTokens: new VerifiedTokens(),
      unknownKeyId: ports.unknownKeyId,
      controlSilentMs: ports.controlSilentMs,
      inFlight: ports.inFlight,
    },
  );
  const bytes = Buffer.from(more.body ?? '{"a":1}');
  const body = breaker.around<BodyPort>({ isVisible: true, read: async () => bytes }, ['read']);
  const flat = ['host', 'a', 'content-type', 'application/json', 'x-api-key', more.key ?? key];
  const request: RequestFacts = {
    id: 'call-1',
    nowMs: NOON,
    clientAddress: '192.0.2.1',
    method: 'POST',
    path: '/things',
    query: '',
    headers: new HeaderFields([...flat, 'content-length', String(bytes.length)]),
    clientCertificate: null,
    isTls: false,
    hasBody: true,
    isUpgrade: false,
  };
  const decision = await decide(gate, request, body);
  const held = () => [...plain.leases.values()].reduce((sum, count) => sum + count, 0);
  return { decision, held };
}

const outcomeOf = (decision: Decision) =>
  decision.kind === 'refuse' ? `${decision.phase} ${decision.code}` : decision.kind;

const CALLS = {
  'a good call': {},
  'a call with a wrong key': { key: 'wrong' },
  'a call with an invalid body': { body: '[]' },
  'a call whose body is no JSON': { body: '{"a":1,"a":2}' },
};

for (const [what, call] of Object.entries(CALLS)) {
  for (const rejects of [false, true]) {
    test(`${what}: whichever port ${rejects ? 'rejects' : 'throws'}, nothing is forwarded and no place is kept`, async () => {
      const whole = await decideWith(new Breaker(Number.POSITIVE_INFINITY, rejects), call);
      const normal = outcomeOf(whole.decision);
      assert.equal(normal === 'forward', what === 'a good call', normal);
      let faults = 0;
      for (let nth = 1; ; nth++) {
        const breaker = new Breaker(nth, rejects);
        const { decision, held } = await decideWith(breaker, call);
        if (!breaker.hasBroken) {
          assert.equal(outcomeOf(decision), normal);
          break;
        }
        faults++;
        assert.equal(outcomeOf(decision), 'fault internal_fault', `call ${nth} of a port`);
        assert.ok(!JSON.stringify(decision).includes('secret words'));
        decision.end();
        assert.equal(held(), 0, `call ${nth} of a port`);
      }
      assert.ok(faults >= 3, `${faults} ports were called`);
    });
  }
}
