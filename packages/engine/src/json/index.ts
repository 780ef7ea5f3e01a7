export { cutMembers } from './cut-members.ts';
export {
  canonicalDecimal,
  compareDecimals,
  type Decimal,
  decimalOf,
  isIntegral,
  isMultiple,
} from './decimal.ts';
export { readJson } from './read-json.ts';
export {
  ExactNumber,
  type JsonBounds,
  type JsonProblem,
  type JsonReading,
  type JsonValue,
} from './types.ts';
