import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields, PatternWork } from '@poorter/openapi/checks';
import { BOUNDS, openOperation, utf8 } from '../../../../openapi/src/openapi/testing.fixture.ts';
import type { RequestFacts } from '../../facts.ts';
import { type Deny, deny } from '../../policy.ts';
import {
  type BodyPort,
  type CheckedBody,
  compileValidation,
  type EvaluateValidation,
  type ValidateContext,
} from './index.ts';

const BYTES_MAX = 100;
const JSON_TYPE = ['content-type', 'application/json'];
const credentials = { header: ['x-key'], query: ['key'], cookie: [] };

const content = (schema: object) => ({ content: { 'application/json': { schema } } });
const amount = content({ type: 'object', properties: { amount: { type: 'integer' } } });
const posting = opened({ requestBody: { required: true, ...amount } });
const getting = opened({ parameters: [{ name: 'n', in: 'query', schema: { type: 'integer' } }] });

function opened(described: object, settings = {}): EvaluateValidation {
  const terms = { bodyBytesMax: BYTES_MAX, jsonBounds: BOUNDS, credentials };
  return compileValidation(openOperation(described, { settings }), terms);
}

function requestOf(flat: readonly string[], more: Partial<RequestFacts> = {}): RequestFacts {
  return {
    ...{ id: '1', nowMs: 0, clientAddress: '192.0.2.1', method: 'POST', path: '/x', query: '' },
    headers: new HeaderFields([...flat]),
    ...{ clientCertificate: null, hasBody: true, isUpgrade: false, isTls: true },
    ...more,
  };
}

/** A call in one mode, with the traces that it is left. */
function callIn(mode: 'enforce' | 'observe') {
  const traces: string[] = [];
  const remark = (_phase: string, { code, evidence }: Deny) => {
    traces.push(`${code} ${JSON.stringify(evidence)}`);
  };
  const context: ValidateContext = {
    patternWork: new PatternWork(),
    mayObserve(phase, denial) {
      if (mode === 'observe') remark(phase, denial);
      return mode === 'observe';
    },
    remark,
  };
  return { context, traces };
}

/** A body that is there, and how often it was asked for. */
function bodyOf(text: string | Deny, more: Partial<BodyPort> = {}) {
  const asked: number[] = [];
  const body: BodyPort = {
    isVisible: true,
    read: async (bytesMax) => {
      asked.push(bytesMax);
      return typeof text === 'string' ? utf8(text) : text;
    },
    ...more,
  };
  return { body, asked };
}

function outcomeOf(checked: CheckedBody | Deny): string {
  if (checked.kind === 'deny') return checked.code;
  return checked.kind === 'bytes' ? Buffer.from(checked.bytes).toString() : checked.kind;
}

async function send(
  validation: EvaluateValidation,
  text: string,
  mode: 'enforce' | 'observe' = 'enforce',
  flat: readonly string[] = JSON_TYPE,
): Promise<string> {
  const { body } = bodyOf(text);
  return outcomeOf(await validation.checkBody(requestOf(flat), body, callIn(mode).context));
}

test('the bytes that go on are those that were checked', async () => {
  assert.equal(await send(posting, '{"amount": 1}'), '{"amount": 1}');
  const schema = { type: 'object', properties: { id: { readOnly: true }, a: {} } };
  assert.equal(await send(opened({ requestBody: content(schema) }), '{"id":1, "a":2}'), '{"a":2}');
});

test('no byte is read of a body whose head is refused, or that is not checked', async () => {
  const opaque = opened({ requestBody: { content: { 'application/octet-stream': {} } } });
  for (const [validation, flat, outcome] of [
    [posting, ['content-type', 'text/plain'], 'media_type_not_supported'],
    [posting, [...JSON_TYPE, 'content-encoding', 'gzip'], 'media_type_not_supported'],
    [getting, JSON_TYPE, 'request_invalid'],
    [opaque, ['content-type', 'application/octet-stream'], 'stream'],
  ] as const) {
    const { body, asked } = bodyOf('{"amount": 1}');
    const { context } = callIn('enforce');
    const checked = validation.checkBody(requestOf(flat), body, context);
    assert.ok(!(checked instanceof Promise), outcome);
    assert.equal(outcomeOf(checked), outcome);
    assert.deepEqual(asked, []);
  }
  const { body, asked } = bodyOf(deny('body_too_large'));
  const { context } = callIn('observe');
  assert.equal(
    outcomeOf(await posting.checkBody(requestOf(JSON_TYPE), body, context)),
    'body_too_large',
  );
  assert.deepEqual(asked, [BYTES_MAX]);
});

test('observe lets a wrong message pass, and never one that may be read in two ways', async () => {
  for (const [text, enforced, observed] of [
    ['{"amount":"x"}', 'request_invalid', '{"amount":"x"}'],
    ['{"amount":1,"amount":2}', 'request_invalid', 'request_invalid'],
    ['{"amount":"x","amount":2}', 'request_invalid', 'request_invalid'],
  ] as const) {
    assert.equal(await send(posting, text), enforced, text);
    assert.equal(await send(posting, text, 'observe'), observed, text);
  }
  const text = ['content-type', 'text/plain'];
  assert.equal(await send(posting, 'x', 'enforce', text), 'media_type_not_supported');
  assert.equal(await send(posting, 'x', 'observe', text), 'stream');
  assert.equal(await send(getting, 'x', 'observe', text), 'stream');
  const { body } = bodyOf('');
  const without = requestOf([], { hasBody: false });
  const judged = (mode: 'enforce' | 'observe') =>
    posting.checkBody(without, body, callIn(mode).context) as CheckedBody | Deny;
  assert.equal(outcomeOf(judged('enforce')), 'request_invalid');
  assert.equal(outcomeOf(judged('observe')), 'none');
});

