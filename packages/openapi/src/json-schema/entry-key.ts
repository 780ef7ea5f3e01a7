import type { SchemaEntry } from './types.ts';

/** Names an entry within CompiledSchemas.entries. */
export const entryKey = ({ address, direction }: SchemaEntry): string => `${direction} ${address}`;
