export { type Metric, type Sample, SummedMetrics } from './summed-metrics.ts';
