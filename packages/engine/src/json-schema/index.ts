export { compileSchemas } from './compile.ts';
export { entryKey } from './entry-key.ts';
export { type LinkedSchemas, linkSchemas } from './link.ts';
export type {
  CompiledSchemas,
  CompileOptions,
  Dialect,
  Direction,
  SchemaAddress,
  SchemaDiagnostic,
  SchemaEntry,
  SchemaViolation,
  Validator,
} from './types.ts';
