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
export { type MemberPlace, placesOfMembers } from './member-places.ts';
export { hasEscapedName, parseJsonText } from './parse-json-text.ts';
export { readJson, readJsonDocument } from './read-json.ts';
export { type Expected, isNumberTooLong, type TextReading } from './strict-parser.ts';
export { type JsonTraits, PLAIN_TRAITS, prototypeMembers, traitsOf } from './traits.ts';
export {
  ExactNumber,
  type JsonBounds,
  type JsonProblem,
  type JsonReading,
  type JsonValue,
} from './types.ts';
