import type { FromGateway } from '../messages/between-processes.ts';
import type { World } from '../platform/world/index.ts';
import { GatewayMetrics } from './gateway-metrics.ts';

/** What somebody should look at, for `status`. */
export interface Attention {
  readonly code: string;
  readonly message: string;
}

/** Which version was compiled last, and what gateways say of serving it. */
export class Serving {
  /** False where gateways run on other machines only: readiness is then control's own. */
  readonly runsGateway: boolean;
  /** Of this machine's gateway and of those on others. */
  readonly metrics: GatewayMetrics;
  readonly #world: Pick<World, 'after'>;
  #localName = '';
  #compiled = 0;
  #applied = 0;
  /** It serves, or a predecessor of it may, until it has confirmed or is gone. */
  #isGatewayUp: boolean;
  #isGatewayServing = false;
  #isDraining = false;
  #isConfigurationBroken = false;
  /** Of the version that was compiled last: why a gateway does not serve it. */
  #failure: string | null = null;
  readonly #awaiting = new Set<() => void>();

  constructor(runsGateway: boolean, world: Pick<World, 'after' | 'monotonicMs'>) {
    this.runsGateway = runsGateway;
    this.#isGatewayUp = runsGateway;
    this.#world = world;
    this.metrics = new GatewayMetrics(world.monotonicMs);
  }

  /** Under which the gateway of this machine reports. */
  get localName(): string {
    return this.#localName;
  }

  nameLocal(name: string): void {
    this.#localName = name;
  }

  get versions(): { compiled: number; applied: number } {
    return { compiled: this.#compiled, applied: this.#applied };
  }

  get isConfigurationBroken(): boolean {
    return this.#isConfigurationBroken;
  }

  get readiness(): 'ready' | 'draining' | 'starting' {
    if (this.#isDraining) return 'draining';
    const isServing = this.runsGateway ? this.#isGatewayServing : this.#compiled > 0;
    return isServing ? 'ready' : 'starting';
  }

  get attention(): Attention[] {
    if (this.#failure === null || this.#applied === this.#compiled) return [];
    const message = `version ${this.#compiled} is not served: ${this.#failure}`;
    return [{ code: 'snapshot_not_applied', message }];
  }

  compiled(version: number): void {
    this.#compiled = version;
    this.#isConfigurationBroken = false;
    this.#failure = null;
  }

  /** One that waits is not broken. */
  held(): void {
    this.#isConfigurationBroken = false;
  }

  refused(): void {
    this.#isConfigurationBroken = true;
  }

  draining(): void {
    this.#isDraining = true;
  }

  get isGatewayUp(): boolean {
    return this.#isGatewayUp;
  }

  gatewayUp(): void {
    this.#isGatewayUp = true;
  }

  gatewayDown(): void {
    this.#isGatewayUp = false;
    this.#isGatewayServing = false;
    this.metrics.gone(this.#localName);
  }

  /** From the gateway of this machine. */
  heard(report: FromGateway): void {
    if (report.type === 'listening') this.#isGatewayServing = true;
    if (report.type === 'failed' && report.version === this.#compiled) {
      this.#failure = report.message;
    }
    if (report.type === 'applied') {
      this.#isGatewayServing = true;
      this.#applied = report.version;
      this.metrics.applied(this.#localName, report.version);
    }
    for (const resolve of this.#awaiting) resolve();
    if (report.type === 'metrics') {
      this.metrics.heard(this.#localName, report.metrics);
      // For a sign of life: control may have been started again beside a gateway that serves.
      this.#isGatewayServing ||= report.metrics.length > 0;
    }
  }

  /** From a gateway on another machine. */
  heardFrom(gateway: string, report: FromGateway): void {
    if (report.type === 'metrics') this.metrics.heard(gateway, report.metrics);
    if (report.type === 'applied') this.metrics.applied(gateway, report.version);
    if (report.type === 'drained') this.metrics.gone(gateway);
  }

  /** Until this machine's gateway serves the newest version, or cannot; null: it does. */
  async awaitServed(withinMs: number): Promise<string | null> {
    const isUnserved = () => this.runsGateway && this.#applied < this.#compiled;
    const { promise: isTime, resolve: giveUp } = Promise.withResolvers<void>();
    let isOver = false;
    const timer = this.#world.after(withinMs, () => {
      isOver = true;
      giveUp();
    });
    while (isUnserved() && this.#failure === null && !isOver) {
      const { promise: isHeard, resolve } = Promise.withResolvers<void>();
      this.#awaiting.add(resolve);
      await Promise.race([isHeard, isTime]);
      this.#awaiting.delete(resolve);
    }
    timer.cancel();
    if (!isUnserved()) return null;
    return this.#failure ?? 'it is being put in force, and no gateway has confirmed it yet';
  }
}
