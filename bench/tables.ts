import { cpus, loadavg, totalmem } from 'node:os';
import { firstLineOf } from './equipment.ts';
import type { Window } from './load.ts';
import type { Peer } from './peers/peer.ts';
import { type ScenarioResult, YARDSTICK } from './scenarios.ts';

/** Median, least and most of the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** Markdown, so that a run can be pasted into a page. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function shown({ median, min, max }: Spread, digits = 0): string {
  const text = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(median)} (${text(min)}–${text(max)})`;
}

export function scenarioTable({ scenario, peers, leftOut }: ScenarioResult): string {
  const yardstick = peers.find(({ peer }) => peer === YARDSTICK)?.windows ?? [];
  const rows = peers.map(({ peer, windows, lacks }) => [
    peer,
    shown(spreadOf(windows.map((one) => one.cpuMicrosPerCall))),
    yardstick.length === 0 ? '–' : shown(ratioTo(yardstick, windows), 2),
    shown(spreadOf(windows.map((one) => one.callsPerSecond))),
    shown(spreadOf(windows.map((one) => one.p50Ms)), 1),
    shown(spreadOf(windows.map((one) => one.p99Ms)), 1),
    lacks.join(', ') || '–',
  ]);
  const head = ['peer', 'CPU µs/call', `× ${YARDSTICK}`, 'calls/s', 'p50 ms', 'p99 ms', 'not done'];
  const out = leftOut.map((line) => `left out: ${line}`);
  return [`## ${scenario.name}: ${scenario.title}`, '', table(head, rows), '', ...out].join('\n');
}

/** Of CPU per call, within each round: what disturbs one round disturbs both. */
function ratioTo(yardstick: readonly Window[], windows: readonly Window[]): Spread {
  return spreadOf(
    windows.map(({ cpuMicrosPerCall }, round) => {
      const base = yardstick[round]?.cpuMicrosPerCall ?? Number.NaN;
      return cpuMicrosPerCall / base;
    }),
  );
}

export function machineFacts(peers: readonly Peer[]): string {
  const [first] = cpus();
  const versions = peers
    .filter((peer) => peer.unavailable?.() === undefined)
    .map((peer) => `${peer.name} ${peer.version()}`);
  return [
    `${cpus().length} × ${first?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${firstLineOf('uname', ['-sr'])}, ${firstLineOf('wrk', ['-v']).split(' [')[0]}`,
    `load average before the run ${loadavg()[0]?.toFixed(1)}; an idle machine gives figures worth quoting`,
    ...versions,
  ].join('\n');
}
