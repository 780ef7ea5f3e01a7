import { randomBytes } from 'node:crypto';
import { compileOriginalCall, type Gate, INTERACTION_FIELD } from '@poorter/engine';
import { type Guard, type ProtectedCall, protect } from '@poorter/middleware/guard';
import type { RecordSpool } from '../messages/record-spool.ts';
import type { IncomingMessage, ServerResponse } from '../platform/http/index.ts';
import type { World } from '../platform/world/index.ts';
import { giveBody } from './given-body.ts';
import { answeredRecord, refusedRecord, type ToldOfCall } from './issuer-record.ts';
import type { Handle } from './pages/page-call.ts';
import { oauthErrorOf } from './refused-form.ts';

export interface IssuerDoorPorts {
  readonly gate: Gate;
  readonly records: RecordSpool;
  readonly trustedProxies: readonly string[];
  /** Callers know it by an https origin. */
  readonly isSecure: boolean;
  readonly world: Pick<World, 'now' | 'monotonicMs'>;
  /** What somebody sent to this operation: as the protocol takes it. */
  readonly bodyFor: (
    operation: string,
    body: Uint8Array,
    response: ServerResponse,
  ) => Promise<Uint8Array>;
  /** What lets it in stands in what it wants to be; null: it does not. */
  readonly statementIn: (body: Uint8Array) => string | null;
  /** Pages of people, by operation; null: it is the protocol's. */
  readonly pageOf: (operation: string) => Handle | null;
  /** The protocol. Resolves to what it made of the call. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<ToldOfCall>;
  /** Calls that are inside: one more, or one less. */
  readonly admitted: (change: 1 | -1) => void;
  readonly onFault: (error: unknown) => void;
}

/** Of the library's answers: who it was could not be shown, by a secret, a signature or a code. */
const GUESSES: ReadonlySet<string> = new Set([
  ...['invalid_client', 'invalid_grant', 'invalid_link', 'passkey_refused', 'recovery_refused'],
  ...['user_code_wrong', 'unknown_user_id', 'password_refused', 'invalid_session'],
  'invalid_software_statement',
]);

/** Where a token is all that a caller shows, and is kept by us alone. */
const REGISTERS: ReadonlySet<string> = new Set([
  ...['registerClient', 'readRegistration', 'changeRegistration', 'endRegistration'],
]);

/** The token is of us alone, and is all that shows who asks. */
function takesOwnTokens(operation: string): boolean {
  return REGISTERS.has(operation) || operation.startsWith('scim');
}

/** Where strangers are let in to the protocol: after our own engine, with a place in the record. */
export class IssuerDoor {
  readonly #ports: IssuerDoorPorts;
  readonly #protect: Guard;

  constructor(ports: IssuerDoorPorts) {
    this.#ports = ports;
    const { gate, records, world } = ports;
    this.#protect = protect({
      gate: () => gate,
      head: {
        headerBytes: 16_384,
        headerCount: 100,
        targetBytes: 8_192,
        allowEncodedSlash: false,
        originalCallOf: compileOriginalCall(ports.trustedProxies),
      },
      now: world.now,
      nextId,
      reserve: () => records.reserve(),
      refused: (call) => records.write(refusedRecord(call, world.now())),
      alsoSaid: (code, { url }) => oauthErrorOf(code, url),
    });
  }

  answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#ports.isSecure) response.setHeader(...STAY_WITH_TLS);
    return this.#protect(request, response, (call) => void this.#admit(call, request, response));
  }

  async #prepare(
    call: ProtectedCall,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { id } = call.decision.operation.operation.compiled;
    if (id === 'readMetadata') request.url = DISCOVERY;
    const { body } = call;
    if (body === null) return;
    if (id === 'registerClient') this.#showStatement(request, body);
    giveBody(request, await this.#ports.bodyFor(id, body, response));
  }

  /** RFC 7591 §3.1.1: a statement is a member; the protocol asks for a token. */
  #showStatement(request: IncomingMessage, body: Uint8Array): void {
    if (request.headers.authorization !== undefined) return;
    const statement = this.#ports.statementIn(body);
    if (statement !== null) request.headers.authorization = `Bearer ${statement}`;
  }

  /** However it ends, it stands in the record and gives its place back. */
  async #admit(
    call: ProtectedCall,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { gate, records, world, admitted } = this.#ports;
    const startedAt = world.monotonicMs();
    // From the first moment on: a caller may leave while something is looked up.
    const left = new Promise<void>((resolve) => response.once('close', () => resolve()));
    admitted(1);
    const told = await this.#answer(call, request, response);
    await left;
    admitted(-1);
    const { id } = call.decision.operation.operation.compiled;
    const isGuess =
      told.error !== null &&
      (GUESSES.has(told.error) || (told.error === 'invalid_token' && takesOwnTokens(id)));
    if (isGuess) {
      gate.chargeFailure(call.request.clientAddress, 'credentials_invalid', call.nowMs);
    }
    const { statusCode: status, writableFinished: isComplete } = response;
    const durationMs = world.monotonicMs() - startedAt;
    records.write(answeredRecord(call, { ...told, status, isComplete, durationMs }));
    call.end();
  }

  async #answer(
    call: ProtectedCall,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<ToldOfCall> {
    const { answer, pageOf, onFault } = this.#ports;
    try {
      await this.#prepare(call, request, response);
      response.setHeader('poorter-call', call.id);
      nameInteraction(call, response);
      const page = pageOf(call.decision.operation.operation.compiled.id);
      return await (page === null ? answer(request, response) : page({ call, request, response }));
    } catch (error) {
      onFault(error);
      if (response.headersSent) response.destroy();
      else {
        response.writeHead(500, SERVER_ERROR_HEADERS);
        response.end(SERVER_ERROR);
      }
      return { client: null, subject: null, error: 'server_error' };
    }
  }
}

/** As its caller named it. */
function nameInteraction({ decision }: ProtectedCall, response: ServerResponse): void {
  const { answerHeaders } = decision;
  const at = answerHeaders.indexOf(INTERACTION_FIELD);
  if (at !== -1) response.setHeader(INTERACTION_FIELD, answerHeaders[at + 1] as string);
}

/** RFC 6797; FAPI 2.0 §5.2.3. Refusals say it as well. */
const STAY_WITH_TLS = ['strict-transport-security', 'max-age=31536000'] as const;

/** RFC 6749 §4.1.2.1 has the word. */
const SERVER_ERROR = '{"error":"server_error"}';
const SERVER_ERROR_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** OpenID Connect and OAuth look for the same document in two places; the library knows one. */
const DISCOVERY = '/.well-known/openid-configuration';

const prefix = randomBytes(8).toString('hex');
let number = 0;

function nextId(): string {
  number += 1;
  return `${prefix}-${number.toString(16).padStart(8, '0')}`;
}
