import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type AnswerMode,
  compileOriginalCall,
  Gate,
  type GatePorts,
  type GateSnapshot,
  hashKey,
  isWellFormedKey,
  type KeyRecord,
  VerifiedTokens,
} from '@poorter/engine';
import { checkPermit, checkStepUp, readExtension } from '@poorter/engine/configuration';
import { type CompiledApi, compileApi, type Diagnostic } from '@poorter/openapi';
import { type Guard, protect, type RefusedCall, type ReportedAnswer } from './node-host.ts';
import { ProcessCounters } from './process-counters.ts';
import { ProcessProofs } from './process-proofs.ts';

export interface ProtectionOptions {
  /** Path of the OpenAPI document; what it refers to is read from beside it. */
  readonly description: string;
  /** API keys that are accepted, in clear; for schemes of type apiKey. */
  readonly keys?: readonly {
    readonly key: string;
    readonly client: string;
    readonly scopes?: readonly string[];
    readonly roles?: readonly string[];
  }[];
  /** Whose tokens are accepted; for schemes that take tokens. */
  readonly issuers?: readonly {
    /** Exactly the `iss` of its tokens. */
    readonly issuer: string;
    readonly audiences: readonly string[];
    /** Its public keys (RFC 7517 §5) at this moment: another object is another set. */
    readonly keys: () => KeySet;
    /** Default: RS256, PS256, ES256, EdDSA. */
    readonly algorithms?: readonly string[];
    /** Default: 30. */
    readonly clockSkewSeconds?: number;
  }[];
  /** Addresses or networks of proxies whose X-Forwarded-* fields are believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Default: 1 MiB. */
  readonly bodyBytesMax?: number;
  /** Calls at once; more are refused. Default: 1,000. */
  readonly capacity?: number;
  /** Told of every refusal: the place for a log line. Nothing in it is a value of the caller. */
  readonly refused?: (call: RefusedCall) => void;
  /**
   * What happens to an answer that is not as described, where the description does not say it
   * (`x-poorter.response`). Default: `report`.
   */
  readonly response?: AnswerMode;
  /**
   * Told of every answer that is not as described: the place for a log line. Nothing in it is a value of
   * anybody. Without it, answers that are only to be reported are not looked at.
   */
  readonly reported?: (answer: ReportedAnswer) => void;
  /** Of an answer that is checked; a longer one cannot be. Default: 4 MiB. */
  readonly answerBytesMax?: number;
  /** Of all answers that are being checked at once; one for which there is no place cannot be. Default: 64 MiB. */
  readonly heldBytesMax?: number;
  /**
   * The handler reads JSON with `parseJsonText` of `@poorter/openapi/json` alone, and may run on a Node
   * whose JSON.parse misreads it. Default: such a runtime is refused.
   */
  readonly readsAroundFaults?: boolean;
}

type KeySet = GateSnapshot['issuerKeys'][string]['jwks'];

/** The description is refused; each diagnostic has its file and line. */
export class RefusedDescription extends Error {
  override readonly name = 'RefusedDescription';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const [first] = diagnostics;
    const more = diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : '';
    super(`${first?.file}:${first?.line}:${first?.column}: ${first?.message}${more}`);
    this.diagnostics = diagnostics;
  }
}

/**
 * `protect` for one description and one process: everything else stands in the description, in
 * `x-poorter`, or has a default. Throws RefusedDescription.
 */
export function protectBy(options: ProtectionOptions): Guard {
  let inFlight = 0;
  const proofs = new ProcessProofs();
  const gate = new Gate(snapshotOf(options), {
    counters: new ProcessCounters(),
    identitySigner: null,
    unknownKeyId: () => undefined,
    issuerKeys: issuerKeysOf(options),
    verifiedTokens: new VerifiedTokens(),
    showProof: (id, untilMs) => proofs.show(id, untilMs, Date.now()),
    shownSinceMs: Date.now(),
    controlSilentMs: () => 0,
    inFlight: () => inFlight,
  });
  const guard = protect({
    gate: () => gate,
    head: {
      ...{ headerBytes: 16_384, headerCount: 100, targetBytes: 8_192, allowEncodedSlash: false },
      originalCallOf: compileOriginalCall(options.trustedProxies ?? []),
    },
    now: Date.now,
    nextId: randomUUID,
    reserve: () => true,
    refused: (call) => options.refused?.(call),
    reported: options.reported,
    answerBounds: {
      bytesMax: options.answerBytesMax ?? 4_194_304,
      heldBytesMax: options.heldBytesMax ?? 67_108_864,
    },
    readsAroundFaults: options.readsAroundFaults,
  });
  return (native, response, next) => {
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    return guard(native, response, next);
  };
}

function snapshotOf(options: ProtectionOptions): GateSnapshot {
  const { capacity = 1_000, bodyBytesMax = 1_048_576, keys = [], response = 'report' } = options;
  const { issuers = [] } = options;
  const compiled = compiledFrom(pathToFileURL(options.description).href);
  const unmeetable = [checkStepUp, checkPermit].flatMap((check) =>
    check(compiled, () => issuers.length > 0),
  );
  if (unmeetable.length > 0) throw new RefusedDescription(unmeetable);
  return {
    version: 1,
    apis: [
      {
        ...{ name: compiled.title || 'api', compiled, hosts: [], bodyBytesMax },
        ...{ mode: 'enforce', response, limits: {} },
        jsonBounds: { depthMax: 64, itemsMax: 100_000, stringLengthMax: bodyBytesMax },
        ...{ identityAudience: 'api', resourceMetadataUrl: null },
      },
    ],
    network: { allow: [], deny: [] },
    keys: keys.map(recordOf),
    issuers: issuers.map(
      ({ keys: _, algorithms = ALGORITHMS, clockSkewSeconds = 30, ...issuer }) => ({
        ...{ ...issuer, algorithms, clockSkewSeconds },
      }),
    ),
    ...{ issuerKeys: {}, revoked: [] },
    failureBudget: { requests: 30, perMs: 60_000, burst: 30 },
    // There is no control that could fall silent.
    staleAfterMs: Number.MAX_SAFE_INTEGER,
    capacity,
  };
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/** Each set of keys has a number of its own, by which verified tokens are known to be of that set. */
function issuerKeysOf({ issuers = [] }: ProtectionOptions): NonNullable<GatePorts['issuerKeys']> {
  const known = new Map(issuers.map(({ issuer, keys }) => [issuer, keys]));
  const generations = new WeakMap<KeySet, number>();
  let last = 0;
  return (issuer) => {
    const jwks = known.get(issuer)?.();
    if (jwks === undefined) return null;
    const generation = generations.get(jwks) ?? ++last;
    generations.set(jwks, generation);
    return { jwks, generation };
  };
}

function compiledFrom(uri: string): CompiledApi {
  const read = (from: string) => readFileSync(fileURLToPath(from), 'utf8');
  const options = { read, readExtension, strictProperties: false };
  const compilation = compileApi({ uri, text: read(uri) }, options);
  if (compilation.ok) return compilation.api;
  throw new RefusedDescription(compilation.errors);
}

type GivenKey = NonNullable<ProtectionOptions['keys']>[number];

function recordOf({ key, client, scopes = [], roles = [] }: GivenKey): KeyRecord {
  if (!isWellFormedKey(key)) {
    throw new TypeError(`the key of ${client} is none that poorter keys create made`);
  }
  return { id: client, name: client, hash: hashKey(key), scopes, roles, expiresAt: null };
}