test('a body that nobody can see is refused where one is described, in either mode', () => {
  for (const mode of ['enforce', 'observe'] as const) {
    const { context } = callIn(mode);
    const judged = (validation: EvaluateValidation, more: Partial<BodyPort>, hasBody: boolean) => {
      const { body } = bodyOf('', { isVisible: false, ...more });
      const request = requestOf(JSON_TYPE, { hasBody });
      return outcomeOf(validation.checkBody(request, body, context) as CheckedBody | Deny);
    };
    assert.equal(judged(posting, {}, true), 'body_not_visible');
    assert.equal(judged(posting, {}, false), 'body_not_visible');
    assert.equal(judged(getting, {}, false), 'none');
    assert.equal(judged(posting, { isExempt: true }, true), 'none');
  }
});

test('a parameter is refused, or observed, and a credential is none', () => {
  const judged = (query: string, mode: 'enforce' | 'observe') => {
    const { context, traces } = callIn(mode);
    const denial = getting.checkParameters(requestOf([], { query }), [], context);
    return { code: denial?.code ?? null, traces };
  };
  assert.deepEqual(judged('n=1&key=secret', 'enforce'), { code: null, traces: [] });
  assert.deepEqual(judged('n=x', 'enforce'), { code: 'request_invalid', traces: [] });
  const { code, traces } = judged('n=x', 'observe');
  assert.equal(code, null);
  assert.match(traces.join(), /^request_invalid .*"name":"n".*"rule":"type"/);
});

test('observe lets no parameter pass that may be read in two ways', () => {
  const filtered = opened({
    parameters: [
      { name: 'filter', in: 'query', content: { 'application/json': { schema: {} } } },
      { name: 'n', in: 'query', schema: { type: 'string' } },
    ],
  });
  for (const query of [
    `filter=${encodeURIComponent('{"a":1,"a":2}')}`,
    `filter=${encodeURIComponent('{"a":1,')}`,
    'n=%E9',
  ]) {
    for (const mode of ['enforce', 'observe'] as const) {
      const { context } = callIn(mode);
      const denial = filtered.checkParameters(requestOf([], { query }), [], context);
      assert.equal(denial?.code, 'request_invalid', `${mode} ${query}`);
    }
  }
});

test('a name that no description knows is told to its caller, and never to the record', () => {
  const { context } = callIn('enforce');
  const found = getting.checkParameters(requestOf([], { query: 'colour=red' }), [], context);
  assert.match(JSON.stringify(found?.details), /colour/);
  assert.doesNotMatch(JSON.stringify(found?.evidence), /colour/);
  assert.doesNotMatch(JSON.stringify(found), /red/);
});

test('what is only to be told passes in either mode, and leaves one trace', async () => {
  const day = { type: 'object', properties: { day: { type: 'string', format: 'date' } } };
  const telling = opened({ requestBody: content(day) }, { formats: 'report' });
  for (const mode of ['enforce', 'observe'] as const) {
    const { context, traces } = callIn(mode);
    const { body } = bodyOf('{"day":"someday"}');
    const checked = await telling.checkBody(requestOf(JSON_TYPE), body, context);
    assert.equal(outcomeOf(checked), '{"day":"someday"}');
    assert.deepEqual(traces, [
      'request_invalid {"errors":[{"in":"body","pointer":"/day","rule":"format"}]}',
    ]);
  }
});

test('parameters and body spend from one account of work', async () => {
  const pattern = { type: 'string', pattern: '^(a+)+$' };
  const both = opened({
    parameters: [{ name: 'q', in: 'query', schema: pattern }],
    requestBody: content(pattern),
  });
  const { context } = callIn('enforce');
  const used: unknown[] = [];
  const watched = new Proxy(context, {
    get: (target, name, receiver) => {
      if (name === 'patternWork') used.push(target.patternWork);
      return Reflect.get(target, name, receiver);
    },
  });
  const { body } = bodyOf('"aaa"');
  const request = requestOf(JSON_TYPE, { query: 'q=aaa' });
  assert.equal(both.checkParameters(request, [], watched), null);
  assert.equal(outcomeOf(await both.checkBody(request, body, watched)), '"aaa"');
  assert.deepEqual(used, [context.patternWork, context.patternWork]);
});

test('a tunnel that nobody described does not open', () => {
  const described = opened({ responses: { 101: { description: 'a tunnel' } } });
  const judged = (validation: EvaluateValidation, isUpgrade: boolean) =>
    validation.checkUpgrade(requestOf([], { isUpgrade }))?.code ?? null;
  assert.equal(judged(posting, true), 'upgrade_not_accepted');
  assert.equal(judged(posting, false), null);
  assert.equal(judged(described, true), null);
});
