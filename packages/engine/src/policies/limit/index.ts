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
export type { LimitsConfig } from './limit-config.ts';
