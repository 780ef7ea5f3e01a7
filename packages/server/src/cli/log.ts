import { exportVerb } from './log/export.ts';
import { openVerb } from './log/open.ts';
import { logUsage } from './log/places.ts';
import { proveVerb } from './log/prove.ts';
import { searchVerb, showVerb, tailVerb } from './log/read.ts';
import { verifyVerb } from './log/verify.ts';
import type { OperatorWorld } from './options.ts';
import { runVerbs } from './run-verbs.ts';

export { logUsage };

/** `poorter log`: 0 done or good, 1 not done or bad, 2 called wrongly. Reads; never changes the log. */
export function logCommand(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const verbs = {
    tail: tailVerb,
    search: searchVerb,
    show: showVerb,
    open: openVerb,
    verify: verifyVerb,
    prove: proveVerb,
    export: exportVerb,
  };
  return runVerbs('log', verbs, logUsage, argv, world);
}
