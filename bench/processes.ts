import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which Linux has shown to programs as 100 for as long as /proc has existed. */
const TICKS_PER_SECOND = 100;

/** The process and all its descendants. */
function processTree(pid: number): number[] {
  const found = [pid];
  for (const one of found) {
    for (const thread of list(`/proc/${one}/task`)) {
      const text = read(`/proc/${one}/task/${thread}/children`);
      for (const child of text.split(' ')) if (child !== '') found.push(Number(child));
    }
  }
  return found;
}

/** CPU time that the tree has used so far: user and system, of all threads, ended ones included. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const one of processTree(pid)) {
    const stat = read(`/proc/${one}/stat`);
    // The name, in parentheses, may hold anything; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that have ended: fields 14 to 17 of proc(5).
    for (const index of [11, 12, 13, 14]) ticks += Number(fields[index] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

export interface Memory {
  /** Sum over the tree; pages that processes share count once for each. */
  readonly residentMb: number;
  /** Proportional: shared pages count once. */
  readonly proportionalMb: number;
  /** Of the programs' own making: pages of mapped files, which the system may take back, are not in it. */
  readonly anonymousMb: number;
}

export function memoryOf(pid: number): Memory {
  let residentKb = 0;
  let proportionalKb = 0;
  let anonymousKb = 0;
  for (const one of processTree(pid)) {
    const rollup = read(`/proc/${one}/smaps_rollup`);
    residentKb += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    proportionalKb += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    anonymousKb += Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return {
    residentMb: residentKb / 1024,
    proportionalMb: proportionalKb / 1024,
    anonymousMb: anonymousKb / 1024,
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
