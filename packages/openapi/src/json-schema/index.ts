export { type Compared, SchemaComparison } from './compare/accepts-more.ts';
export { type ComparableSchemas, comparable } from './compare/comparable.ts';
export type { Loosening } from './compare/compare-keywords.ts';
export { compileSchemas, readSchemas } from './compile.ts';
export { entryKey } from './entry-key.ts';
export { speaksOfConstraint } from './foreign-keywords.ts';
export { KEYWORD_FORMS } from './keyword-forms.ts';
export { meantFlag, setMember, wholeNumberText } from './lax-values.ts';
export { type LinkedSchemas, linkSchemas } from './link.ts';
export { mendSchema } from './mend.ts';
export { PatternWork } from './patterns/work.ts';
export { didYouMean, nearest } from './suggest.ts';
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
