export { openOwnGate } from './own-gate.ts';
/** Compiling a contract is for tools: whoever reads one loads nothing that reads descriptions. */
export { readContract } from './read-contract.ts';
