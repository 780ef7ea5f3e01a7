export { type CorsPolicy, compileCors, isCorsField, mergedVary, preflightOf } from './cors.ts';
export { type CorsConfig, corsSchema } from './cors-config.ts';
