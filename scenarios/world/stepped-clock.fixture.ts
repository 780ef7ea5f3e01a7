import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Loaded with `--import` into every process and thread of a gate: its wall clock then runs as many
 * milliseconds ahead as the file in $STEPPED_CLOCK_FILE says. The monotonic clock is untouched, as
 * when a machine's time is set.
 */
const file = process.env['STEPPED_CLOCK_FILE'];
if (file !== undefined) stepWallClock(file, Number(process.env['STEPPED_CLOCK_READ_MS']));

function stepWallClock(from: string, readEveryMs: number): void {
  const real = Date.now;
  let offsetMs = 0;
  let readAt = 0;
  Date.now = () => {
    const now = real();
    if (now - readAt >= readEveryMs) {
      readAt = now;
      offsetMs = Number(readFileSync(from, 'utf8')) || 0;
    }
    return now + offsetMs;
  };
}

/** The environment for a gate whose wall clock `step` moves: seen after `readEveryMs`; 0: at once. */
export function steppedClock(
  folder: string,
  readEveryMs = 20,
): {
  env: NodeJS.ProcessEnv;
  step(offsetMs: number): void;
} {
  const clockFile = join(folder, 'clock-offset');
  const step = (offsetMs: number) => writeFileSync(clockFile, String(offsetMs));
  step(0);
  const hook = `--import ${import.meta.filename}`;
  const env = { STEPPED_CLOCK_FILE: clockFile, STEPPED_CLOCK_READ_MS: String(readEveryMs) };
  return { env: { ...env, NODE_OPTIONS: hook }, step };
}
