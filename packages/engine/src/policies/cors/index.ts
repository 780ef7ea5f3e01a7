export { type CorsPolicy, compileCors, isCorsField, mergedVary, preflightOf } from './cors.ts';
export type { CorsConfig } from './cors-config.ts';
