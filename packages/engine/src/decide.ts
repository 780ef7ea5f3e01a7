import { PatternWork } from '@poorter/openapi/checks';
import type { Principal, RequestFacts } from './facts.ts';
import type { Gate, GatePreflight } from './gate.ts';
import type { OperationGate } from './open-operation.ts';
import { type CallerStanding, hasRoom } from './policies/admit/index.ts';
import { isNearLimit } from './policies/limit/index.ts';
import {
  askedInteraction,
  givenInteraction,
  INTERACTION_FIELD,
  upstreamHeaders,
  withoutQueryParameters,
} from './policies/shape/index.ts';
import type { BodyPort, CheckedBody, ValidateContext } from './policies/validate/index.ts';
import { type Deny, deny, type Evidence, type Phase } from './policy.ts';
import type { ProblemCode } from './problems.ts';

export type Decision = Refusal | Forwarding | Preflight;

interface Decided {
  readonly operation: OperationGate | null;
  readonly principal: Principal | null;
  /** Of the operation's path parameters, in the order of its path. */
  readonly pathValues: readonly string[];
  /** Header fields for the answer, whoever gives it: name, value, … */
  readonly answerHeaders: readonly string[];
  /** Denials that `observe` mode let pass. */
  readonly observed: readonly Observation[];
  /** To be called once, when the call has ended. */
  readonly end: () => void;
}

