/** The engine inside a Node service: native request in, decision, native answer or the service's turn. */
export {
  type AnsweredPreflight,
  type Guard,
  type NodeHostPorts,
  type ProtectedCall,
  protect,
  type RefusedCall,
  type ReportedAnswer,
} from './node-host.ts';
export * from './node-messages.ts';
export { ProcessCounters } from './process-counters.ts';
export { type ProtectionOptions, protectBy, RefusedDescription } from './protect-by.ts';
export type { ToldRequest } from './seen-by-handlers.ts';
