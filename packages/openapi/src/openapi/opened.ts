/** What opens a compiled description, and checks by it. Nothing here reads one. */
export {
  alike,
  type FixedTexts,
  fitsAll,
  fixedTexts,
  isPreferred,
  mayBeBoth,
  serviceReadings,
} from './compare-templates.ts';
export { openApi, openApiInSteps } from './open-api.ts';
export { type PackedApi, packApi, unpackApi } from './packed-api.ts';
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
} from './types.ts';
