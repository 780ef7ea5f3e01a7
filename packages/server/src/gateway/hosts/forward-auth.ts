import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  canonicalHost,
  canonicalTarget,
  checkHead,
  type Deny,
  decide,
  deny,
  isHost,
  type Preflight,
  type RequestFacts,
  refuseTarget,
  unforwardableField,
} from '@poorter/engine';
import type { HeaderFields } from '@poorter/openapi';
import type { ForwardAuthSnapshot, RuntimeSnapshot } from '../../messages/between-processes.ts';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from '../../platform/http/index.ts';
import type { World } from '../../platform/world/index.ts';
import { Acceptor } from '../acceptor.ts';
import type { AnswerPause } from '../answer-pause.ts';
import { Call } from '../call.ts';
import type { CallStatistics } from '../call-statistics.ts';
import { unrecorded } from '../durable-call.ts';
import { failureOf } from '../handle-request.ts';
import { ListeningPlaces, type OpenedListeners } from '../listening-places.ts';
import type { QuietMoment } from '../quiet-moment.ts';
import { refuseUnparsed, type Unparsed } from '../record-unparsed.ts';
import type { Runtime } from '../runtime.ts';

/** Where each proxy puts the method, target and Host of the call it asks about. */
const DIALECTS = {
  nginx: { method: 'x-original-method', target: 'x-original-uri', host: 'x-original-host' },
  traefik: { method: 'x-forwarded-method', target: 'x-forwarded-uri', host: 'x-forwarded-host' },
  caddy: { method: 'x-forwarded-method', target: 'x-forwarded-uri', host: 'x-forwarded-host' },
} as const;

type Dialect = (typeof DIALECTS)[keyof typeof DIALECTS];

const UNSEEN_BODY = { isVisible: false, read: async () => new Uint8Array() };
const EXEMPT_BODY = { isVisible: false, isExempt: true, read: async () => new Uint8Array() };

/**
 * The same decisions for a proxy that asks before it forwards: nginx `auth_request`, Traefik
 * `forwardAuth`, Caddy `forward_auth`. Only proxies under `trust.proxies` may ask, because their
 * headers are believed.
 */
export class ForwardAuthHosts {
  readonly #statistics: CallStatistics;
  readonly #pause: AnswerPause;
  readonly #world: Pick<World, 'monotonicMs' | 'every'>;
  readonly #places = new ListeningPlaces<ForwardAuthSnapshot>({
    name: 'forwardAuth',
    keyOf,
    listen: async (of, key, snapshot) => ({ acceptor: await this.#listen(of, key, snapshot) }),
    retune: ({ acceptor }, _, snapshot) => this.#retune(acceptor.server, snapshot),
  });

  constructor(
    statistics: CallStatistics,
    pause: AnswerPause,
    world: Pick<World, 'monotonicMs' | 'every'>,
  ) {
    this.#statistics = statistics;
    this.#pause = pause;
    this.#world = world;
  }

  /** See `ListeningPlaces.open`. */
  open(snapshot: RuntimeSnapshot, first: Runtime | null): Promise<OpenedListeners> {
    return this.#places.open(snapshot.forwardAuth, snapshot, first);
  }

  drain(moment: QuietMoment, cutAtMs: number): Promise<void> {
    return this.#places.drain(moment, cutAtMs);
  }

