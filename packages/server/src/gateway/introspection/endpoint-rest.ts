/** Failures in a row after which an endpoint is left alone for a while. */
const FAILURES_MAX = 5;
const REST_MIN_MS = 1_000;
const REST_MAX_MS = 30_000;

/**
 * An endpoint that fails is left alone, ever longer, and then tried by one question: callers are refused
 * at once meanwhile, instead of each after the whole time that an answer may take.
 */
export class EndpointRest {
  #failures = 0;
  #restMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #isTrying = false;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  /** Whether it has failed so often that it is, or was until now, left alone. */
  get isFailing(): boolean {
    return this.#restMs > 0;
  }

  /** Is it left alone, or being tried by somebody? */
  isResting(nowMs: number): boolean {
    return this.#restMs > 0 && (this.#isTrying || !(nowMs >= this.#untilMs));
  }

  /** May it be asked now? Where it was left alone, by the first who asks this. */
  mayAsk(nowMs: number): boolean {
    if (this.isResting(nowMs)) return false;
    this.#isTrying = this.#restMs > 0;
    return true;
  }

  /** A whole answer came, whatever it says: there is somebody. */
  answered(nowMs: number): void {
    this.#failures = 0;
    this.#restMs = 0;
    this.#isTrying = false;
    this.#answeredAtMs = nowMs;
  }

  /**
   * Of a question that was sent at `sentAtMs`. Where others were answered since, it is the question that is odd,
   * and whoever asked it takes the endpoint from nobody.
   */
  failed(sentAtMs: number, nowMs: number): void {
    if (this.#answeredAtMs >= sentAtMs) return;
    this.#failures += 1;
    // Those that were under way when it began to rest say nothing new.
    const isNews = this.#restMs === 0 ? this.#failures >= FAILURES_MAX : this.#isTrying;
    if (!isNews) return;
    this.#isTrying = false;
    this.#restMs = Math.min(REST_MAX_MS, Math.max(REST_MIN_MS, this.#restMs * 2));
    this.#untilMs = nowMs + this.#restMs;
  }
}
