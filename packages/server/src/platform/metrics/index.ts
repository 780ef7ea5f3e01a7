export { family, flag, MetricText } from './metric-text.ts';
export { type Metric, type MetricFamily, type Sample, SummedMetrics } from './summed-metrics.ts';
