export { type CheckedPlace, type CheckedPlaces, checkedPlaces } from './checked-places.ts';
export { compileApi } from './compile-api.ts';
export { pathShape } from './description/template.ts';
export * from './opened.ts';
export {
  type ApiCompilation,
  asWritten,
  type CompileApiOptions,
  type Diagnostic,
  type ReadExtension,
} from './types.ts';
