/** The engine in front of handlers, by a gate that was opened elsewhere: nothing of it reads a description. */
export {
  type AnsweredPreflight,
  type Guard,
  type NodeHostPorts,
  type ProtectedCall,
  protect,
  type RefusedCall,
  type ReportedAnswer,
} from './node-host.ts';
export type { ToldRequest } from './seen-by-handlers.ts';
