export { certificateFault, SYSTEM_AUTHORITIES } from './certificate-fault.ts';
