/** The engine inside a Node service: native request in, decision, native answer or the service's turn. */
export {
  type AnsweredPreflight,
  type NodeHostPorts,
  type ProtectedCall,
  protect,
  type RefusedCall,
} from './node-host.ts';
export { problemBody, problemHeaders } from './problem-answer.ts';
export { forgetCertificate, type HeadRules, requestFacts } from './request-facts.ts';
