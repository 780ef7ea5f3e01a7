import { type Deny, problems } from '@poorter/engine';
import { nextCallId } from './call.ts';
import { problemBody, problemHeaders } from './problem-answer.ts';
import type { Runtime } from './runtime.ts';

/** Records bytes that never became a request, charges their sender, and returns the raw answer. */
export function recordUnparsed(runtime: Runtime, peer: string, denial: Deny): Buffer {
  const id = nextCallId();
  const nowMs = runtime.now();
  const { status } = problems[denial.code];
  const answer = rawAnswer(status, denial, id);
  runtime.gate.chargeFailure(peer, denial.code, nowMs);
  if (!runtime.records.reserve()) return answer;
  runtime.records.write({
    time: new Date(nowMs).toISOString(),
    id,
    host: 'parser',
    client: peer,
    method: null,
    api: null,
    operation: null,
    path: null,
    principal: null,
    decision: 'refused',
    phase: 'parser',
    code: denial.code,
    status,
    evidence: denial.evidence,
    observed: [],
    answer: null,
    snapshot: runtime.gate.version,
    durationMs: 0,
    bytesIn: 0,
    bytesOut: answer.length,
    complete: true,
  });
  runtime.statistics.count('', '', 'refused', denial.code, 0);
  return answer;
}

function rawAnswer(status: number, denial: Deny, id: string): Buffer {
  const body = problemBody(denial.code, id);
  const headers = problemHeaders(body, ['connection', 'close']);
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}`];
  for (let index = 0; index < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
