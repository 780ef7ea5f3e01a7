export {
  type AbsoluteTarget,
  absoluteTarget,
  canonicalHost,
  isSameAuthority,
} from './authority.ts';
export { checkAddress, checkCallers } from './block-list.ts';
export { canonicalTarget } from './canonical-path.ts';
export { newlyAllowed } from './compare-network-lists.ts';
export { compileFailureBudget, type FailureBudget } from './failure-budget.ts';
export { compileNetworkLists, type NetworkLists } from './network-list.ts';
export { compileOriginalCall, type Disagreement, type OriginalCall } from './original-call.ts';
export { type CallerStanding, hasRoom } from './overload.ts';
export { checkHead, isHost } from './protocol-hygiene.ts';
export { refuseTarget } from './refuse-target.ts';
