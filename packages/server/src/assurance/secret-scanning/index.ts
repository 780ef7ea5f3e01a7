export { acceptedIn, baselineOf, withoutAccepted } from './baseline.ts';
export { type Finding, OWN_KEY_RULE, printable, printablePath } from './finding.ts';
export { sarifOf } from './sarif.ts';
export { scanHistory } from './scan-history.ts';
export type { ScanReport } from './scan-report.ts';
export { scanTree } from './scan-tree.ts';
