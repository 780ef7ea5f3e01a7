import type { ProtectedCall, RefusedCall } from '@poorter/middleware';
import type { CallRecord } from '../messages/call-record.ts';
import type { AnyAnswer } from './act.ts';

/** An act as it stands in the security log: an intent when there is no answer yet. */
export function actRecord(
  call: ProtectedCall,
  answer: AnyAnswer | null,
  durationMs: number,
): CallRecord {
  const { decision, request } = call;
  const { compiled } = decision.operation.operation;
  const isRefused = answer !== null && answer.status >= 400;
  return {
    ...common(call.nowMs, durationMs, call.snapshot),
    id: call.id,
    client: request.clientAddress,
    method: request.method,
    api: decision.operation.api.name,
    operation: compiled.id,
    path: compiled.path,
    principal: principalOf(decision.principal),
    decision: answer === null ? 'intended' : isRefused ? 'failed' : 'answered',
    phase: answer === null ? null : 'own',
    code: isRefused ? codeOf(answer) : null,
    status: answer?.status ?? null,
    evidence: answer?.target === undefined ? {} : { target: answer.target },
    bytesIn: call.body?.length ?? 0,
  };
}

export function refusalRecord(call: RefusedCall, nowMs: number): CallRecord {
  return {
    ...common(call.nowMs, Math.max(0, nowMs - call.nowMs), call.snapshot),
    id: call.id,
    client: call.request?.clientAddress ?? call.peer,
    method: call.method,
    api: call.api,
    operation: call.operation,
    path: call.path,
    principal: principalOf(call.principal),
    decision: 'refused',
    phase: call.phase,
    code: call.code,
    status: call.status,
    evidence: call.evidence,
    bytesIn: 0,
  };
}

function common(atMs: number, durationMs: number, snapshot: number) {
  return {
    time: new Date(atMs).toISOString(),
    host: 'admin' as const,
    observed: [],
    answer: null,
    snapshot,
    durationMs: Math.round(durationMs * 1000) / 1000,
    bytesOut: 0,
    complete: true,
  };
}

function principalOf(principal: RefusedCall['principal']): CallRecord['principal'] {
  if (principal === null) return null;
  const { kind, client, subject, credentialId } = principal;
  return { kind, client, subject, credentialId };
}

function codeOf(answer: AnyAnswer): string {
  return (answer.body as { code?: string } | null)?.code ?? 'failed';
}
