export { monotonicMs } from './monotonic.ts';
