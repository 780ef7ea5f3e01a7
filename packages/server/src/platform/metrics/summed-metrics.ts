/** A family of series, as Prometheus has it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
}

/** As a thread tells it. */
export interface Metric extends MetricFamily {
  /** How series of several threads become one. */
  readonly aggregator: 'sum' | 'max';
}

export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram: the name with _bucket, _sum or _count. */
  readonly metricName?: string;
}

/** Of series that found no place among the others. */
export const OTHER = 'other';

/**
 * Metrics of several threads as those of one. A thread that ends takes no counts with it: a sum that
 * fell by one thread's part would be read as a start from zero. Series beyond the bound are counted
 * together, under labels that say 'other'; a series that has its place keeps it.
 */
export class SummedMetrics {
  readonly #seriesMax: number;
  /** By metric: the series that have a place. */
  readonly #known = new Map<string, Set<string>>();
  #ended: readonly Metric[] = [];

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  sum(threads: readonly (readonly Metric[])[]): Metric[] {
    const summed = new Map<string, Metric & { readonly series: Map<string, Sample> }>();
    for (const metrics of [this.#ended, ...threads]) {
      for (const metric of metrics) {
        const sum = summed.get(metric.name) ?? { ...metric, series: new Map<string, Sample>() };
        summed.set(metric.name, sum);
        for (const given of metric.values) {
          const [key, sample] = this.#placed(metric.name, given);
          const before = sum.series.get(key)?.value;
          const value =
            before === undefined
              ? sample.value
              : metric.aggregator === 'max'
                ? Math.max(before, sample.value)
                : before + sample.value;
          sum.series.set(key, { ...sample, value });
        }
      }
    }
    return [...summed.values()].map(({ series, ...metric }) => ({
      ...metric,
      values: [...series.values()],
    }));
  }

  /** These counts are final; gauges are of the living. */
  end(metrics: readonly Metric[]): void {
    this.#ended = this.sum([metrics.filter(({ type }) => type !== 'gauge')]);
  }

  #placed(name: string, sample: Sample): [string, Sample] {
    const { metricName = '', labels } = sample;
    let key = metricName;
    for (const label in labels) key += `\n${label}\n${labels[label]}`;
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, (known = new Set()));
    if (known.has(key)) return [key, sample];
    if (known.size < this.#seriesMax) {
      known.add(key);
      return [key, sample];
    }
    const others = Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER]));
    return [`${metricName}\n${OTHER}`, { ...sample, labels: others }];
  }
}
