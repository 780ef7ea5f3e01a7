import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever its own clock is. */
const TICK_MS = 10;

/** Milliseconds of processor time that a process has taken so far, with all of its threads. */
export function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
