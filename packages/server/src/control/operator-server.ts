import type { AddressInfo } from 'node:net';
import { type Deny, problems } from '@poorter/engine';
import { problemBody, problemHeaders } from '@poorter/middleware/node-messages';
import { type AdminApi, CREDENTIAL_FIELD } from '../admin-api/index.ts';
import { isLoopback } from '../platform/addresses/index.ts';
import {
  createServer,
  createTlsServer,
  FairPlaces,
  type IncomingMessage,
  KEEP_ALIVE_MS,
  type Server,
  type ServerResponse,
  type TlsServer,
} from '../platform/http/index.ts';
import { family, flag } from '../platform/metrics/index.ts';
import { type ListenerPlace, placeFault } from '../platform/processes/index.ts';
import { answersTo } from './control-hosts.ts';
import type { ReportedGateway } from './gateway-metrics.ts';
import type { LoopDelay } from './loop-delay.ts';
import { processMetrics } from './process-metrics.ts';
import type { ChangeDesk } from './protection/change-desk.ts';
import type { Attention, Serving } from './serving.ts';
import type { ActStores } from './stores/index.ts';
import { TRIAL_TOKEN_PATH, type TrialIssuer } from './trial-issuer.ts';
import { attentionOf, type ControlTroubles, metricsOf } from './troubles.ts';

export interface OperatorAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
}

/** Operators, their tools and whoever collects metrics are few. */
const CONNECTIONS_MAX = 100;

