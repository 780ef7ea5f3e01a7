export { BootClock, bootMs } from './boot-clock.ts';
export { monotonicMs } from './monotonic.ts';
