export { type CheckedPlace, type CheckedPlaces, checkedPlaces } from './checked-places.ts';
export {
  alike,
  type FixedTexts,
  fitsAll,
  fixedTexts,
  isPreferred,
  mayBeBoth,
  serviceReadings,
} from './compare-templates.ts';
export { compileApi } from './compile-api.ts';
export { pathShape } from './description/template.ts';
export { openApi, openApiInSteps } from './open-api.ts';
export { type PackedApi, packApi, unpackApi } from './packed-api.ts';
export type {
  AnswerCheck,
  AnswerExpectation,
  Api,
  ApiCompilation,
  ApiOperation,
  BodyCheck,
  BodyExpectation,
  CompileApiOptions,
  CompiledApi,
  CompiledOperation,
  Diagnostic,
  Match,
  MessageViolation,
  ReadExtension,
  RequestParts,
  SecurityRequirement,
  SecurityScheme,
} from './types.ts';
export { asWritten } from './types.ts';
