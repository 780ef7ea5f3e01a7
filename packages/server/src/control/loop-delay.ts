import { monitorEventLoopDelay } from 'node:perf_hooks';
import { family, type MetricFamily } from '../platform/metrics/index.ts';
import type { Timer, World } from '../platform/world/index.ts';

/** A timer that is due so often tells how late it comes, for a tenth of a percent of a processor. */
const RESOLUTION_MS = 10;
const LOOK_EVERY_MS = 1_000;
/** Whoever collects metrics does so at least this often. */
const REMEMBERED = 60;
const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Delays = Pick<ReturnType<typeof monitorEventLoopDelay>, 'max' | 'count' | 'reset'>;

/**
 * How long control's main loop kept others waiting: of every second, the longest delay. Whoever revokes a
 * key waits so long before anything is done at all.
 */
export class LoopDelay {
  readonly #delays: Delays;
  readonly #timer: Timer;
  readonly #counts = new Array<number>(BOUNDS_SECONDS.length).fill(0);
  /** Of the last minute, newest last. */
  readonly #recent: number[] = [];
  #count = 0;
  #sum = 0;

  constructor(world: Pick<World, 'every'>, delays: Delays = realDelays()) {
    this.#delays = delays;
    this.#timer = world.every(LOOK_EVERY_MS, () => this.#look());
  }

  close(): void {
    this.#timer.cancel();
  }

  get metrics(): readonly MetricFamily[] {
    const name = 'poorter_control_loop_delay_seconds';
    const bounds = [...BOUNDS_SECONDS, '+Inf'];
    const counts = [...this.#counts, this.#count];
    const buckets = bounds.map((le, index) => {
      return { value: counts[index] as number, labels: { le }, metricName: `${name}_bucket` };
    });
    return [
      family(name, 'histogram', "The longest delay of control's main loop in each second.", [
        ...buckets,
        { value: this.#sum, labels: {}, metricName: `${name}_sum` },
        { value: this.#count, labels: {}, metricName: `${name}_count` },
      ]),
      family(
        'poorter_control_loop_delay_max_seconds',
        'gauge',
        "The longest delay of control's main loop within the last minute.",
        Math.max(0, this.#present(), ...this.#recent),
      ),
    ];
  }

  #look(): void {
    const seconds = this.#present();
    this.#delays.reset();
    this.#recent.push(seconds);
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
    this.#count += 1;
    this.#sum += seconds;
    for (const [index, bound] of BOUNDS_SECONDS.entries()) {
      if (seconds <= bound) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    }
  }

  /** Since the last look. What is measured is the time between two timers, also when neither is late. */
  #present(): number {
    const { count, max } = this.#delays;
    return count === 0 ? 0 : Math.max(0, max / 1e6 - RESOLUTION_MS) / 1_000;
  }
}

function realDelays(): Delays {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}
