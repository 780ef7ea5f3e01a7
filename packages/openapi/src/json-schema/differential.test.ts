import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerSchema, unregisterSchema, validate } from '@hyperjump/json-schema/draft-2020-12';
import fc from 'fast-check';
import { ExactNumber, type JsonValue } from '../json/index.ts';
import { fromEntries, schemas, values } from './arbitrary-schemas.fixture.ts';
import { compileSchemas, linkSchemas } from './index.ts';

/** The same schemas and values, judged by another implementation of the standard. */

const ADDRESS = 'https://test.example/schema';
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Numbers that no double carries are another matter: the other one does not know them. */
function asDoubles<Value>(value: Value): Value {
  if (value instanceof ExactNumber) return 3 as Value;
  if (Array.isArray(value)) return value.map(asDoubles) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return fromEntries(Object.entries(value).map(([name, one]) => [name, asDoubles(one)])) as Value;
}

/** Hundredths of a double are multiples of 0.01 for us, and not for whoever divides doubles. */
function hasHundredths(schema: unknown): boolean {
  return JSON.stringify(schema).includes('"multipleOf":0.01');
}

async function judgedElsewhere(schema: object, samples: readonly JsonValue[]): Promise<boolean[]> {
  registerSchema(schema as Parameters<typeof registerSchema>[0], ADDRESS, DIALECT);
  try {
    const judge = await validate(ADDRESS);
    return samples.map((sample) => judge(sample as Parameters<typeof judge>[0]).valid);
  } finally {
    unregisterSchema(ADDRESS);
  }
}

/** Null: refused when it is loaded, such as a schema that refers to itself and goes no deeper. */
function judgedHere(schema: object, samples: readonly JsonValue[]): boolean[] | null {
  const compiled = compileSchemas({
    documents: new Map([[ADDRESS, schema]]),
    dialect: 'json-schema-2020-12',
    entries: [{ address: `${ADDRESS}#`, direction: 'neither' }],
    assertFormats: false,
  });
  if (compiled.diagnostics.some(({ severity }) => severity === 'error')) return null;
  const { validate } = linkSchemas(compiled).validator(`${ADDRESS}#`, 'neither');
  return samples.map((sample) => validate(sample).length === 0);
}

test('schemas are judged as another implementation of JSON Schema judges them', async () => {
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(
      schemas,
      fc.array(values, { minLength: 4, maxLength: 4 }),
      async (given, some) => {
        const [schema, samples] = [asDoubles(given), asDoubles(some)];
        fc.pre(!hasHundredths(schema));
        const here = judgedHere(schema as object, samples);
        if (here === null) return;
        assert.deepEqual(here, await judgedElsewhere(schema as object, samples));
        judged += samples.length;
      },
    ),
    { numRuns: 1_000 },
  );
  assert.ok(judged > 3_000, `${judged}`);
});
