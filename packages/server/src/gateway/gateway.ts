import type { FromGateway, ToGateway } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { CounterMemory } from '../platform/counters/index.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { World } from '../platform/world/index.ts';
import { IntrospectionCounts } from './introspection/introspection-counts.ts';
import { type IntrospectionAnswer, NOT_ASKED } from './introspection/introspection-table.ts';
import type { Introspector } from './introspection/introspector.ts';
import { ThreadCrew, type ThreadCrewOptions } from './thread-crew.ts';
import type { IntrospectionQuestion } from './thread-messages.ts';

const STALL_MS = 5_000;
const FORCE_AFTER_MS = 5_000;
const METRICS_EVERY_MS = 1_000;
/** Quotas counted since the last save are forgotten by a crash. */
const QUOTA_SAVE_EVERY_MS = 5_000;

export interface GatewayPorts {
  readonly world: World;
  readonly startThread: ThreadCrewOptions['startThread'];
  readonly threads: number;
  readonly memory: CounterMemory;
  readonly quotas: QuotaFile;
  /** Resolves when no predecessor serves from here any more. */
  readonly isAlone: Promise<unknown>;
  /** To the supervisor. */
  readonly send: (message: FromGateway) => void;
  /** Ends this process. */
  readonly exit: (status: number) => void;
}

/** Where quotas are counted on from. */
export interface QuotaFile {
  /** Null: there is none. */
  readonly read: () => Uint8Array | null;
  /** Throws. */
  readonly write: (bytes: Uint8Array) => void;
}

/** What the supervisor says reaches every thread, and what all threads have confirmed reaches it. */
export class Gateway {
  readonly #ports: GatewayPorts;
  readonly #crew: ThreadCrew;
  #loading: Promise<Introspector> | null = null;
  #introspector: Introspector | null = null;
  readonly #introspections = new IntrospectionCounts();
  #hasHeardControl = false;

  constructor(ports: GatewayPorts) {
    this.#ports = ports;
    const { world, startThread, threads, memory, send } = ports;
    this.#crew = new ThreadCrew({
      ...{ world, startThread, threads, memory, stallMs: STALL_MS },
      on: {
        applied: (version) => send({ type: 'applied', version }),
        liveApplied: (sequence) => send({ type: 'live-applied', sequence }),
        listening: (addresses) => send({ type: 'listening', addresses, threads }),
        failed: (message, version) => send({ type: 'failed', message, version }),
        notify: (one) => send({ type: 'notice', notice: one }),
        unknownKeyId: (issuer, keyId) => send({ type: 'unknown-key-id', issuer, keyId }),
        rolesRead: (issuer, claim, isFound) => send({ type: 'roles-read', issuer, claim, isFound }),
        introspect: (question) => this.#introspect(question),
      },
    });
    this.#restoreQuotas();
    // Control takes metrics for a sign of readiness, when it was started again beside a gateway that serves.
    world.every(METRICS_EVERY_MS, () => {
      if (this.#crew.isListening)
        send({ type: 'metrics', metrics: [...this.#crew.metrics, this.#introspections.metrics] });
    });
    world.every(QUOTA_SAVE_EVERY_MS, () => this.#saveQuotas());
  }

  async receive(message: ToGateway): Promise<void> {
    const crew = this.#crew;
    switch (message.type) {
      case 'snapshot':
        await this.#ports.isAlone;
        return crew.apply(message.snapshot);
      case 'live':
      case 'live-change':
        // What is confirmed here is confirmed for the predecessor: it must be gone.
        await this.#ports.isAlone;
        return crew.applyLive(message);
      case 'issuer-keys':
        return crew.applyIssuerKeys(message);
      case 'control-seen':
        return this.#controlSeen(message.atMs);
      case 'drain':
        return this.drainAndExit();
      default:
        message satisfies never;
    }
  }

  /** Also when there is no supervisor any more. */
  async drainAndExit(): Promise<void> {
    const { world, send, exit } = this.#ports;
    // An orphan has nobody who would end it by force.
    world.after(this.#crew.drainMs + FORCE_AFTER_MS, () => exit(1));
    await this.#crew.drain();
    this.#saveQuotas();
    send({ type: 'drained' });
    exit(0);
  }

  /** Loaded by gates that have use for it; what cannot be loaded now is tried again. */
  async #introspect({
    endpoint,
    token,
    isAnew,
  }: IntrospectionQuestion): Promise<IntrospectionAnswer> {
    try {
      this.#introspector ??= await (this.#loading ??= this.#loadIntrospector());
      return await this.#introspector.ask(endpoint, token, isAnew);
    } catch (error) {
      this.#loading = null;
      const { issuer } = endpoint;
      const text = `asking ${issuer} about a token: ${(error as Error).name}; without an answer it is refused`;
      const told = notice('introspection_failing', text, { issuer });
      this.#ports.send({ type: 'notice', notice: told });
      return NOT_ASKED;
    }
  }

  async #loadIntrospector(): Promise<Introspector> {
    const { world, send } = this.#ports;
    const module = await import('./introspection/introspector.ts');
    const notify = (one: Notice) => send({ type: 'notice', notice: one });
    const count = this.#introspections.count.bind(this.#introspections);
    return new module.Introspector({ world, notify, count });
  }

  #controlSeen(atMs: number): void {
    this.#crew.controlSeen(atMs);
    const isHeard = Number.isFinite(atMs);
    if (isHeard && !this.#hasHeardControl) this.#ports.send({ type: 'control-heard' });
    this.#hasHeardControl ||= isHeard;
  }

  #restoreQuotas(): void {
    const bytes = this.#ports.quotas.read();
    if (bytes === null) return;
    const restored = this.#crew.restoreQuotas(bytes);
    if (restored.ok) return;
    const text = `saved quotas are unreadable (${restored.reason}); counting starts anew`;
    this.#ports.send({ type: 'notice', notice: notice('quotas_unread', text) });
  }

  #saveQuotas(): void {
    try {
      this.#ports.quotas.write(this.#crew.saveQuotas());
    } catch (error) {
      const text = `saving quotas: ${String(error)}`;
      this.#ports.send({ type: 'notice', notice: notice('quotas_unsaved', text) });
    }
  }
}
