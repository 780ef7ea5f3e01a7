import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Counters,
  compileOriginalCall,
  type Deny,
  deny,
  type Evidence,
  type Gate,
  isBodiless,
  judgeUnseen,
  judgeWhole,
  type LiveRights,
  type ProblemCode,
} from '@poorter/engine';
import { type ProtectedCall, protect, type RefusedCall } from '@poorter/middleware/guard';
import { HeaderFields } from '@poorter/openapi/checks';
import { parseJsonText } from '@poorter/openapi/json';
import { AdminProblem } from '../messages/admin-problems.ts';
import type { CallRecord } from '../messages/call-record.ts';
import { notice } from '../messages/notices.ts';
import { readContract } from '../platform/contracts/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { IdempotencyStore } from '../state/idempotency/index.ts';
import { CallerLeftError, CursorError, NotFoundError, StaleVersionError } from '../state/index.ts';
import type { AnyAct, AnyAnswer, AnyChange, AnyHandler, Handlers, OperationId } from './act.ts';
import { actRecord, refusalRecord } from './act-record.ts';
import { openOperatorGate } from './operator-gate.ts';
import { problem, UNRECORDED, type Written, written } from './written-answer.ts';

/** Where acts are recorded. */
export interface ActRecorder {
  reserve(): boolean;
  write(record: CallRecord): void;
  /** On disk when it resolves. */
  commit(record: CallRecord): Promise<void>;
}

/** Of what an act changes, what the host itself needs. */
export interface ActHostStores {
  readonly idempotency: IdempotencyStore;
}

export interface AdminApiPorts<Stores extends ActHostStores> {
  readonly handlers: Handlers<OperationId, Stores>;
  /** Operators and their credentials, by which callers are known. */
  readonly operators: LiveRights;
  readonly counters: Counters;
  /** One transaction over these stores: all of it happens, or nothing. */
  readonly act: <Result>(work: (stores: Stores) => Promise<Result>) => Promise<Result>;
  readonly recorder: ActRecorder;
  /** Host names under which the control address is reached. */
  readonly hosts: readonly string[];
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly notify: Notify;
  /** An operator's credential was used. */
  readonly onUse: (operatorId: string, atMs: number) => void;
}

/** How exactly the last use of a credential is known; a write for every call would be one too many. */
const USE_EVERY_MS = 60_000;
const OPERATORS_MAX = 10_000;
/** A longer answer is not held against the contract: whoever revokes a key meanwhile would wait for it. */
const JUDGED_BYTES_MAX = 262_144;
/** As the contract says. */
export const CREDENTIAL_FIELD = 'poorter-operator-key';
/** Refusals whose credentials were charged already, or are not looked at for what they are. */
const SEEN: ReadonlySet<ProblemCode> = new Set(['credentials_invalid', 'too_many_failures']);

/**
 * The admin API. A call passes our own engine first, under the contract as its policy; then its act
 * is recorded, done, and recorded again; then answered.
 */
export class AdminApi<Stores extends ActHostStores> {
  readonly #ports: AdminApiPorts<Stores>;
  readonly #handlers: ReadonlyMap<string, AnyHandler | AnyChange<Stores>>;
  readonly #gate: Gate;
  readonly #protect: ReturnType<typeof protect>;
  /** When each operator's use was last noted. */
  readonly #lastUse = new Map<string, number>();

