import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields, packApi, unpackApi } from '@poorter/openapi/checks';
import { BOUNDS, compile, describeApi, utf8 } from '../../openapi/src/openapi/testing.fixture.ts';
import { decide } from './decide.ts';
import type { RequestFacts } from './facts.ts';
import { Gate, type GatePorts } from './gate.ts';
import type { ApiSnapshot, GateSnapshot } from './gate-snapshot.ts';
import { VerifiedTokens } from './policies/identify/index.ts';
import { PlainCounters } from './policies/limit/plain-counters.fixture.ts';

const ports: GatePorts = {
  counters: new PlainCounters(),
  identitySigner: null,
  unknownKeyId: () => undefined,
  verifiedTokens: new VerifiedTokens(),
  controlSilentMs: () => 0,
  inFlight: () => 1,
};

function snapshotOf(apis: readonly ApiSnapshot[]): GateSnapshot {
  return {
    version: 1,
    apis,
    network: { allow: [], deny: [] },
    keys: [],
    issuers: [],
    issuerKeys: {},
    revoked: [],
    failureBudget: null,
    staleAfterMs: 60_000,
    capacity: 100,
  };
}

function requestTo(host: string): RequestFacts {
  return {
    id: 'call-1',
    nowMs: 0,
    clientAddress: '192.0.2.1',
    method: 'GET',
    path: '/things',
    query: '',
    headers: new HeaderFields(['host', host]),
    clientCertificate: null,
    isTls: false,
    hasBody: false,
    isUpgrade: false,
  };
}

function description() {
  const get = { responses: { 200: { description: '' } } };
  const compilation = compile(describeApi({ '/things': { get } }, { security: [] }));
  assert.ok(compilation.ok);
  return unpackApi(packApi(compilation.api));
}

function api(name: string, more: Partial<ApiSnapshot> = {}): ApiSnapshot {
  return {
    name,
    compiled: description(),
    hosts: [],
    mode: 'enforce',
    response: 'block',
    limits: {},
    bodyBytesMax: 1_000,
    jsonBounds: BOUNDS,
    identityAudience: 'http://service',
    resourceMetadataUrl: null,
    ...more,
  };
}

function operationOf(gate: Gate, host: string) {
  const match = gate.match(requestTo(host));
  assert.equal(match.kind, 'operation');
  return match.kind === 'operation' ? match.operation : assert.fail();
}

test('one description behind two hosts keeps the rules of each', () => {
  const compiled = description();
  const strict = api('strict', { compiled, hosts: ['strict.example'] });
  const lax = api('lax', { compiled, hosts: ['lax.example'], mode: 'observe', bodyBytesMax: 5 });
  const gate = new Gate(snapshotOf([lax, strict]), ports);
  for (const _ of [1, 2]) {
    assert.equal(operationOf(gate, 'lax.example').mode, 'observe');
    assert.equal(operationOf(gate, 'strict.example').mode, 'enforce');
    assert.equal(operationOf(gate, 'strict.example').bodyBytesMax, 1_000);
  }
});

test('a description kept over a reload obeys the rules of the new version', () => {
  const compiled = description();
  const before = new Gate(snapshotOf([api('things', { compiled, mode: 'observe' })]), ports);
  const open = operationOf(before, 'a');
  const after = new Gate(snapshotOf([api('things', { compiled, bodyBytesMax: 7 })]), ports);
  assert.equal(operationOf(after, 'a').mode, 'enforce');
  assert.equal(operationOf(after, 'a').bodyBytesMax, 7);
  assert.equal(operationOf(after, 'a').operation, open.operation);
});

test('what is forwarded is what was validated: readOnly members are gone, remarks are recorded', async () => {
  const schema = {
    type: 'object',
    properties: { id: { readOnly: true }, day: { type: 'string', format: 'date' } },
  };
  const post = {
    requestBody: { content: { 'application/json': { schema } } },
    responses: { 200: { description: '' } },
  };
  const compilation = compile(describeApi({ '/things': { post } }, { security: [] }), {
    formats: 'report',
  });
  assert.ok(compilation.ok);
  const compiled = unpackApi(packApi(compilation.api));
  const gate = new Gate(snapshotOf([api('things', { compiled })]), ports);
  const decision = await decide(
    gate,
    {
      ...requestTo('a'),
      method: 'POST',
      headers: new HeaderFields(['host', 'a', 'content-type', 'application/json']),
      hasBody: true,
    },
    { isVisible: true, read: async () => utf8('{"id":7, "day":"someday"}') },
  );
  assert.equal(decision.kind, 'forward', JSON.stringify(decision));
  if (decision.kind !== 'forward' || decision.body.kind !== 'bytes') assert.fail();
  assert.equal(Buffer.from(decision.body.bytes).toString(), '{"day":"someday"}');
  const [remark] = decision.observed;
  assert.deepEqual(remark?.evidence, { errors: [{ in: 'body', pointer: '/day', rule: 'format' }] });
});

test('observe lets XML pass that breaks its schema, and never XML that attacks its parser', async () => {
  const schema = { type: 'object', xml: { name: 'a' }, properties: { b: { type: 'integer' } } };
  const post = {
    requestBody: { content: { 'application/xml': { schema } } },
    responses: { 200: { description: '' } },
  };
  const compilation = compile(describeApi({ '/things': { post } }, { security: [] }));
  assert.ok(compilation.ok);
  const compiled = unpackApi(packApi(compilation.api));
  const gate = new Gate(snapshotOf([api('things', { compiled, mode: 'observe' })]), ports);
  const kindOf = async (document: string, type = 'application/xml'): Promise<string> => {
    const head = new HeaderFields(['host', 'a', 'content-type', type]);
    const request = { ...requestTo('a'), method: 'POST', headers: head, hasBody: true };
    const body = { isVisible: true, read: async () => utf8(document) };
    return (await decide(gate, request, body)).kind;
  };
  assert.equal(await kindOf('<a><b>1</b></a>'), 'forward');
  assert.equal(await kindOf('<a><b>x</b></a>'), 'forward');
  assert.equal(
    await kindOf('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///x">]><a><b>&e;</b></a>'),
    'refuse',
  );
  assert.equal(await kindOf('<a b="2"><b>1</b></a>'), 'refuse');
  assert.equal(await kindOf('<a><b>1</b></a>', 'application/xml; charset=utf-16'), 'refuse');
});
