export { type Decided, Decisions } from './decide.ts';
export { type Pending, pendingOf, tellDecision } from './pending.ts';
