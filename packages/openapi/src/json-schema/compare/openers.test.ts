// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { told } from './compared.fixture.ts';

const A_ONLY = { type: 'object', properties: { a: { type: 'integer' } } };
const CLOSED = { ...A_ONLY, additionalProperties: false };
const REST_CLOSED = { ...A_ONLY, unevaluatedProperties: false };
const LIST_CLOSED = { type: 'array', prefixItems: [{ type: 'integer' }], unevaluatedItems: false };

test('a closed object or list that is opened by what stands beside or within it is told', () => {
  const anything = [
    { additionalProperties: true },
    { unevaluatedProperties: true },
    { patternProperties: { '^x': {} } },
  ];
  const within = (opener: object): object[] => [
    { allOf: [opener] },
    { anyOf: [opener, { required: ['a'] }] },
    { oneOf: [{ ...opener, required: ['a'] }, { not: { required: ['a'] } }] },
    { if: opener },
    { if: { required: ['a'] }, then: opener },
    { dependentSchemas: { a: opener } },
    { allOf: [{ anyOf: [{ required: ['a'] }, { allOf: [opener] }] }] },
  ];
  for (const opener of anything) {
    for (const more of within(opener)) {
      const open = { ...REST_CLOSED, ...more };
      assert.notDeepEqual(told(REST_CLOSED, open), [], JSON.stringify(more));
      assert.deepEqual(told(open, structuredClone(open)), [], JSON.stringify(more));
    }
    for (const more of [opener, ...within(opener)]) {
      const open = { ...A_ONLY, ...more };
      assert.notDeepEqual(told(A_ONLY, open, { isClosed: true }), [], JSON.stringify(more));
      assert.deepEqual(told(open, structuredClone(open), { isClosed: true }), []);
    }
  }
  for (const rest of [false, { type: 'integer' }]) {
    const closed = { ...A_ONLY, additionalProperties: rest };
    for (const patterns of [{ '': {} }, { '^x': { type: 'string' } }]) {
      const open = { ...closed, patternProperties: patterns };
      assert.notDeepEqual(told(closed, open), [], JSON.stringify(open));
      assert.deepEqual(told(open, structuredClone(open)), []);
    }
  }
  const based = (base: object) => ({
    ...REST_CLOSED,
    allOf: [{ $ref: '#/base' }],
    defs: { base },
  });
  assert.notDeepEqual(told(based({}), based({ additionalProperties: true })), []);
  for (const more of [
    { contains: {} },
    { allOf: [{ items: {} }] },
    { anyOf: [{ items: {} }, { minItems: 1 }] },
    { allOf: [{ unevaluatedItems: true }] },
  ]) {
    const open = { ...LIST_CLOSED, ...more };
    assert.notDeepEqual(told(LIST_CLOSED, open), [], JSON.stringify(more));
    assert.deepEqual(told(open, structuredClone(open)), [], JSON.stringify(more));
  }
});

test('a closed object of which patterns are taken away is stricter, unless a listed member was held by them', () => {
  const open = { ...CLOSED, patternProperties: { '': {} } };
  assert.deepEqual(told(open, CLOSED), []);
  const held = { ...CLOSED, patternProperties: { '^a': { maximum: 1 } } };
  assert.deepEqual(told(held, CLOSED), ['patternProperties gone']);
});

test('a member of a map that is described, and held against less than it was, is told', () => {
  const map = { type: 'object', additionalProperties: { type: 'integer', maximum: 100 } };
  assert.notDeepEqual(told(map, { ...map, properties: { vip: {} } }), []);
  assert.deepEqual(told(map, { ...map, properties: { vip: { type: 'integer', maximum: 1 } } }), []);
});

