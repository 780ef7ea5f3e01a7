import type { Gate } from '@poorter/engine';
import type { HeadRules } from '@poorter/middleware/node-messages';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import type { RecordSink } from '../messages/call-record.ts';
import type { ByteLedger, InFlightGauge } from '../platform/counters/index.ts';
import type { AnswerPause } from './answer-pause.ts';
import type { Applications } from './applications/applications.ts';
import type { CallStatistics } from './call-statistics.ts';
import type { Upstreams } from './forward/upstreams.ts';
import type { OngoingCalls } from './ongoing-calls.ts';

/** What a call is handled with: one snapshot opened in one thread. */
export interface Runtime {
  readonly snapshot: RuntimeSnapshot;
  readonly gate: Gate;
  readonly head: HeadRules;
  /** Where browsers sign in and out; null: nowhere. */
  readonly applications: Applications | null;
  readonly isTrustedProxy: (peer: string) => boolean;
  readonly upstreams: Upstreams;
  readonly records: RecordSink;
  readonly statistics: CallStatistics;
  readonly inFlight: InFlightGauge;
  readonly memory: ByteLedger;
  readonly now: () => number;
  /** What goes on after it was let in. */
  readonly ongoing: OngoingCalls;
  /** Answers of the service wait while it lasts. */
  readonly pause: AnswerPause;
}
