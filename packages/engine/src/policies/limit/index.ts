export {
  compileLimits,
  type EvaluateLimits,
  isNearLimit,
  type LimitContext,
  type LimitPass,
  type LimitScope,
  type LimitVerdict,
  windowEnd,
} from './limit.ts';
export {
  concurrencySchema,
  keptLimitsSchema,
  type LimitsConfig,
  limitSchema,
  limitsSchema,
  quotaSchema,
} from './limit-config.ts';
