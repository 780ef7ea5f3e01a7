import { lineOf } from '../control/protection/weakening.ts';
import type { ConfigurationStatus } from '../control/status-routes.ts';

/** A configuration that protects less: every kind of weakening on a line of its own. */
export function linesOf({
  weakenings,
  count,
}: NonNullable<ConfigurationStatus['waiting']>): string[] {
  const rest = count - weakenings.reduce((sum, { more }) => sum + 1 + more, 0);
  return [
    ...weakenings.map((one) => `  - ${lineOf(one)}`),
    ...(rest > 0 ? [`  - and ${rest} more`] : []),
  ];
}
