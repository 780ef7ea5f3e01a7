import type { Metric, Sample } from '../platform/metrics/index.ts';

/** Upper bounds of the latency histogram, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a thread goes on in spite of. */
interface ThreadTroubles {
  readonly areCountersAway: boolean;
  readonly areRecordsStuck: boolean;
}

/**
 * Counts of one thread, kept as plain numbers on the request path and told in the form in which
 * those of all threads are summed.
 */
export class CallStatistics {
  /** 'api operation decision code' → calls. Bounded by the documents, never by callers. */
  readonly #calls = new Map<string, number>();
  readonly #latency = new Float64Array(BUCKETS.length + 1);
  #latencySum = 0;
  #connectionsDropped = 0;

  count(api: string, operation: string, decision: string, code: string, seconds: number): void {
    const key = `${api}\n${operation}\n${decision}\n${code}`;
    this.#calls.set(key, (this.#calls.get(key) ?? 0) + 1);
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    this.#latency[bucket]!++;
    this.#latencySum += seconds;
  }

  dropConnection(): void {
    this.#connectionsDropped++;
  }

  metrics(
    callsUnderWay: number,
    { areCountersAway, areRecordsStuck }: ThreadTroubles,
  ): readonly Metric[] {
    const calls = [...this.#calls].map(([key, value]) => {
      const [api = '', operation = '', decision = '', code = ''] = key.split('\n');
      return { value, labels: { api, operation, decision, code } };
    });
    return [
      metric(
        'poorter_calls_total',
        'counter',
        'Calls by operation, decision and problem code.',
        calls,
      ),
      metric(
        'poorter_call_duration_seconds',
        'histogram',
        'From request head to answer end.',
        this.#histogram(),
      ),
      metric(
        'poorter_connections_dropped_total',
        'counter',
        'Connections beyond the ceiling of a thread.',
        [{ value: this.#connectionsDropped, labels: {} }],
      ),
      troubleMetric(
        'poorter_counters_away',
        '1 while the shared counters do not answer: limits are counted by shares.',
        areCountersAway,
      ),
      troubleMetric(
        'poorter_records_unwritten',
        '1 while records cannot be written: they wait in memory, and calls are refused when it is full.',
        areRecordsStuck,
      ),
      {
        ...metric('poorter_calls_under_way', 'gauge', 'Calls under way, all threads together.', [
          { value: callsUnderWay, labels: {} },
        ]),
        aggregator: 'max',
      },
      metric('poorter_gateway_heap_bytes', 'gauge', 'JavaScript heap in use by gateway threads.', [
        { value: process.memoryUsage().heapUsed, labels: {} },
      ]),
    ];
  }

  #histogram(): readonly Sample[] {
    const name = 'poorter_call_duration_seconds';
    let cumulative = 0;
    const buckets: Sample[] = BUCKETS.map((le, index) => {
      cumulative += this.#latency[index] as number;
      return { value: cumulative, labels: { le }, metricName: `${name}_bucket` };
    });
    cumulative += this.#latency[BUCKETS.length] as number;
    return [
      ...buckets,
      { value: cumulative, labels: { le: '+Inf' }, metricName: `${name}_bucket` },
      { value: this.#latencySum, labels: {}, metricName: `${name}_sum` },
      { value: cumulative, labels: {}, metricName: `${name}_count` },
    ];
  }
}

/** Of one thread; the gate is in trouble where any of them is. */
function troubleMetric(name: string, help: string, isSo: boolean): Metric {
  return {
    ...metric(name, 'gauge', help, [{ value: isSo ? 1 : 0, labels: {} }]),
    aggregator: 'max',
  };
}

function metric(
  name: string,
  type: Metric['type'],
  help: string,
  values: readonly Sample[],
): Metric {
  return { name, type, help, values, aggregator: 'sum' };
}
