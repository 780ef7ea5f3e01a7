export { findWeakenings } from './find-weakenings.ts';
export { readProtectionInForce } from './in-force.ts';
export type { Protection } from './protection.ts';
