import assert from 'node:assert/strict';
import type { JsonReading } from './types.ts';

/**
 * Both halves read the same. Whether a name may pollute, the quick one asks of the whole text, values
 * included: it may say so too often, and never too rarely.
 */
export function assertAlike(quick: JsonReading, strict: JsonReading, text: string): void {
  if (mayPollute(strict)) assert.ok(mayPollute(quick), text);
  assert.deepEqual(apart(quick), apart(strict), text);
}

function mayPollute(reading: JsonReading): boolean {
  return reading.ok && reading.traits?.mayPollute === true;
}

function apart(reading: JsonReading): object {
  if (!reading.ok) return reading;
  const { traits, ...rest } = reading;
  return { ...rest, hasExact: traits?.hasExact === true };
}
