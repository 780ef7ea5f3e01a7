/** Opens what was compiled, and checks calls and answers by it: all that a process needs which compiles nothing. */

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
export { PatternWork } from './json-schema/patterns/work.ts';
export {
  alike,
  type FixedTexts,
  fitsAll,
  fixedTexts,
  isPreferred,
  mayBeBoth,
  serviceReadings,
} from './openapi/compare-templates.ts';
export { openApi, openApiInSteps } from './openapi/open-api.ts';
export { type PackedApi, packApi, unpackApi } from './openapi/packed-api.ts';
export type {
  AnswerCheck,
  AnswerExpectation,
  Api,
  ApiOperation,
  BodyCheck,
  BodyExpectation,
  CompiledApi,
  CompiledOperation,
  Match,
  MessageViolation,
  RequestParts,
  SecurityRequirement,
  SecurityScheme,
} from './openapi/types.ts';
