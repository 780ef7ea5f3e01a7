import fc from 'fast-check';
import { ExactNumber, type JsonValue } from '../json/index.ts';

const names = fc.constantFrom('a', 'b', 'ab', 'constructor', '__proto__', 'toString');
export const values: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, 0, 1, 1.5, -2, 'a', 'ab', '', '😀'),
    fc.constantFrom<JsonValue>(new ExactNumber('9007199254740993'), new ExactNumber('1e400')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((e) => fromEntries(e)),
  ),
})).value;

/** Object.fromEntries defines own members, `__proto__` among them. */
export const fromEntries = <T>(entries: [string, T][]): { [name: string]: T } =>
  Object.fromEntries(entries);

/** Of JSON Schema 2020-12, with every keyword that applies a schema. */
export const schemas: fc.Arbitrary<unknown> = fc
  .letrec<{ schema: unknown; object: object }>((tie) => {
    const some = tie('schema');
    const list = fc.array(some, { minLength: 1, maxLength: 3 });
    const map = fc.array(fc.tuple(names, some), { maxLength: 3 }).map((e) => fromEntries(e));
    const count = fc.nat(3);
    const number = fc.constantFrom(-2, 0, 1, 1.5, 3);
    return {
      schema: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.boolean(),
        fc.constantFrom({ $ref: '#/$defs/x' }, { $dynamicRef: '#node' }, { type: 'object' }),
        tie('object'),
        tie('object'),
      ),
      object: fc
        .array(
          fc.oneof(
            fc.tuple(
              fc.constantFrom('type'),
              fc.constantFrom('object', 'array', 'string', ['number', 'null'], 'integer'),
            ),
            fc.tuple(fc.constantFrom('minimum', 'exclusiveMaximum'), number),
            fc.tuple(fc.constantFrom('multipleOf'), fc.constantFrom(1, 0.5, 0.01)),
            fc.tuple(
              fc.constantFrom(
                'minLength',
                'maxLength',
                'minItems',
                'maxItems',
                'minProperties',
                'maxProperties',
                'minContains',
                'maxContains',
              ),
              count,
            ),
            fc.tuple(fc.constantFrom('pattern'), fc.constantFrom('^a', 'b$', '^(a|ab)*$')),
            fc.tuple(fc.constantFrom('enum'), fc.array(values, { maxLength: 3 })),
            fc.tuple(fc.constantFrom('const'), values),
            fc.tuple(fc.constantFrom('uniqueItems'), fc.boolean()),
            fc.tuple(fc.constantFrom('required'), fc.uniqueArray(names, { maxLength: 2 })),
            fc.tuple(
              fc.constantFrom('dependentRequired'),
              names.map((n) => fromEntries([[n, ['a']]])),
            ),
            fc.tuple(fc.constantFrom('properties', 'dependentSchemas'), map),
            fc.tuple(
              fc.constantFrom('patternProperties'),
              some.map((s) => ({ '^a': s })),
            ),
            fc.tuple(fc.constantFrom('allOf', 'anyOf', 'oneOf', 'prefixItems'), list),
            fc.tuple(
              fc.constantFrom(
                'items',
                'contains',
                'additionalProperties',
                'propertyNames',
                'not',
                'if',
                'then',
                'else',
              ),
              some,
            ),
            fc.tuple(fc.constantFrom('unevaluatedItems', 'unevaluatedProperties'), some),
          ),
          { maxLength: 4 },
        )
        .map((entries) => fromEntries<unknown>(entries)),
    };
  })
  .object.map((schema) => ({
    ...schema,
    $dynamicAnchor: 'node',
    $defs: { x: { type: ['object', 'string'], properties: { a: { $dynamicRef: '#node' } } } },
  }));
