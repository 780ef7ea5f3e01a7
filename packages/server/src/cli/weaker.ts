import { lineOf } from '../control/protection/weakening.ts';
import type { WeakerConfiguration } from '../messages/admin-contract.generated.ts';

/** A configuration that protects less: every kind of weakening on a line of its own. */
export function linesOf({ weakenings, count }: WeakerConfiguration): string[] {
  const rest = count - weakenings.reduce((sum, { more }) => sum + 1 + more, 0);
  return [
    ...weakenings.map((one) => `  - ${lineOf(one)}`),
    ...(rest > 0 ? [`  - and ${rest} more`] : []),
  ];
}
