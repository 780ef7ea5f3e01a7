import '../required-runtime.ts';

export { cutMembers } from './cut-members.ts';
export {
  canonicalDecimal,
  carriesExactly,
  compareDecimals,
  type Decimal,
  decimalOf,
  isIntegral,
  isMultiple,
  readDecimal,
} from './decimal.ts';
export { hasEscapedName, parseJsonExactly, parseJsonText } from './parse-json-text.ts';
export { readJson } from './read-json.ts';
export { isNumberTooLong } from './strict-parser.ts';
export { type JsonTraits, PLAIN_TRAITS, prototypeMembers, traitsOf } from './traits.ts';
export {
  ExactNumber,
  type JsonBounds,
  type JsonProblem,
  type JsonReading,
  type JsonValue,
} from './types.ts';
