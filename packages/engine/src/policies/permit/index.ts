export { compilePermit, type EvaluatePermit } from './permit.ts';
export type { PermitConfig } from './permit-config.ts';
