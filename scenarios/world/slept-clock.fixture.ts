import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';

/**
 * Loaded with `--import` into every process and thread of a gate: the machine has then been up as
 * many milliseconds longer as the file in $SLEPT_CLOCK_FILE says, and the monotonic clock knows
 * nothing of it, as when a machine slept.
 */
const file = process.env['SLEPT_CLOCK_FILE'];
if (file !== undefined) stretchUptime(file);

function stretchUptime(from: string): void {
  const real = os.uptime;
  os.uptime = () => real() + (Number(readFileSync(from, 'utf8')) || 0) / 1_000;
  syncBuiltinESMExports();
}

/** The environment for a gate whose machine has `slept` so long since it was started. */
export function sleptClock(folder: string): {
  env: NodeJS.ProcessEnv;
  slept(totalMs: number): void;
} {
  const clockFile = join(folder, 'slept');
  const slept = (totalMs: number) => writeFileSync(clockFile, String(totalMs));
  slept(0);
  const hook = `--import ${import.meta.filename}`;
  return { env: { SLEPT_CLOCK_FILE: clockFile, NODE_OPTIONS: hook }, slept };
}
