/** A description goes in; out come checks of the calls and answers that it describes. */

import './required-runtime.ts';

export {
  asciiLowerCase,
  cookieName,
  cookieParts,
  cookieReadings,
  cookieText,
  HeaderFields,
  isListBased,
  listMembers,
  trimBlanks,
} from './header-fields/index.ts';
export {
  type ComparableSchemas,
  type Compared,
  type Loosening,
  PatternWork,
  SchemaComparison,
} from './json-schema/index.ts';
export * from './openapi/index.ts';
export {
  findRuntimeFaults,
  type RuntimeFault,
  refuseMisreadingRuntime,
  refuseUnsafeRuntime,
} from './runtime-faults.ts';
