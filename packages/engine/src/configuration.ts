/** What is written about policies: read and checked where configurations are compiled, and nowhere else. */

export { type Extension, extensionSchema, readExtension } from './extension.ts';
export { networkListsSchema } from './policies/admit/admit-config.ts';
export { checkStepUp } from './policies/authorize/check-step-up.ts';
export { corsSchema } from './policies/cors/cors-config.ts';
export {
  concurrencySchema,
  keptLimitsSchema,
  limitSchema,
  limitsSchema,
  quotaSchema,
} from './policies/limit/limit-config.ts';
export { checkPermit } from './policies/permit/check-permit.ts';
export { undocumentedQuerySchema } from './policies/validate/validate-config.ts';