  #retune(server: Server, { bounds, timeouts }: RuntimeSnapshot): void {
    server.maxConnections = bounds.connectionsPerThread;
    server.headersTimeout = timeouts.headMs;
    server.requestTimeout = timeouts.headMs * 2;
    server.keepAliveTimeout = timeouts.keepAliveMs;
    (server as { maxHeaderSize?: number }).maxHeaderSize =
      bounds.headerBytes + bounds.targetBytes * 2;
  }

  async #listen(
    host: ForwardAuthSnapshot,
    key: string,
    snapshot: RuntimeSnapshot,
  ): Promise<Acceptor> {
    const server = createServer(
      {
        insecureHTTPParser: false,
        requireHostHeader: false,
      },
      (request, response) => {
        const { over } = this.#pause;
        const answer = () => void judge(this.#places.runtime, host, request, response);
        if (over === null) answer();
        else void over.then(answer);
      },
    );
    server.maxHeadersCount = 0;
    server.on('drop', () => this.#statistics.dropConnection());
    server.on('clientError', (error: Unparsed, socket: Duplex) => {
      refuseUnparsed(this.#places.runtime, error, socket as Socket);
    });
    this.#retune(server, snapshot);
    const acceptor = new Acceptor(server, { world: this.#world, isTunnel: () => false });
    await acceptor.listen({ ...host, key });
    return acceptor;
  }
}

function keyOf({ host, port, for: proxy, allowUnseenBodies }: ForwardAuthSnapshot): string {
  return `${host} ${port} ${proxy} ${allowUnseenBodies}`;
}

async function judge(
  runtime: Runtime,
  host: ForwardAuthSnapshot,
  native: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const dialect = DIALECTS[host.for];
  const method = fieldOf(native, dialect.method);
  const call = Call.open(runtime, 'forward-auth', method ?? null, response, statusFor(host.for));
  if (call === null) return;
  try {
    // normalise
    const request = originalRequest(runtime, native, call, dialect);
    if ('kind' in request) return call.refuse('admit', request, native);
    call.request = request;

    // match, decide
    const decision = await decide(
      runtime.gate,
      request,
      host.allowUnseenBodies ? EXEMPT_BODY : UNSEEN_BODY,
    );
    call.decided(decision);
    if (decision.kind === 'refuse') return call.refuseDecided(decision, native);
    // Allowed, it would reach the service; only the proxy can answer in its place.
    if (decision.kind === 'preflight')
      return call.refuse('match', preflightDenial(decision), native);

    // forward: the proxy does it, with the target and the fields as they came
    if (!isPathOf(decision.target, request)) {
      return call.refuse('match', refuseTarget('not-canonical'), native);
    }
    const field = unforwardableField(request, decision.operation.shape);
    if (field !== null) {
      const evidence = { reason: 'unforwardable', field };
      return call.refuse('admit', deny('ambiguous_request', evidence), native);
    }

    // record the intent
    if (decision.operation.audit === 'durable' && !(await commitPermission(call))) {
      return call.fail(unrecorded(null));
    }

    // release: the permission alone, for the answer is not seen here
    call.allow([...identityFields(decision.headers), ...decision.answerHeaders]);
  } catch (fault) {
    call.fail(failureOf(fault));
  } finally {
    // record
    call.close();
  }
}

function preflightDenial({ answerHeaders }: Preflight): Deny {
  const at = answerHeaders.indexOf('access-control-allow-methods');
  const allow = ['allow', answerHeaders[at + 1] ?? ''];
  return deny('method_not_allowed', { reason: 'preflight' }, { answerHeaders: allow });
}

/** What the proxy does with a permission is not seen here: that it was given is the outcome. */
async function commitPermission(call: Call): Promise<boolean> {
  const allowed = { decision: 'forwarded', code: null, status: 200 } as const;
  return (await call.commitIntent()) && (await call.commitOutcome(allowed));
}

/** The call the proxy asks about, or why it cannot be judged. */
function originalRequest(
  runtime: Runtime,
  native: IncomingMessage,
  call: Call,
  dialect: Dialect,
): RequestFacts | Deny {
  const peer = native.socket.remoteAddress ?? '';
  if (!runtime.isTrustedProxy(peer))
    return deny('address_not_allowed', { reason: 'not-a-trusted-proxy' });
  const rawTarget = fieldOf(native, dialect.target);
  const method = fieldOf(native, dialect.method);
  if (rawTarget === undefined || method === undefined) {
    return deny('malformed_request', { reason: 'original-request-missing' });
  }
  const { bounds, allowEncodedSlash } = runtime.snapshot;
  const headers = checkHead(
    {
      method,
      target: rawTarget,
      httpVersionMajor: native.httpVersionMajor,
      // The proxy's own version says nothing about the caller's.
      httpVersionMinor: 1,
      rawHeaders: native.rawHeaders,
    },
    {
      headerBytesMax: bounds.headerBytes,
      headerCountMax: bounds.headerCount,
      targetBytesMax: bounds.targetBytes,
      isForwardedWhole: true,
    },
  );
  if ('kind' in headers) return headers;
  const target = canonicalTarget(rawTarget, { allowEncodedSlash });
  if (!target.ok) return refuseTarget(target.reason);
  // The proxy forwards the target as it came: only one that is canonical already means the same there.
  const canonical = target.query === '' ? target.path : `${target.path}?${target.query}`;
  if (canonical !== rawTarget) return refuseTarget('not-canonical');
  const protocol = headers.get('upgrade')?.toLowerCase() ?? '';
  if (headers.has('http2-settings') || !['', 'websocket'].includes(protocol)) {
    return deny('upgrade_not_accepted', { reason: 'protocol' });
  }
  const original = runtime.head.originalCallOf(peer, headers);
  if (typeof original === 'string') return deny('ambiguous_request', { reason: original });
  const host = hostField(headers, dialect);
  if (host !== undefined && !isHost(host)) return deny('malformed_request', { reason: 'host' });
  return {
    id: call.id,
    nowMs: call.nowMs,
    clientAddress: original.address,
    method,
    path: target.path,
    query: target.query,
    headers: host === undefined ? headers : headers.with('host', canonicalHost(host)),
    clientCertificate: null,
    isTls: original.scheme === 'https',
    hasBody: false,
    isUpgrade: asksForUpgrade(headers),
  };
}

/**
 * Proxies end `Connection` at their own hop, and most end `Upgrade` there, too; the fields of the
 * handshake still tell what the call is to become.
 */
function asksForUpgrade(headers: HeaderFields): boolean {
  if ((headers.get('upgrade') ?? '') !== '') return true;
  return headers.flat.some((name, index) => index % 2 === 0 && name.startsWith('sec-websocket-'));
}

/** False where the fixed parts of the path would have to go on otherwise than they came. */
function isPathOf(target: string, { path }: RequestFacts): boolean {
  return target === path || target.startsWith(`${path}?`);
}

/** Only the field that this proxy writes: the other one is whatever the caller sent. */
function hostField(headers: HeaderFields, { host }: Dialect): string | undefined {
  return headers.get(host) ?? headers.get('host');
}

/** nginx passes only 401 and 403 on and turns everything else into 500. */
function statusFor(proxy: ForwardAuthSnapshot['for']): (status: number) => number {
  if (proxy !== 'nginx') return (status) => status;
  return (status) => (status === 401 ? 401 : 403);
}

function identityFields(headers: readonly string[]): string[] {
  const at = headers.indexOf('poorter-identity');
  return at === -1 ? [] : ['poorter-identity', headers[at + 1] as string];
}

function fieldOf(native: IncomingMessage, name: string): string | undefined {
  const value = native.headers[name];
  return typeof value === 'string' ? value : undefined;
}
