import { TYPE_BITS } from './shape.ts';

/** A type of JSON Schema that another language's name stands for; `type` null: any value. */
export interface MeantType {
  readonly type: string | null;
  readonly format?: string;
}

/** Lower-case names. Those that mean different things in different languages (`byte`) are left out. */
const FOREIGN_TYPES: Readonly<Record<string, MeantType>> = {
  int: { type: 'integer' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  long: { type: 'integer', format: 'int64' },
  bigint: { type: 'integer' },
  float: { type: 'number', format: 'float' },
  double: { type: 'number', format: 'double' },
  decimal: { type: 'number' },
  numeric: { type: 'number' },
  bool: { type: 'boolean' },
  str: { type: 'string' },
  text: { type: 'string' },
  uuid: { type: 'string', format: 'uuid' },
  guid: { type: 'string', format: 'uuid' },
  date: { type: 'string', format: 'date' },
  datetime: { type: 'string', format: 'date-time' },
  'date-time': { type: 'string', format: 'date-time' },
  email: { type: 'string', format: 'email' },
  uri: { type: 'string', format: 'uri' },
  url: { type: 'string', format: 'uri' },
  ipv4: { type: 'string', format: 'ipv4' },
  ipv6: { type: 'string', format: 'ipv6' },
  password: { type: 'string', format: 'password' },
  file: { type: 'string', format: 'binary' },
  binary: { type: 'string', format: 'binary' },
  dict: { type: 'object' },
  map: { type: 'object' },
  list: { type: 'array' },
  nil: { type: 'null' },
  any: { type: null },
};

export const isTypeName = (name: unknown): name is string =>
  typeof name === 'string' && Object.hasOwn(TYPE_BITS, name);

/** Undefined for a name that is neither a type of JSON Schema in other case nor known elsewhere. */
export function meantType(name: unknown): MeantType | undefined {
  // In a list, `null` without quotes can only be the type.
  if (name === null) return { type: 'null' };
  if (typeof name !== 'string') return undefined;
  const lower = name.trim().toLowerCase();
  if (isTypeName(lower)) return { type: lower };
  return Object.hasOwn(FOREIGN_TYPES, lower) ? FOREIGN_TYPES[lower] : undefined;
}