export interface Refusal extends Decided {
  readonly kind: 'refuse';
  readonly phase: Phase | 'match' | 'fault';
  readonly code: ProblemCode;
  readonly evidence: Evidence;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Forwarding extends Decided {
  readonly kind: 'forward';
  readonly operation: OperationGate;
  /** Canonical path and query: what was checked is what is forwarded. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: CheckedBody;
}

/** A page asks, through its browser, what it may send: the answer is `answerHeaders` alone. */
export interface Preflight extends Decided {
  readonly kind: 'preflight';
  readonly operation: OperationGate;
}

export interface Observation {
  readonly phase: Phase;
  readonly code: ProblemCode;
  readonly evidence: Evidence;
}

/** The whole decision on one call, top to bottom. A throw anywhere refuses the call. */
export async function decide(gate: Gate, request: RequestFacts, body: BodyPort): Promise<Decision> {
  const call = new Call(gate, request);
  try {
    // admit
    const admission = gate.admit(request) ?? call.room('unknown');
    if (admission !== null) return call.refuse('admit', admission);

    // match
    const preflight = request.method === 'OPTIONS' ? gate.preflight(request) : null;
    if (preflight !== null) return call.answerPreflight(preflight);
    const match = gate.match(request);
    if (match.kind === 'refused') return call.refuse('match', match.denial);
    const operation = (call.operation = match.operation);
    call.pathValues = match.pathValues;
    if (operation.cors !== null) {
      call.learn({ answerHeaders: operation.cors.answerFields(request.headers.get('origin')) });
    }
    const asked = askedInteraction(request);
    if (asked !== null) call.learn({ answerHeaders: [INTERACTION_FIELD, asked] });
    const network = operation.checkNetwork(request);
    if (network !== null) return call.refuse('admit', network);

    // identify
    const identifying = operation.identify(request);
    const identity = identifying instanceof Promise ? await identifying : identifying;
    if (identity.kind === 'deny') return call.refuse('identify', identity);
    call.principal = identity.principal;
    const given = asked === null ? givenInteraction(request, identity.principal) : null;
    if (given !== null) call.learn({ answerHeaders: [INTERACTION_FIELD, given] });
    const blocked = operation.checkBlocks(identity, request.nowMs);
    if (blocked !== null) return call.refuse('identify', blocked);
    const shed = identity.principal === null ? call.room('anonymous') : null;
    if (shed !== null) return call.refuse('admit', shed);

    // limit
    const limiting = operation.limit(request, {
      operation: operation.operation,
      principal: identity.principal,
    });
    const limits = limiting instanceof Promise ? await limiting : limiting;
    call.learn(limits);
    if (limits.kind === 'deny') {
      const crowded = call.room('over-limit');
      if (crowded !== null) return call.refuse('admit', crowded);
      if (!call.mayObserve('limit', limits)) return call.refuse('limit', limits);
    } else if (isNearLimit(limits)) {
      const crowded = call.room('over-limit');
      if (crowded !== null) return call.refuse('admit', crowded);
    }

    // authorize
    const authorization = operation.authorize(request, identity);
    if (authorization.kind === 'deny') return call.refuse('authorize', authorization);

    // validate
    const upgrade = operation.checkUpgrade(request);
    if (upgrade !== null) return call.refuse('validate', upgrade);
    const parameters = operation.checkParameters(request, match.pathValues, call);
    if (parameters !== null) return call.refuse('validate', parameters);
    const checking = operation.checkBody(request, body, call);
    const checked = checking instanceof Promise ? await checking : checking;
    if (checked.kind === 'deny') return call.refuse('validate', checked);

    // permit
    if (operation.permit !== null) {
      const bytes = checked.kind === 'bytes' ? checked.bytes : null;
      const permitting = operation.permit(request, identity.principal, bytes);
      const refusal = permitting instanceof Promise ? await permitting : permitting;
      if (refusal !== null) return call.refuse('permit', refusal);
    }

    // shape
    const signing = operation.identityFor(identity.principal, request.nowMs);
    const signed = signing instanceof Promise ? await signing : signing;
    const query = withoutQueryParameters(request.query, operation.credentials.query);
    const scheme = request.isTls ? 'https' : 'http';
    const headers = upstreamHeaders(request, scheme, signed, operation.shape);
    if (given !== null && !request.headers.has(INTERACTION_FIELD)) {
      headers.push(INTERACTION_FIELD, given);
    }
    return {
      kind: 'forward',
      ...call.decided(),
      operation,
      target: query === '' ? match.path : `${match.path}?${query}`,
      headers,
      body: checked,
    };
  } catch (fault) {
    return call.refuse('fault', deny('internal_fault', describeFault(fault)));
  }
}

/** A fault tells operators its kind and place, and callers nothing. */
function describeFault(fault: unknown): Evidence {
  if (!(fault instanceof Error)) return { fault: typeof fault };
  const place = fault.stack
    ?.split('\n')[1]
    ?.trim()
    .replace(/\(?(?:file:\/\/)?\/.*\//, '(');
  return { fault: fault.name, ...(place !== undefined && { place }) };
}

/** What is learned about one call while it is decided. */
class Call implements ValidateContext {
  operation: OperationGate | null = null;
  pathValues: readonly string[] = [];
  principal: Principal | null = null;
  readonly patternWork = new PatternWork();
  readonly #gate: Gate;
  readonly #request: RequestFacts;
  readonly #answerHeaders: string[] = [];
  readonly #observed: Observation[] = [];
  readonly #onEnd: (() => void)[] = [];

  constructor(gate: Gate, request: RequestFacts) {
    this.#gate = gate;
    this.#request = request;
  }

  room(standing: CallerStanding): Deny | null {
    const { inFlight, capacity } = this.#gate;
    if (hasRoom(standing, inFlight(), capacity)) return null;
    return deny('overloaded', { standing }, { answerHeaders: ['retry-after', '1'] });
  }

  learn(effects: { answerHeaders?: readonly string[]; onEnd?: () => void }): void {
    if (effects.answerHeaders !== undefined) this.#answerHeaders.push(...effects.answerHeaders);
    if (effects.onEnd !== undefined) this.#onEnd.push(effects.onEnd);
  }

  /** `observe` softens limits and validation, and leaves a trace of what it let pass. */
  mayObserve(phase: 'limit' | 'validate', denial: Deny): boolean {
    if (this.operation?.mode !== 'observe') return false;
    this.remark(phase, denial);
    return true;
  }

  /** What is only to be told leaves the same trace, whatever the mode. */
  remark(phase: 'limit' | 'validate', { code, evidence }: Deny): void {
    this.#observed.push({ phase, code, evidence });
  }

  /** Anonymous like every preflight, so that others go first when there is little room. */
  answerPreflight(preflight: GatePreflight): Preflight | Refusal {
    const { operation } = preflight;
    const crowded = this.room('anonymous');
    if (crowded !== null) return this.refuse('admit', crowded);
    this.operation = operation;
    if (preflight.kind === 'refused') {
      const origin = this.#request.headers.get('origin');
      this.learn({ answerHeaders: operation.cors?.answerFields(origin) ?? [] });
      const phase = preflight.denial.code === 'origin_not_allowed' ? 'match' : 'admit';
      return this.refuse(phase, preflight.denial);
    }
    this.learn(preflight);
    return { ...this.decided(), kind: 'preflight', operation };
  }

  refuse(phase: Refusal['phase'], denial: Deny): Refusal {
    // Pages may read why, also where no operation was found.
    if (this.operation === null)
      this.learn({ answerHeaders: this.#gate.corsFields(this.#request) });

    // Limits already announced their headers; everything else adds its own here.
    if (phase !== 'limit') this.learn(denial);
    this.#gate.chargeFailure(this.#request.clientAddress, denial.code, this.#request.nowMs);
    return {
      kind: 'refuse',
      ...this.decided(),
      phase,
      code: denial.code,
      evidence: denial.evidence,
      details: denial.details ?? {},
    };
  }

  decided(): Decided {
    const onEnd = this.#onEnd;
    return {
      operation: this.operation,
      principal: this.principal,
      pathValues: this.pathValues,
      answerHeaders: this.#answerHeaders,
      observed: this.#observed,
      end: () => {
        for (const effect of onEnd.splice(0)) effect();
      },
    };
  }
}
