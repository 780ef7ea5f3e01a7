import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { monotonicMs } from '../platform/clock/index.ts';
import {
  family,
  flag,
  type Metric,
  type MetricFamily,
  MetricText,
  type Sample,
  SummedMetrics,
} from '../platform/metrics/index.ts';

/** A gateway reports every second; one that was not heard for so long is not up. */
const STALE_MS = 10_000;
const SERIES_MAX = 5_000;
const SERIES_MIN = 200;
/** Of all gateways together: about 10 MB of text. */
const SERIES_TOTAL = 60_000;
/** What a gateway may tell; a newer one may tell more, which is passed over. */
const KNOWN = {
  poorter_calls_total: 'counter',
  poorter_call_duration_seconds: 'histogram',
  poorter_connections_dropped_total: 'counter',
  poorter_calls_under_way: 'gauge',
  poorter_gateway_heap_bytes: 'gauge',
  poorter_counters_away: 'gauge',
  poorter_records_unwritten: 'gauge',
  poorter_introspections_total: 'counter',
} as const;
const GATEWAY_TROUBLES = ['poorter_counters_away', 'poorter_records_unwritten'] as const;
type GatewayTrouble = (typeof GATEWAY_TROUBLES)[number];
const UP_HELP = '1 while the gateway serves and is heard of; its other series end with it.';
const VERSION_HELP = 'Version that every thread of the gateway serves.';
const TEXT_MAX = 500;
const THREADS_MAX = 64;
const METRICS_MAX = 100;
/** Samples that are read in one turn of the event loop. */
const SAMPLES_AT_ONCE = 1_000;

const label = z.union([z.string().max(TEXT_MAX), z.number()]).optional();
const sampleSchema = z.object({
  value: z.number().min(0),
  labels: z.strictObject({
    api: label,
    operation: label,
    decision: label,
    code: label,
    le: label,
    issuer: label,
    outcome: label,
  }),
  metricName: z.string().max(100).optional(),
});
const metricSchema = z.object({
  name: z.enum(Object.keys(KNOWN) as [keyof typeof KNOWN]),
  help: z.string().max(TEXT_MAX),
  aggregator: z.enum(['sum', 'max']),
  values: z.array(z.unknown()).max(100_000),
});

interface Known {
  summed: SummedMetrics | null;
  /** Series that it may have: a configuration with more gateways leaves less to each. */
  room: number;
  /** As it came: read when somebody asks. */
  threads: readonly unknown[];
  heardAt: number;
  version: number;
}

export interface ReportedGateway {
  readonly name: string;
  readonly isConnected: boolean;
}

/**
 * What every gateway tells of itself, as one Prometheus text with the gateway as a label. Series of one
 * that is gone end, and `poorter_gateway_up` says 0. Its counters go on where they were when it comes
 * back, since they are its own; they begin at 0 when its process does.
 */
export class GatewayMetrics {
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /** `threads`: metrics of each; nothing of it is trusted yet. */
  heard(name: string, threads: readonly unknown[]): void {
    const known = this.#of(name);
    known.threads = threads;
    known.heardAt = this.#now();
  }

  applied(name: string, version: number): void {
    this.#of(name).version = version;
  }

  /** Its process ended: another one counts from 0. */
  gone(name: string): void {
    this.#known.delete(name);
  }

  /** In spite of what it serves; none of one that is not heard of. */
  troublesOf(name: string): readonly GatewayTrouble[] {
    const known = this.#known.get(name);
    if (known === undefined || this.#now() - known.heardAt > STALE_MS) return [];
    const metrics = [...readThreads(known.threads, isTrouble)].flatMap(
      ({ metric }) => metric ?? [],
    );
    return GATEWAY_TROUBLES.filter((trouble) =>
      metrics.some(({ name, values }) => name === trouble && values.some(({ value }) => value > 0)),
    );
  }

  /** `gateways`: all that there should be. With many series others are served meanwhile. `own`: control's. */
  async render(
    gateways: readonly ReportedGateway[],
    own: readonly MetricFamily[] = [],
  ): Promise<string> {
    const names = new Set(gateways.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    const text = new MetricText();
    const seriesMax = Math.floor(SERIES_TOTAL / Math.max(1, gateways.length));
    const room = Math.min(SERIES_MAX, Math.max(SERIES_MIN, seriesMax));
    const up: Sample[] = [];
    const versions: Sample[] = [];
    for (const { name, isConnected } of gateways) {
      const known = this.#known.get(name);
      const isUp = isConnected && known !== undefined && this.#now() - known.heardAt <= STALE_MS;
      const labels = { gateway: name };
      up.push({ value: flag(isUp), labels });
      if (!isUp) continue;
      if (known.version > 0) versions.push({ value: known.version, labels });
      if (known.summed === null || known.room !== room) known.summed = new SummedMetrics(room);
      known.room = room;
      const { summed } = known;
      const threads: Metric[][] = [];
      for (const { thread, metric } of readThreads(known.threads)) {
        if (metric === null) await turn();
        else (threads[thread] ??= []).push(metric);
      }
      const heard = threads.filter((thread) => thread !== undefined);
      for (const metric of summed.sum(heard)) text.add(metric, labels);
      if (threads.length > 0) await turn();
    }
    text.add(family('poorter_gateway_up', 'gauge', UP_HELP, up));
    text.add(family('poorter_gateway_snapshot_version', 'gauge', VERSION_HELP, versions));
    for (const one of own) text.add(one);
    return text.toString();
  }

  #of(name: string): Known {
    const known = this.#known.get(name) ?? {
      ...{ summed: null, room: 0, threads: [], heardAt: Number.NEGATIVE_INFINITY, version: 0 },
    };
    this.#known.set(name, known);
    return known;
  }
}

function isTrouble(name: string): boolean {
  return GATEWAY_TROUBLES.some((trouble) => trouble === name);
}

/**
 * What cannot be read counts for nothing; the rest does. `metric` is null after every so many samples:
 * whoever has time lets others be served.
 */
function* readThreads(
  threads: readonly unknown[],
  isWanted: (name: string) => boolean = () => true,
): Generator<{ readonly thread: number; readonly metric: Metric | null }> {
  for (const [thread, given] of threads.slice(0, THREADS_MAX).entries()) {
    if (!Array.isArray(given)) continue;
    for (const one of given.slice(0, METRICS_MAX)) {
      const read = metricSchema.safeParse(one);
      if (!read.success || !isWanted(read.data.name)) continue;
      const { values, ...metric } = read.data;
      const samples: z.output<typeof sampleSchema>[] = [];
      for (const [index, value] of values.entries()) {
        if (index % SAMPLES_AT_ONCE === SAMPLES_AT_ONCE - 1) yield { thread, metric: null };
        const { success, data } = sampleSchema.safeParse(value);
        if (success && isOf(metric.name, data.metricName)) samples.push(data);
      }
      const type = KNOWN[metric.name];
      yield { thread, metric: { ...metric, type, values: samples } as Metric };
    }
  }
}

function isOf(name: keyof typeof KNOWN, metricName: string | undefined): boolean {
  if (KNOWN[name] !== 'histogram') return metricName === undefined;
  return ['_bucket', '_sum', '_count'].some((suffix) => metricName === name + suffix);
}
