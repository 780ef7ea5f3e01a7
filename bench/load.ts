import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuSeconds } from './processes.ts';
import type { World } from './world.ts';

const CONNECTIONS = 32;

/** A call as the load generator sends it. */
export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One measured window of one peer. */
export interface Window {
  readonly cpuMicrosPerCall: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface WrkResult {
  readonly calls: number;
  readonly micros: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
}

/** Writes the script that sends these calls in turn; returns its file. */
export function writeLoadScript(world: World, name: string, calls: readonly Call[]): string {
  const lines = calls.map(({ method, path, headers, body }) => {
    const fields = Object.entries(headers).map(([field, value]) => `[${lua(field)}]=${lua(value)}`);
    const text = body === undefined ? 'nil' : lua(body);
    return `  wrk.format(${lua(method)}, ${lua(path)}, {${fields.join(',')}}, ${text}),`;
  });
  return world.write(
    `${name}.lua`,
    SCRIPT.replace('--CALLS--', () => lines.join('\n')),
  );
}

/** Loads `origin` for that long; CPU time is that of the process tree under `pid`. */
export async function measureWindow(
  script: string,
  target: { readonly origin: string; readonly pid: number },
  seconds: number,
  connections: number = CONNECTIONS,
): Promise<Window> {
  const before = cpuSeconds(target.pid);
  const result = await runWrk(script, target.origin, seconds, connections);
  const used = cpuSeconds(target.pid) - before;
  if (result.failures > 0 || result.calls === 0) {
    throw new Error(`${result.failures} of ${result.calls} calls failed under load`);
  }
  return {
    cpuMicrosPerCall: (used * 1e6) / result.calls,
    callsPerSecond: (result.calls * 1e6) / result.micros,
    p50Ms: result.p50 / 1000,
    p99Ms: result.p99 / 1000,
  };
}

async function runWrk(
  script: string,
  origin: string,
  seconds: number,
  connections: number,
): Promise<WrkResult> {
  const child = spawn(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, origin],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  await once(child, 'close');
  process.removeListener('exit', stop);
  const found = /^RESULT (\{.*\})$/m.exec(said)?.[1];
  if (found === undefined) throw new Error(`wrk gave no result: ${said.trim()}`);
  return JSON.parse(found) as WrkResult;
}

/** Lua reads the escapes that JSON writes for the plain ASCII used here. */
function lua(text: string): string {
  return JSON.stringify(text);
}

const SCRIPT = `local calls
local turn = 0

function init(args)
  calls = {
--CALLS--
  }
end

function request()
  turn = turn % #calls + 1
  return calls[turn]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"calls":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
`;
