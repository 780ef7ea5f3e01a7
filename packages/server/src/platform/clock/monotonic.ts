/**
 * Milliseconds of the machine's monotonic clock: one clock for every thread and process of the
 * machine (`performance.now()` begins anew in each thread). Its zero means nothing.
 *
 * Whether something still lives, how long it was silent and when to give up are asked of this
 * clock; promises of other machines of `bootMs`. The wall clock may be stepped by minutes in either direction; it says what time records,
 * tokens and certificates carry, and nothing else.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
