import type { Allowance } from '@poorter/engine';

/** What the script that draws answers with (`draw-script.ts`): numbers, times in microseconds. */
export function serverMs(numbers: readonly number[]): number {
  return (numbers[1] as number) / 1_000;
}

export function allowancesOf(numbers: readonly number[]): Allowance[] {
  const allowances: Allowance[] = [];
  for (let at = 0; at + 2 < numbers.length; at += 3) {
    const allowed = numbers[at] === 1;
    const waitMs = (numbers[at + 2] as number) / 1_000;
    allowances.push({
      allowed,
      remaining: numbers[at + 1] as number,
      retryAfterMs: allowed ? 0 : waitMs,
      resetMs: waitMs,
    });
  }
  return allowances;
}
