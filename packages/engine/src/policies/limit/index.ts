export {
  compileLimits,
  type EvaluateLimits,
  isNearLimit,
  type LimitContext,
  type LimitPass,
  type LimitScope,
  type LimitVerdict,
  NEAR_LIMIT,
  windowEnd,
} from './limit.ts';
export {
  concurrencySchema,
  type LimitsConfig,
  limitSchema,
  limitsSchema,
  quotaSchema,
} from './limit-config.ts';
