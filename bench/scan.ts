import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds, memoryOf } from './processes.ts';
import { commitMaterial, type Material, writeMaterial } from './scan-material.ts';
import { shown, spreadOf, table } from './tables.ts';

export interface ScanResult {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: readonly number[];
  readonly cpuSeconds: readonly number[];
  readonly residentMb: readonly number[];
  readonly anonymousMb: readonly number[];
}

const MAIN = join(import.meta.dirname, '../packages/server/dist/main.js');
const BYTES = 1_000_000_000;
const LOOK_EVERY_MS = 50;

/** `poorter scan` over a repository of 1 GB: its tree, then its history. */
export async function runScan(rounds: number): Promise<ScanResult[]> {
  console.log('\nscan');
  const root = mkdtempSync(join(tmpdir(), 'poorter-bench-scan-'));
  try {
    const material = writeMaterial(root, BYTES);
    commitMaterial(root);
    const results: ScanResult[] = [];
    for (const [name, argv] of [
      [`tree, ${material.files.toLocaleString('en')} files`, [root]],
      ['history, one pack', ['--git', root]],
    ] as const) {
      const runs: Run[] = [];
      for (let round = 0; round < rounds; round++) runs.push(await runOnce(argv, material));
      results.push({
        name,
        bytes: material.bytes,
        seconds: runs.map(({ seconds }) => seconds),
        cpuSeconds: runs.map((run) => run.cpuSeconds),
        residentMb: runs.map(({ residentMb }) => residentMb),
        anonymousMb: runs.map(({ anonymousMb }) => anonymousMb),
      });
    }
    return results;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export function scanTable(results: readonly ScanResult[]): string {
  return [
    '### scan: a repository of 1 GB',
    '',
    table(
      ['what', 's', 'MB/s', 'CPU s', 'peak RSS MB', 'without mapped files'],
      results.map(({ name, bytes, seconds, cpuSeconds: cpu, residentMb, anonymousMb }) => [
        name,
        shown(spreadOf(seconds), 1),
        shown(spreadOf(seconds.map((one) => bytes / 1e6 / one))),
        shown(spreadOf(cpu), 1),
        shown(spreadOf(residentMb)),
        shown(spreadOf(anonymousMb)),
      ]),
    ),
  ].join('\n');
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly anonymousMb: number;
}

async function runOnce(argv: readonly string[], material: Material): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, 'scan', '--json', ...argv], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = child.pid ?? 0;
  let [residentMb, anonymousMb, cpu] = [0, 0, 0];
  const clock = setInterval(() => {
    const memory = memoryOf(pid);
    residentMb = Math.max(residentMb, memory.residentMb);
    anonymousMb = Math.max(anonymousMb, memory.anonymousMb);
    cpu = Math.max(cpu, cpuSeconds(pid));
  }, LOOK_EVERY_MS);
  let report = '';
  child.stdout.on('data', (chunk: Buffer) => {
    report += chunk.toString();
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(clock);
  const seconds = (performance.now() - started) / 1000;
  const found = (JSON.parse(report) as { findings: unknown[] }).findings.length;
  if (status !== 1 || found !== material.secrets) {
    throw new Error(`scan found ${found} of ${material.secrets} secrets, status ${status}`);
  }
  return { seconds, cpuSeconds: cpu, residentMb, anonymousMb };
}
