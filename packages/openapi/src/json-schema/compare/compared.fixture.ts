import assert from 'node:assert/strict';
import type { JsonValue } from '../../json/index.ts';
import { comparable, compileSchemas, entryKey, linkSchemas, SchemaComparison } from '../index.ts';
import type { Dialect, Direction } from '../types.ts';

const ADDRESS = 'test:///schema';

interface Manner {
  readonly dialect?: Dialect;
  readonly direction?: Direction;
  readonly isClosed?: boolean;
}

export function compiled(schema: unknown, { dialect, direction }: Manner = {}) {
  const entry = { address: `${ADDRESS}#/s`, direction: direction ?? 'neither' } as const;
  const result = compileSchemas({
    documents: new Map([[ADDRESS, { s: schema, ...(schema as { defs?: object })?.defs }]]),
    dialect: dialect ?? 'openapi-3.1',
    entries: [entry],
    assertFormats: true,
    reading: 'meant',
  });
  assert.deepEqual(
    result.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const unit = result.entries[entryKey(entry)] as number;
  const validator = linkSchemas(result).validator(entry.address, entry.direction);
  return {
    schemas: comparable(result.shapes),
    unit,
    accepts: (value: JsonValue) => validator.validate(value).length === 0,
  };
}

/** What is told of the later one, each with its place. */
export function told(old: unknown, next: unknown, manner: Manner = {}): string[] {
  const [before, after] = [compiled(old, manner), compiled(next, manner)];
  const isClosed = manner.isClosed ?? false;
  const comparison = new SchemaComparison(
    { schemas: before.schemas, isClosed },
    { schemas: JSON.parse(JSON.stringify(after.schemas)), isClosed },
  );
  return comparison
    .loosenings(before.unit, after.unit)
    .map(({ pointer, what }) => (pointer === '' ? what : `${pointer}: ${what}`));
}
