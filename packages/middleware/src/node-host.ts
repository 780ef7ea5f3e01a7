import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BodyPort,
  type Deny,
  decide,
  deny,
  type Evidence,
  type Forwarding,
  type Gate,
  type Phase,
  type Principal,
  type ProblemCode,
  problems,
  type RequestFacts,
} from '@poorter/engine';
import { findRuntimeFaults, refuseMisreadingRuntime, refuseUnsafeRuntime } from '@poorter/openapi';
import { problemBody, problemHeaders } from './problem-answer.ts';
import { type HeadRules, requestFacts } from './request-facts.ts';
import { showDecided, type ToldRequest, toldRequest } from './seen-by-handlers.ts';

/** What the host asks of the service around it. */
export interface NodeHostPorts {
  /** The gate in force; asked once per call. */
  readonly gate: () => Gate;
  readonly head: HeadRules;
  readonly now: () => number;
  readonly nextId: () => string;
  /** Takes a place in the record before anything is decided: no place, no call. */
  readonly reserve: () => boolean;
  /**
   * A call that ends here. It holds its place; the service writes the record. `call` may be logged as
   * it is; `native` is what the caller sent, credential included.
   */
  readonly refused: (call: RefusedCall, native: IncomingMessage) => void;
  /** A preflight that is answered here; only where the description has a CORS policy. It holds its place. */
  readonly preflight?: (call: AnsweredPreflight) => void;
  /** The handlers read JSON as `@poorter/openapi/json` does: a JSON.parse that misreads is nothing to them. */
  readonly readsAroundFaults?: boolean | undefined;
}

export interface AnsweredPreflight {
  readonly id: string;
  readonly nowMs: number;
  readonly request: ToldRequest;
  readonly api: string;
  readonly operation: string;
  readonly snapshot: number;
}

/** Nothing in it is a credential or another value of the caller. */
export interface RefusedCall {
  readonly id: string;
  readonly nowMs: number;
  readonly method: string | null;
  /** Null when the head itself was refused. */
  readonly request: ToldRequest | null;
  readonly peer: string;
  readonly api: string | null;
  readonly operation: string | null;
  /** Path template. */
  readonly path: string | null;
  readonly principal: Principal | null;
  readonly phase: Phase | 'match' | 'fault';
  readonly code: ProblemCode;
  readonly status: number;
  readonly evidence: Evidence;
  readonly snapshot: number;
}

/** A call that is allowed. The service answers it, records it, and calls `end` once. */
export interface ProtectedCall {
  readonly id: string;
  readonly nowMs: number;
  /** Who calls; null where the operation is open to everybody. */
  readonly principal: Principal | null;
  /** Without credentials, and without what callers cannot say of themselves; as the native request. */
  readonly request: RequestFacts;
  readonly decision: Forwarding;
  /** The checked bytes; null without a body. The native request has been read. */
  readonly body: Uint8Array | null;
  readonly snapshot: number;
  readonly end: () => void;
}

type Next = (call: ProtectedCall) => void;