  constructor(ports: AdminApiPorts<Stores>) {
    this.#ports = ports;
    const contract = readContract('admin');
    this.#gate = openOperatorGate(contract, ports.operators, ports.counters, ports.hosts);
    this.#protect = protect({
      gate: () => this.#gate,
      head: {
        headerBytes: 16_384,
        headerCount: 64,
        targetBytes: 8_192,
        allowEncodedSlash: false,
        originalCallOf: compileOriginalCall([]),
      },
      now: ports.now,
      nextId: nextActId,
      reserve: () => ports.recorder.reserve(),
      // Bodies are read with parseJsonText below.
      readsAroundFaults: true,
      refused: (call, native) => {
        this.#chargeUnseen(call, native);
        ports.recorder.write(refusalRecord(call, ports.now()));
      },
    });
    // The gate has checked what each is given, by the contract that their types come from.
    this.#handlers = new Map(Object.entries(ports.handlers)) as ReadonlyMap<
      string,
      AnyHandler | AnyChange<Stores>
    >;
    for (const { id } of contract.operations) {
      if (!this.#handlers.has(id)) throw new Error(`no handler for ${id}`);
    }
  }

  /** True for paths that are the admin API's. */
  owns(target: string): boolean {
    return target.startsWith('/v1/') || target === '/v1';
  }

  /**
   * What another path of the control address must answer to a caller who shows a credential; null: no
   * more than to everybody else. A guess costs the same wherever it is made.
   */
  judgeCredential(shown: readonly string[] | undefined, address: string): Deny | null {
    if (shown === undefined) return null;
    const nowMs = this.#ports.now();
    const spent = this.#gate.checkFailures(address, nowMs);
    if (spent !== null || this.#isKnown(shown, nowMs)) return spent;
    this.#gate.chargeFailure(address, 'credentials_invalid', nowMs);
    return deny('credentials_invalid');
  }

  #isKnown(shown: readonly string[], nowMs: number): boolean {
    const [credential, ...more] = shown;
    if (credential === undefined || more.length > 0) return false;
    const operator = this.#ports.operators.findKey(credential);
    if (operator === undefined) return false;
    return operator.expiresAt === null || nowMs < operator.expiresAt * 1000;
  }

  /** Refused before anybody looked at the credential, as on a path that does not exist: a guess all the same. */
  #chargeUnseen({ code, request, nowMs }: RefusedCall, { headersDistinct }: IncomingMessage): void {
    if (request === null || SEEN.has(code)) return;
    const shown = headersDistinct[CREDENTIAL_FIELD] ?? [];
    if (shown.length === 0 || this.#isKnown(shown, nowMs)) return;
    this.#gate.chargeFailure(request.clientAddress, 'credentials_invalid', nowMs);
  }

  /** Answers a call on the control address. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    void this.#protect(request, response, (call) => {
      this.#act(call, response).catch((error: unknown) => {
        this.#fault(`answering ${call.id}: ${String(error)}`, call.id);
        response.destroy();
      });
    });
  }

  async #act(call: ProtectedCall, response: ServerResponse): Promise<void> {
    const { decision, request } = call;
    const act = actOf(call, leavingOf(response));
    this.#noteUse(act);
    const startedAt = this.#ports.monotonicMs();
    const { id } = decision.operation.operation.compiled;
    const handler = this.#handlers.get(id);
    if (handler === undefined) throw new Error(`no handler for ${id}`);
    const idempotencyKey = request.headers.get('idempotency-key');
    const { status, head, body } = await this.#recorded(
      call,
      handler,
      act,
      idempotencyKey,
      startedAt,
    );
    call.end();
    response.writeHead(status, [...head]);
    // To HEAD, node sends no body.
    response.end(body);
  }

  #noteUse({ operator, nowMs }: AnyAct): void {
    const last = this.#lastUse.get(operator.client) ?? 0;
    if (nowMs - last < USE_EVERY_MS) return;
    if (this.#lastUse.size >= OPERATORS_MAX) this.#lastUse.clear();
    this.#lastUse.set(operator.client, nowMs);
    this.#ports.onUse(operator.client, nowMs);
  }

  /** An intent before the act where its record must last, an outcome after it, before the answer. */
  async #recorded(
    call: ProtectedCall,
    handler: AnyHandler | AnyChange<Stores>,
    act: AnyAct,
    idempotencyKey: string | undefined,
    startedAt: number,
  ): Promise<Written> {
    const { recorder, monotonicMs } = this.#ports;
    const isDurable = call.decision.operation.audit === 'durable';
    const elapsed = () => monotonicMs() - startedAt;
    if (isDurable) {
      try {
        await recorder.commit(actRecord(call, null, null, elapsed()));
      } catch {
        recorder.write(actRecord(call, UNRECORDED, null, elapsed()));
        return written(call, UNRECORDED);
      }
    }
    const { answer, isDone } = await this.#done(call, handler, act, idempotencyKey);
    const told = written(call, answer);
    const record = actRecord(call, answer, this.#judge(call, told), elapsed());
    if (!isDurable) {
      recorder.write(record);
      return told;
    }
    try {
      await recorder.commit(record);
      return told;
    } catch {
      // What was done cannot be taken back, and must not be denied.
      const unrecorded = problem(new AdminProblem('outcome_unrecorded'), call.id);
      return written(call, isDone ? unrecorded : UNRECORDED);
    }
  }

  /**
   * What the contract does not say of an answer is reported, in its record and to operators, and never
   * withheld: the act is done by then, a new credential is shown this once, and whoever handles an
   * incident is better served by an odd answer than by none. Here and not by `protect`, because the record
   * is on disk before the answer leaves.
   */
  #judge(call: ProtectedCall, { status, head, body }: Written): Evidence | null {
    const { operation } = call.decision;
    if (body.length > JUDGED_BYTES_MAX) return judgeUnseen(operation, 'over-bound').findings;
    let findings: Evidence | null;
    try {
      const isEmpty = isBodiless(call.request.method, status);
      ({ findings } = judgeWhole(operation, status, new HeaderFields(head), body, isEmpty));
    } catch {
      findings = { unchecked: 'fault' };
    }
    if (findings !== null) {
      const { operation: id } = operation.names;
      const found = JSON.stringify(findings);
      const text = `admin API: an answer to ${id} is not as its contract says: ${found}`;
      this.#ports.notify(notice('admin_answer_differs', text, { operation: id }));
    }
    return findings;
  }

  /** `isDone`: it changed what is stored, whatever the answer says of who knows of it. */
  async #done(
    call: ProtectedCall,
    handler: AnyHandler | AnyChange<Stores>,
    act: AnyAct,
    idempotencyKey: string | undefined,
  ): Promise<{ answer: AnyAnswer; isDone: boolean }> {
    let isDone = false;
    try {
      if (typeof handler === 'function') return { answer: await handler(act), isDone };
      const stored = await this.#ports.act((stores) =>
        idempotencyKey === undefined
          ? handler.change(act, stores)
          : once(call, handler, act, idempotencyKey, stores),
      );
      isDone = true;
      return { answer: await handler.spread(act, stored), isDone };
    } catch (error) {
      return { answer: this.#problemOf(error, call.id), isDone };
    }
  }

  #problemOf(error: unknown, id: string): AnyAnswer {
    if (error instanceof AdminProblem) return problem(error, id);
    if (error instanceof NotFoundError) return problem(new AdminProblem('not_found'), id);
    if (error instanceof CursorError) {
      const reason = 'cursor: is not `next` of a page of this list';
      return problem(new AdminProblem('value_not_acceptable', { reason }), id);
    }
    if (error instanceof StaleVersionError)
      return problem(new AdminProblem('version_conflict'), id);
    // Nobody hears the answer, and nothing went wrong.
    if (error instanceof CallerLeftError) {
      return problem(new AdminProblem('store_unavailable'), id);
    }
    // Operators of this machine are told what happened; callers are not.
    this.#fault(error instanceof Error ? `${error.name}: ${error.message}` : 'fault', id);
    return problem(new AdminProblem('store_unavailable'), id);
  }

  #fault(what: string, call: string): void {
    this.#ports.notify(notice('admin_fault', `admin API: ${what}`, { call }));
  }
}

