import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import type { AdminApi } from '../admin-api/index.ts';
import type { FromGateway } from '../platform/processes/messages.ts';
import { TRIAL_TOKEN_PATH, type TrialIssuer } from './trial-issuer.ts';

export interface OperatorAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Health and metrics, for operators and their machines. Never on a caller's listener. */
export class OperatorServer {
  /** Answers below /v1/ once the state is open. */
  admin: AdminApi | null = null;
  /** Hands out tokens while a document is being tried. */
  trial: TrialIssuer | null = null;
  #server: Server | null = null;
  #certificate: string | null = null;
  /** False where gateways run on other machines only: readiness is then control's own. */
  runsGateway = true;
  #where = '';
  #isGatewayServing = false;
  #isDraining = false;
  #appliedVersion = 0;
  #compiledVersion = 0;
  #isConfigurationBroken = false;
  #gatewayMetrics: readonly unknown[] = [];
  readonly #own = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#own, prefix: 'poorter_control_' });
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

  /** Binds once; a reload with the same address and certificate changes nothing. */
  async listen({ host, port, tls }: OperatorAddress): Promise<void> {
    const where = JSON.stringify([host, port, tls]);
    if (this.#where === where) return;
    const options = { headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 8_192 };
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    const server =
      tls === null
        ? createServer(options, answer)
        : createTlsServer(
            { ...options, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' },
            answer,
          );
    // The same address with another certificate: the old one must let go first.
    if (this.#server !== null) await closed(this.#server);
    server.maxConnections = 100;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    this.#server = server;
    this.#certificate = tls?.certificate ?? null;
    this.#where = where;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  get versions(): { compiled: number; applied: number } {
    return { compiled: this.#compiledVersion, applied: this.#appliedVersion };
  }

  compiled(version: number): void {
    this.#compiledVersion = version;
    this.#isConfigurationBroken = false;
  }

  refused(): void {
    this.#isConfigurationBroken = true;
  }

  draining(): void {
    this.#isDraining = true;
  }

  gatewayDown(): void {
    this.#isGatewayServing = false;
    this.#gatewayMetrics = [];
  }

  heard(report: FromGateway): void {
    if (report.type === 'listening') this.#isGatewayServing = true;
    if (report.type === 'applied') {
      this.#isGatewayServing = true;
      this.#appliedVersion = report.version;
    }
    if (report.type === 'metrics') {
      this.#gatewayMetrics = report.metrics;
      this.#isGatewayServing ||= report.metrics.length > 0;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] as string;
    if (this.admin?.owns(path) === true) return this.admin.answer(request, response);
    if (this.trial !== null && path === TRIAL_TOKEN_PATH) {
      const { status, body } = await this.trial.answer(request);
      return reply(response, status, body);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(response, 405, {});
    switch (path) {
      case '/health/live':
        return reply(response, 200, { status: 'live' });
      case '/health/ready': {
        const isServing = this.runsGateway ? this.#isGatewayServing : this.#compiledVersion > 0;
        const isReady = isServing && !this.#isDraining;
        return reply(response, isReady ? 200 : 503, {
          status: isReady ? 'ready' : this.#isDraining ? 'draining' : 'starting',
          snapshot: this.#appliedVersion,
          configuration: this.#isConfigurationBroken
            ? 'refused; the last good one serves'
            : 'current',
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

  async #metrics(): Promise<string> {
    const threads = this.#gatewayMetrics.filter((metrics) => (metrics as unknown[]).length > 0);
    const gateway =
      threads.length === 0
        ? ''
        : await AggregatorRegistry.aggregate(threads as object[][] as never).metrics();
    const versions = [
      '# HELP poorter_snapshot_version Version compiled by control and served by every gateway thread.',
      '# TYPE poorter_snapshot_version gauge',
      `poorter_snapshot_version{state="compiled"} ${this.#compiledVersion}`,
      `poorter_snapshot_version{state="applied"} ${this.#appliedVersion}`,
      '# HELP poorter_configuration_refused 1 while the newest configuration is refused and an older one serves.',
      '# TYPE poorter_configuration_refused gauge',
      `poorter_configuration_refused ${this.#isConfigurationBroken ? 1 : 0}`,
      '',
    ].join('\n');
    return `${gateway}\n${versions}${await this.#own.metrics()}`;
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}