test('what was refused because it fits two of oneOf, and is no longer, is told', () => {
  const [whole, few] = [
    { type: 'integer', maximum: 10 },
    { type: 'number', minimum: 5 },
  ];
  const old = { oneOf: [whole, few] };
  const text = ['what fits several of oneOf may pass'];
  assert.deepEqual(told(old, { oneOf: [whole, { ...few, minimum: 8 }] }), text);
  assert.deepEqual(told(old, { oneOf: [whole] }), text);
  assert.deepEqual(told(old, whole), text);
  assert.deepEqual(told({ oneOf: [whole, few, { type: 'string' }] }, old), []);
  assert.notDeepEqual(told({ oneOf: [whole, few, { const: 7 }] }, old), []);
  assert.deepEqual(told(old, { oneOf: [structuredClone(few), structuredClone(whole)] }), []);
  const kind = (name: string, more: object) => ({
    ...{ type: 'object', required: ['kind', ...Object.keys(more)] },
    properties: { kind: { const: name }, ...more },
  });
  const [dog, cat] = [kind('dog', { bark: {} }), kind('cat', { meow: {} })];
  assert.deepEqual(told({ oneOf: [dog, cat] }, dog), []);
  assert.deepEqual(
    told({ oneOf: [dog, cat] }, { oneOf: [dog, kind('cat', { meow: { maximum: 1 } })] }),
    [],
  );
  // One that leads back to itself.
  const nested = (maximum: number) => ({
    oneOf: [
      { type: 'object', properties: { in: { $ref: '#/s' } } },
      { type: ['object', 'integer'], maximum },
    ],
  });
  assert.deepEqual(told(nested(5), nested(5)), []);
  assert.notDeepEqual(told(nested(5), nested(6)), []);
});

/** Of components, which discriminators are about. */
function toldOf(old: object, next: object): string[] {
  const withPets = (components: object) => ({
    $ref: '#/components/schemas/Pet',
    defs: { openapi: '3.1.0', components: { schemas: components } },
  });
  return told(withPets(old), withPets(next));
}

test('a child that is looser behind a discriminator, or one that leads elsewhere or is gone, is told', () => {
  const pet = {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' } },
    discriminator: { propertyName: 'kind' },
  };
  const child = (maximum: number) => ({
    allOf: [
      { $ref: '#/components/schemas/Pet' },
      { type: 'object', properties: { age: { type: 'integer', maximum } } },
    ],
  });
  const extended = { Pet: pet, Dog: child(5), Cat: child(9) };
  assert.deepEqual(toldOf(extended, structuredClone(extended)), []);
  assert.deepEqual(toldOf(extended, { ...extended, Dog: child(6) }), ['/age: maximum 6, was 5']);
  assert.deepEqual(toldOf(extended, { ...extended, Dog: child(4) }), []);
  assert.deepEqual(toldOf(extended, { ...extended, Bird: child(1) }), [
    'discriminator with "Bird"',
  ]);
  const { discriminator: _, ...bare } = pet;
  assert.deepEqual(toldOf(extended, { ...extended, Pet: bare }), ['discriminator gone, was kind']);
  const other = { ...pet, discriminator: { propertyName: 'sort' } };
  assert.deepEqual(toldOf(extended, { ...extended, Pet: other }), [
    'another discriminator, was kind',
  ]);

  const alone = (name: string, more: object = {}) => ({
    ...{ type: 'object', required: ['kind'], additionalProperties: false },
    properties: { kind: { type: 'string' }, [name]: { type: 'string' }, ...more },
  });
  const refs = ['Dog', 'Cat'].map((name) => ({ $ref: `#/components/schemas/${name}` }));
  const chosen = (mapping: object) => ({
    Pet: { oneOf: refs, discriminator: { propertyName: 'kind', mapping } },
    ...{ Dog: alone('bark'), Cat: alone('meow') },
  });
  const [dog, cat] = ['#/components/schemas/Dog', '#/components/schemas/Cat'];
  const mapped = chosen({ dog, cat });
  assert.deepEqual(toldOf(mapped, structuredClone(mapped)), []);
  assert.deepEqual(toldOf(mapped, chosen({ dog: cat, cat })), [
    'discriminator: "dog" leads elsewhere',
  ]);
  const undecided = { ...mapped, Pet: { oneOf: refs } };
  assert.deepEqual(toldOf(mapped, undecided), ['discriminator gone, was kind']);
  assert.notDeepEqual(toldOf(undecided, mapped), []);
  assert.deepEqual(
    toldOf(mapped, { ...mapped, Dog: { ...alone('bark'), required: ['kind', 'bark'] } }),
    [],
  );
});
