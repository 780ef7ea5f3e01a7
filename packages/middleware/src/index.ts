/** The engine inside a Node service: native request in, decision, native answer or the service's turn. */
export * from './guard.ts';
export * from './node-messages.ts';
export { ProcessCounters } from './process-counters.ts';
export { type ProtectionOptions, protectBy, RefusedDescription } from './protect-by.ts';
