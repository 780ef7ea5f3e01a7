import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BodyPort,
  bodyTooLarge,
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
  type Refusal,
  type RequestFacts,
} from '@poorter/engine';
import {
  findRuntimeFaults,
  refuseMisreadingRuntime,
  refuseUnsafeRuntime,
} from '@poorter/openapi/runtime-faults';
import { type AnswerBounds, AnswerMemory } from './answer-copy.ts';
import { problemBody, problemHeaders } from './problem-answer.ts';
import { type AnswerOutcome, releaseChecked } from './release.ts';
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
  /**
   * What callers of a protocol read in a refusal, beside the problem: such an answer is plain JSON, as their protocol
   * has it. Null: it is a problem alone.
   */
  readonly alsoSaid?: (code: ProblemCode, native: IncomingMessage) => Evidence | null;
  /** A preflight that is answered here; only where the description has a CORS policy. It holds its place. */
  readonly preflight?: (call: AnsweredPreflight) => void;
  /**
   * Told once of each answer that is not as its description says, as soon as its fate is known. Without it
   * nothing looks at answers that are only to be reported; `redact` and `block` are done all the same.
   */
  readonly reported?: ((answer: ReportedAnswer) => void) | undefined;
  /** Default: 4 MiB of one answer, 64 MiB of all at once. */
  readonly answerBounds?: AnswerBounds | undefined;
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

/** The answer to an allowed call, which differs from its description. Nothing in it is a value of anybody. */
export interface ReportedAnswer extends AnswerOutcome {
  readonly id: string;
  readonly nowMs: number;
  readonly request: ToldRequest;
  readonly api: string;
  readonly operation: string;
  /** Path template. */
  readonly path: string;
  readonly principal: Principal | null;
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
  /** Its bytes, checked as far as they are described; null without a body. The native request has been read. */
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
  const memory = new AnswerMemory(ports.answerBounds ?? ANSWER_BOUNDS);
  return async (native, response, next) => {
    const id = ports.nextId();
    // a place in the record
    if (!ports.reserve()) return answer(native, response, id, deny('record_unavailable'), ports);
    const nowMs = ports.now();
    const gate = ports.gate();
    const call = { id, nowMs, method: native.method ?? null, snapshot: gate.version };
    const peer = native.socket.remoteAddress ?? '';
    let request: ToldRequest | null = null;
    let endChecks = () => {};
    const refuse = (denial: Deny, phase: RefusedCall['phase'], decided?: Refusal | Forwarding) => {
      const { code, evidence } = denial;
      const names = decided?.operation?.names ?? UNMATCHED;
      const principal = decided?.principal ?? null;
      const { status } = problems[code];
      const known = { request, peer, ...names, principal };
      ports.refused({ ...call, ...known, phase, code, status, evidence }, native);
      answer(native, response, id, denial, ports);
    };
    try {
      // normalise
      const facts = requestFacts(ports.head, native, { id, nowMs });
      if ('kind' in facts) {
        gate.chargeFailure(peer, facts.code, nowMs);
        return refuse(facts, 'admit');
      }
      request = toldRequest(facts);

      // match, decide
      const reader = new BufferedBody(native);
      const decision = await decide(gate, facts, reader);
      if (decision.kind === 'refuse') {
        decision.end();
        const { code, evidence, details, answerHeaders, phase } = decision;
        return refuse({ kind: 'deny', code, evidence, details, answerHeaders }, phase, decision);
      }
      if (decision.kind === 'preflight') {
        decision.end();
        const { api, operation } = decision.operation.names;
        ports.preflight?.({ ...call, request, api, operation });
        response.writeHead(204, [...decision.answerHeaders]);
        response.end();
        return;
      }

      // forward, and release
      const { principal, operation, end } = decision;
      const body = await bodyFor(decision, reader);
      if (body !== null && 'kind' in body) {
        end();
        return refuse(body, 'validate', decision);
      }
      const isChecked = ports.reported !== undefined || operation.response !== 'report';
      // What was decided is what the service routes by and believes.
      const shown = showDecided(native, facts, decision, body, isChecked);
      if (isChecked) {
        const about = { ...call, request, ...operation.names, principal };
        endChecks = releaseChecked(response, {
          ...{ method: facts.method, operation, memory },
          told: (outcome) => ports.reported?.({ ...about, ...outcome }),
          problemFor: (denial) =>
            problemOf(native, id, { ...denial, answerHeaders: decision.answerHeaders }, null),
        });
      }
      next({ ...call, principal, request: shown, decision, body, end });
    } catch (fault) {
      const name = fault instanceof Error ? fault.name : 'throw';
      endChecks();
      refuse(deny('internal_fault', { fault: name }), 'fault');
    }
  };
}

const UNMATCHED = { api: null, operation: null, path: null };
/** As the gate has for one answer. */
const ANSWER_BOUNDS: AnswerBounds = { bytesMax: 4_194_304, heldBytesMax: 67_108_864 };

type Told = Pick<Deny, 'code' | 'details' | 'answerHeaders'>;

function answer(
  native: IncomingMessage,
  response: ServerResponse,
  id: string,
  told: Told,
  { alsoSaid }: Pick<NodeHostPorts, 'alsoSaid'>,
): void {
  if (response.headersSent || response.destroyed) return;
  const said = alsoSaid?.(told.code, native) ?? null;
  const [status, headers, body] = problemOf(native, id, told, said);
  response.writeHead(status, headers);
  response.end(native.method === 'HEAD' ? undefined : body);
}

function problemOf(
  native: IncomingMessage,
  id: string,
  { code, details, answerHeaders = [] }: Told,
  said: Evidence | null,
): [status: number, headers: string[], body: Buffer] {
  const body = problemBody(code, id, { ...said, ...details });
  const headers = problemHeaders(
    body,
    answerHeaders,
    said === null ? undefined : 'application/json',
  );
  headers.push('poorter-call', id);
  // What follows an unread body on this connection could be read as the next request.
  if (!native.complete) headers.push('connection', 'close');
  return [problems[code].status, headers, body];
}

/** A body of which only the type is described is as bounded as those that are checked. */
function bodyFor(
  { body, operation }: Forwarding,
  reader: BufferedBody,
): Uint8Array | null | Promise<Uint8Array | Deny> {
  if (body.kind === 'stream') return reader.read(operation.bodyBytesMax);
  return body.kind === 'bytes' ? body.bytes : null;
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
        if (!(length <= bytesMax)) return bodyTooLarge(bytesMax);
        chunks.push(chunk as Buffer);
      }
    } catch {
      return deny('malformed_request', { reason: 'cut-off' });
    }
    if (!this.#native.complete) return deny('malformed_request', { reason: 'cut-off' });
    return Buffer.concat(chunks);
  }
}