const isTls = (server: Server | TlsServer): server is TlsServer => 'setSecureContext' in server;

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listening(server: Server, place: ListenerPlace): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => reject(placeFault(place, error));
    server.once('error', fail);
    server.listen({ host: place.host, port: place.port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

export interface OperatorServerPorts {
  readonly serving: Serving;
  /** What of the configuration waits, and what became weaker. */
  readonly changes: Pick<ChangeDesk, 'waiting' | 'metrics'>;
  /** Answers below /v1/. */
  readonly admin: Pick<AdminApi<ActStores>, 'owns' | 'answer' | 'judgeCredential'>;
  /** Hands out tokens while a document is being tried; null otherwise. */
  readonly trial: () => TrialIssuer | null;
  /** Every gateway that there should be, this machine's first. */
  readonly gateways: () => readonly ReportedGateway[];
  readonly troubles: () => ControlTroubles;
  readonly delay: Pick<LoopDelay, 'metrics'>;
}

/** Health and metrics, for operators and their machines. Never on a caller's listener. */
export class OperatorServer {
  readonly #ports: OperatorServerPorts;
  #server: Server | null = null;
  #certificate: string | null = null;
  #key: string | null = null;
  #where = '';
  #reached = { host: '127.0.0.1', isTls: false };

  constructor(ports: OperatorServerPorts) {
    this.#ports = ports;
  }

  get isListening(): boolean {
    return this.#server !== null;
  }

  get address(): string {
    const { address, port, family } = (this.#server as Server).address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Where the command line of this machine finds it, and by what certificate it knows it. */
  get reachedAt(): { url: string; certificate?: string } {
    if (this.#certificate === null) return { url: `http://${this.address}` };
    return { url: `https://${this.address}`, certificate: this.#certificate };
  }

  /**
   * Binds once; a reload with the same address changes nothing but the certificate, which new
   * connections are shown from now on.
   */
  async listen({ host, port, tls }: OperatorAddress): Promise<void> {
    const where = JSON.stringify([host, port, tls === null ? 'http' : 'https']);
    if (this.#where === where) return this.#renew(tls);
    const options = {
      ...{ headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 8_192 },
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    const server =
      tls === null
        ? createServer(options, answer)
        : createTlsServer(
            { ...options, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' },
            answer,
          );
    new FairPlaces(CONNECTIONS_MAX).watch(server);
    await this.#replace(server, { host, port, key: 'control.address' });
    this.#server = server;
    this.#certificate = tls?.certificate ?? null;
    this.#key = tls?.key ?? null;
    this.#reached = { host, isTls: tls !== null };
    this.#where = where;
  }

  /** Operators who cannot be reached at the new address go on reaching the old one. Throws PlaceFault. */
  async #replace(server: Server, place: ListenerPlace): Promise<void> {
    const before = this.#server;
    const old = before?.address() as AddressInfo | null;
    try {
      await listening(server, place);
    } catch (error) {
      if (before === null || old?.port !== place.port) throw error;
      // The same port, at another address or spoken otherwise: the old one must let go first.
      await closed(before);
      try {
        await listening(server, place);
      } catch (fault) {
        await listening(before, { host: old.address, port: old.port, key: place.key });
        throw fault;
      }
      return;
    }
    if (before !== null) await closed(before);
  }

  #renew(tls: OperatorAddress['tls']): void {
    if (tls === null || this.#server === null || !isTls(this.#server)) return;
    if (tls.certificate === this.#certificate && tls.key === this.#key) return;
    this.#server.setSecureContext({
      ...{ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' as const },
    });
    this.#certificate = tls.certificate;
    this.#key = tls.key;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  get attention(): Attention[] {
    const { serving, gateways, troubles } = this.#ports;
    return [...serving.attention, ...attentionOf(troubles(), serving.metrics, gateways())];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { admin, serving, changes } = this.#ports;
    const path = (request.url ?? '').split('?', 1)[0] as string;
    const isNamed = answersTo(request.headersDistinct['host'], this.#reached);
    if (admin.owns(path) && (isNamed || isLoopback(this.#reached.host))) {
      // On loopback it refuses names of others itself, and records it.
      return admin.answer(request, response);
    }
    if (!isNamed) return reply(response, 421, { title: 'This address has no such name.' });
    const { remoteAddress = '' } = request.socket;
    const shown = request.headersDistinct[CREDENTIAL_FIELD];
    const denial = admin.judgeCredential(shown, remoteAddress);
    if (denial !== null) return refuse(response, denial);
    const trial = this.#ports.trial();
    if (trial !== null && path === TRIAL_TOKEN_PATH) {
      const { status, body } = await trial.answer(request);
      return reply(response, status, body);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(response, 405, {});
    switch (path) {
      case '/health/live':
        return reply(response, 200, { status: 'live' });
      case '/health/ready': {
        const { readiness, versions, isConfigurationBroken } = serving;
        return reply(response, readiness === 'ready' ? 200 : 503, {
          status: readiness,
          snapshot: versions.applied,
          configuration: isConfigurationBroken
            ? 'refused; the last good one serves'
            : changes.waiting !== null
              ? 'one that protects less waits'
              : 'current',
          // It serves all the same; more than the codes is for operators.
          attention: [...new Set(this.attention.map(({ code }) => code))],
        });
      }
      case '/metrics': {
        const text = await this.#metrics();
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(text);
        return;
      }
      default:
        return reply(response, 404, {});
    }
  }

  #metrics(): Promise<string> {
    const { serving, changes, gateways, troubles, delay } = this.#ports;
    const versions = Object.entries(serving.versions).map(([state, value]) => {
      return { value, labels: { state } };
    });
    return serving.metrics.render(gateways(), [
      family('poorter_snapshot_version', 'gauge', VERSION_HELP, versions),
      family(
        'poorter_configuration_refused',
        'gauge',
        '1 while the newest configuration is refused and an older one serves.',
        flag(serving.isConfigurationBroken),
      ),
      ...changes.metrics,
      ...metricsOf(troubles()),
      ...delay.metrics,
      ...processMetrics(),
    ]);
  }
}

const VERSION_HELP = 'Version compiled by control and served by every gateway thread.';

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'detail' in body ? 'application/problem+json' : 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { code, answerHeaders }: Deny): void {
  const body = problemBody(code, '-');
  response.writeHead(problems[code].status, problemHeaders(body, answerHeaders ?? []));
  response.end(body);
}
