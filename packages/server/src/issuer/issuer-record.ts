import type { ProtectedCall, RefusedCall } from '@poorter/middleware/guard';
import { type CallRecord, callRecord } from '../messages/call-record.ts';
import type { IssuerCodeName } from '../messages/issuer-codes.ts';

/** What the protocol made of a call. */
export interface ToldOfCall {
  /** Null: nobody showed who it is. */
  readonly client: string | null;
  /** Null: no person took part, or nobody knows yet who it is. */
  readonly subject: string | null;
  /** Null: none. */
  readonly error: IssuerCodeName | null;
  /** What its developer is told of it, if anything. */
  readonly reason?: string;
}

export interface AnsweredCall extends ToldOfCall {
  readonly status: number;
  readonly isComplete: boolean;
  readonly durationMs: number;
}

export function answeredRecord(call: ProtectedCall, answered: AnsweredCall): CallRecord {
  const { decision, request, body, id, nowMs, snapshot } = call;
  const { client, subject, error, reason, status, isComplete, durationMs } = answered;
  return callRecord(
    {
      ...({ id, nowMs, snapshot, host: 'issuer', durationMs, isComplete } as const),
      ...{ client: request.clientAddress, method: request.method, names: decision.operation.names },
      principal: principalOf(client, subject),
      ...{ observed: [], findings: null, bytesIn: body?.length ?? 0, bytesOut: 0 },
    },
    {
      decision: status >= 400 ? 'failed' : 'answered',
      phase: 'own',
      ...{ code: error, status, evidence: reason === undefined ? {} : { reason } },
    },
  );
}

/** Whoever acts for themselves at our own pages does so through no application. */
function principalOf(client: string | null, subject: string | null): CallRecord['principal'] {
  if (client !== null) return { kind: 'client', client, subject, credentialId: null };
  return subject === null ? null : { kind: 'person', client: null, subject, credentialId: null };
}

export function refusedRecord(call: RefusedCall, nowMs: number): CallRecord {
  const { method, principal, phase, code, status, evidence, id, snapshot } = call;
  return callRecord(
    {
      ...({ id, nowMs: call.nowMs, snapshot, host: 'issuer' } as const),
      client: call.request?.clientAddress ?? call.peer,
      ...{ method, names: call, principal, observed: [], findings: null },
      durationMs: Math.max(0, nowMs - call.nowMs),
      ...{ bytesIn: 0, bytesOut: 0, isComplete: true },
    },
    { decision: 'refused', phase, code, status, evidence },
  );
}