/** The answer of the first who asked with this key; it is kept in the transaction of the act itself. */
async function once<Stores extends ActHostStores>(
  call: ProtectedCall,
  { change }: AnyChange<Stores>,
  act: AnyAct,
  idempotencyKey: string,
  stores: Stores,
): Promise<AnyAnswer> {
  const { idempotency } = stores;
  const operation = call.decision.operation.operation.compiled.id;
  const key = `${act.operator.client} ${operation} ${idempotencyKey}`;
  const body = createHash('sha256')
    .update(call.body ?? '')
    .digest('hex');
  const turn = await idempotency.begin(key, `${call.request.path} ${body}`);
  switch (turn.kind) {
    case 'answered':
      return parseJsonText(turn.answer) as AnyAnswer;
    case 'under-way':
      throw new AdminProblem('idempotency_under_way');
    case 'mismatch':
      throw new AdminProblem('idempotency_mismatch');
    case 'new': {
      const answer = await change(act, stores);
      await idempotency.finish(key, turn.attempt, JSON.stringify(answer));
      return answer;
    }
    default:
      turn satisfies never;
      throw new Error('an idempotency key is in no known state');
  }
}

function versionOf(ifMatch: string | undefined): number | undefined {
  return ifMatch === undefined ? undefined : Number(ifMatch.replaceAll('"', ''));
}

/** The contract has checked all of it: what is named here is there, once, and in its form. */
function actOf({ decision, request, body, nowMs }: ProtectedCall, left: AbortSignal): AnyAct {
  const { path } = decision.operation.operation.compiled;
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);
  const values = decision.pathValues.map(decodeURIComponent);
  return {
    operator: decision.principal as AnyAct['operator'],
    path: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
    query: Object.fromEntries(new URLSearchParams(request.query)),
    body: body === null ? undefined : parseJsonText(Buffer.from(body).toString('utf8')),
    version: versionOf(request.headers.get('if-match')),
    ...{ nowMs, left },
  };
}

/** Aborted when the connection ends before the answer has left. */
function leavingOf(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort();
  });
  // The body was read by then: the connection may be gone already.
  if (response.destroyed) leaving.abort();
  return leaving.signal;
}

const actPrefix = randomBytes(8).toString('hex');
let actNumber = 0;

function nextActId(): string {
  actNumber += 1;
  return `${actPrefix}-${actNumber.toString(16).padStart(8, '0')}`;
}