/** In front of a handler: `next` for calls that are allowed; everything else is answered. */
export type Guard = (
  native: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => Promise<void>;

/**
 * The engine in front of a `node:http` handler. `next` is called for allowed calls only, after the
 * body was read and checked; everything else is answered here. Never throws, never calls twice.
 * Making it throws on a runtime whose faults would reach the engine, or the handler.
 */
export function protect(ports: NodeHostPorts): Guard {
  const faults = findRuntimeFaults();
  refuseUnsafeRuntime(faults);
  if (!ports.readsAroundFaults) refuseMisreadingRuntime(faults);
  return async (native, response, next) => {
    const id = ports.nextId();
    if (!ports.reserve()) return answer(native, response, id, deny('record_unavailable'));
    const nowMs = ports.now();
    const gate = ports.gate();
    const call = { id, nowMs, method: native.method ?? null, snapshot: gate.version };
    const peer = native.socket.remoteAddress ?? '';
    const unmatched = { api: null, operation: null, path: null, principal: null };
    let request: ToldRequest | null = null;
    const refuse = (call: RefusedCall) => ports.refused(call, native);
    try {
      const facts = requestFacts(ports.head, native, { id, nowMs });
      if ('kind' in facts) {
        gate.chargeFailure(peer, facts.code, nowMs);
        refuse({ ...call, ...unmatched, ...told(facts, 'admit'), request, peer });
        return answer(native, response, id, facts);
      }
      request = toldRequest(facts);
      const body = new BufferedBody(native);
      const decision = await decide(gate, facts, body);
      if (decision.kind === 'refuse') {
        decision.end();
        const { operation } = decision;
        refuse({
          ...call,
          request,
          peer,
          api: operation?.api.name ?? null,
          operation: operation?.operation.compiled.id ?? null,
          path: operation?.operation.compiled.path ?? null,
          principal: decision.principal,
          ...told(decision, decision.phase),
        });
        return answer(native, response, id, decision);
      }
      if (decision.kind === 'preflight') {
        decision.end();
        const { api, operation } = decision.operation;
        const about = { api: api.name, operation: operation.compiled.id };
        ports.preflight?.({ ...call, request, ...about });
        response.writeHead(204, [...decision.answerHeaders]);
        response.end();
        return;
      }
      // A body that nobody described is not the service's to read either.
      if (decision.body.kind === 'stream') {
        decision.end();
        const denial = deny('internal_fault', { fault: 'unbuffered body' });
        refuse({ ...call, ...unmatched, ...told(denial, 'fault'), request, peer });
        return answer(native, response, id, denial);
      }
      const bytes = decision.body.kind === 'bytes' ? decision.body.bytes : null;
      // What was decided is what the service routes by and believes.
      const shown = showDecided(native, facts, decision, bytes);
      const { principal, end } = decision;
      next({ ...call, principal, request: shown, decision, body: bytes, end });
    } catch (fault) {
      const denial = deny('internal_fault', {
        fault: fault instanceof Error ? fault.name : 'throw',
      });
      refuse({ ...call, ...unmatched, ...told(denial, 'fault'), request, peer });
      answer(native, response, id, denial);
    }
  };
}

function told(denial: Pick<Deny, 'code' | 'evidence'>, phase: RefusedCall['phase']) {
  const { code, evidence } = denial;
  return { phase, code, evidence, status: problems[code].status };
}

function answer(
  native: IncomingMessage,
  response: ServerResponse,
  id: string,
  denial: Pick<Deny, 'code' | 'details' | 'answerHeaders'>,
): void {
  if (response.headersSent || response.destroyed) return;
  const body = problemBody(denial.code, id, denial.details);
  const headers = problemHeaders(body, denial.answerHeaders ?? []);
  headers.push('poorter-call', id);
  // What follows an unread body on this connection could be read as the next request.
  if (!native.complete) headers.push('connection', 'close');
  response.writeHead(problems[denial.code].status, headers);
  response.end(native.method === 'HEAD' ? undefined : body);
}

/** Reads a body into memory when the decision asks for it, within its bound. */
class BufferedBody implements BodyPort {
  readonly isVisible = true;
  readonly #native: IncomingMessage;

  constructor(native: IncomingMessage) {
    this.#native = native;
  }

  async read(bytesMax: number): Promise<Uint8Array | Deny> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of this.#native.iterator({ destroyOnReturn: false })) {
        length += (chunk as Buffer).length;
        if (!(length <= bytesMax)) return deny('body_too_large', { bytesMax });
        chunks.push(chunk as Buffer);
      }
    } catch {
      return deny('malformed_request', { reason: 'cut-off' });
    }
    if (!this.#native.complete) return deny('malformed_request', { reason: 'cut-off' });
    return Buffer.concat(chunks);
  }
}
