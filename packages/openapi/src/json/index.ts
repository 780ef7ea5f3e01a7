import '../required-runtime.ts';

export { cutMembers } from './cut-members.ts';
export {
  canonicalDecimal,
  compareDecimals,
  type Decimal,
  decimalOf,
  isIntegral,
  isMultiple,
} from './decimal.ts';
export { hasEscapedName, parseJsonText } from './parse-json-text.ts';
export { readJson } from './read-json.ts';
export {
  ExactNumber,
  type JsonBounds,
  type JsonProblem,
  type JsonReading,
  type JsonValue,
} from './types.ts';
