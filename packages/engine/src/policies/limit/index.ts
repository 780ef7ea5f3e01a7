export {
  compileLimits,
  type EvaluateLimits,
  isNearLimit,
  type LimitContext,
  type LimitPass,
  type LimitVerdict,
  NEAR_LIMIT,
  windowEnd,
} from './limit.ts';
export {
  concurrencyLimitSchema,
  concurrencySchema,
  type LimitsConfig,
  limitSchema,
  limitsSchema,
  quotaLimitSchema,
  quotaSchema,
  rateSchema,
} from './limit-config.ts';
