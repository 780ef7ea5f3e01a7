import type { Evidence } from '@poorter/engine';
import type { ProtectedCall, RefusedCall } from '@poorter/middleware/guard';
import { type CallRecord, callRecord } from '../messages/call-record.ts';
import type { AnyAnswer } from './act.ts';

/** An act as it stands in the security log: an intent when there is no answer yet. */
export function actRecord(
  call: ProtectedCall,
  answer: AnyAnswer | null,
  findings: Evidence | null,
  durationMs: number,
): CallRecord {
  const { decision, request, body } = call;
  const facts = {
    ...common(call, durationMs),
    client: request.clientAddress,
    ...{ method: request.method, names: decision.operation.names, principal: decision.principal },
    ...{ findings, bytesIn: body?.length ?? 0 },
  };
  if (answer === null) {
    const intent = { decision: 'intended', phase: null, code: null, status: null } as const;
    return callRecord(facts, { ...intent, evidence: {} });
  }
  const isRefused = answer.status >= 400;
  return callRecord(facts, {
    decision: isRefused ? 'failed' : 'answered',
    phase: 'own',
    code: isRefused ? codeOf(answer) : null,
    status: answer.status,
    evidence: answer.target === undefined ? {} : { target: answer.target },
  });
}

export function refusalRecord(call: RefusedCall, nowMs: number): CallRecord {
  const { method, principal, phase, code, status, evidence } = call;
  const facts = {
    ...common(call, Math.max(0, nowMs - call.nowMs)),
    client: call.request?.clientAddress ?? call.peer,
    ...{ method, names: call, principal, findings: null, bytesIn: 0 },
  };
  return callRecord(facts, { decision: 'refused', phase, code, status, evidence });
}

function common(
  { id, nowMs, snapshot }: Pick<RefusedCall, 'id' | 'nowMs' | 'snapshot'>,
  durationMs: number,
) {
  return {
    ...({ id, nowMs, snapshot, host: 'admin', durationMs } as const),
    ...{ observed: [], bytesOut: 0, isComplete: true },
  };
}

function codeOf(answer: AnyAnswer): string {
  return (answer.body as { code?: string } | null)?.code ?? 'failed';
}
