/** How much a caller may call, as it is written. */
export { keptLimitsSchema, limitsSchema } from './policies/limit/limit-config.ts';
