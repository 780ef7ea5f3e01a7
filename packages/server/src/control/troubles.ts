import { family, flag, type MetricFamily } from '../platform/metrics/index.ts';
import type { GatewayMetrics, ReportedGateway } from './gateway-metrics.ts';
import type { Attention } from './serving.ts';

/** What control itself goes on in spite of. */
export interface ControlTroubles {
  readonly database: { readonly since: string; readonly message: string } | null;
  /** Why records do not reach the log. */
  readonly log: string | null;
}

const MESSAGE_MAX = 300;

/** Calls go on, and somebody should know: what is away, for `status`. */
export function attentionOf(
  { database, log }: ControlTroubles,
  metrics: GatewayMetrics,
  gateways: readonly ReportedGateway[],
): Attention[] {
  const attention: Attention[] = [];
  if (database !== null) {
    const why = database.message.slice(0, MESSAGE_MAX);
    attention.push({
      code: 'database_away',
      message: `the database does not answer since ${database.since} (${why}): operators change nothing, calls go on`,
    });
  }
  if (log !== null) {
    attention.push({
      code: 'log_away',
      message: `records do not reach the security log (${log.slice(0, MESSAGE_MAX)}): they wait in the spool, and calls are refused when it is full`,
    });
  }
  for (const { name } of gateways) {
    for (const trouble of metrics.troublesOf(name)) attention.push(TOLD[trouble](name));
  }
  return attention;
}

const TOLD = {
  poorter_counters_away: (gateway: string) => ({
    code: 'counters_away',
    message: `${gateway}: the shared counters do not answer; it counts its share of each limit, or does as whenCountersAreAway says`,
  }),
  poorter_records_unwritten: (gateway: string) => ({
    code: 'records_unwritten',
    message: `${gateway}: records cannot be written; they wait in memory, and calls are refused when it is full`,
  }),
};

/** The same, for Prometheus; what gateways say of themselves stands among their metrics. */
export function metricsOf({ database, log }: ControlTroubles): readonly MetricFamily[] {
  return [
    family(
      'poorter_database_away',
      'gauge',
      '1 while the database does not answer: operators change nothing, calls go on.',
      flag(database !== null),
    ),
    family(
      'poorter_log_away',
      'gauge',
      '1 while records do not reach the security log and wait in the spool.',
      flag(log !== null),
    ),
  ];
}
