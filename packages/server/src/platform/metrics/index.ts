export { type Metric, OTHER, type Sample, SummedMetrics } from './summed-metrics.ts';
