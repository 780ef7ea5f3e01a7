import { type LiveMessage, LiveRights } from '@poorter/engine/live-rights';
import type {
  FromGateway,
  IssuerKeysMessage,
  RuntimeSnapshot,
  ToGateway,
} from '../messages/between-processes.ts';
import { type Launch, WatchedChild } from '../platform/processes/index.ts';
import { startedFile } from '../platform/program/index.ts';
import type { World } from '../platform/world/index.ts';
import { GATEWAY_OPTIONS, gatewayEnvironment } from './gateway-environment.ts';

const GATEWAY = startedFile('gateway/gateway-process');
const GATEWAY_STALL_MS = 20_000;
/** Versions that are kept until one of them is served: a description may take many MB. */
const SENT_MAX = 3;
/** Beyond what calls under way may take. */
const STOP_MARGIN_MS = 5_000;

export interface GatewayLauncherOptions {
  readonly world: World;
  readonly launch: Launch;
  readonly dataDirectory: string;
  /** Passed to the process as JSON. */
  readonly source: object;
  readonly on: {
    /** Before it is told anything: at the first start, and at every other. */
    readonly started?: () => void;
    readonly message: (message: FromGateway) => void;
    readonly ended: (reason: string) => void;
  };
}

/**
 * The gateway process of this machine. It is started with the first snapshot, and again whenever it dies,
 * with all that it must know: when control was last seen, who may call, and the last snapshot that it
 * could serve.
 */
export class GatewayLauncher<Served extends { readonly snapshot: RuntimeSnapshot }> {
  readonly #onMessage: GatewayLauncherOptions['on']['message'];
  readonly #child: WatchedChild;
  readonly #live = new LiveRights();
  /**
   * What may be in force, in the order in which it was sent: the last is the newest. Each of them may be what
   * threads decide by, until all have served a later one.
   */
  #sent: Served[] = [];
  /** Of those that are not kept, the longest bound. */
  #droppedStaleMs = 0;
  /** What every thread has served. */
  #inForce: Served | null = null;
  #isStarted = false;
  /** `bootMs` of this machine. */
  #controlSeenMs = Number.NEGATIVE_INFINITY;

  constructor({ world, launch, dataDirectory, source, on }: GatewayLauncherOptions) {
    this.#onMessage = on.message;
    this.#child = new WatchedChild({
      ...{ world, launch },
      module: GATEWAY,
      argv: [JSON.stringify({ dataDirectory, source })],
      env: gatewayEnvironment(world.environment),
      execArgv: GATEWAY_OPTIONS,
      stallMs: GATEWAY_STALL_MS,
      onMessage: (message) => this.#heard(message as FromGateway),
      onStart: () => {
        on.started?.();
        // A new process goes on where control was last seen: it is not seen by being started.
        this.#child.send({ type: 'control-seen', atMs: this.#controlSeenMs });
        this.#child.send({ type: 'live', state: this.#live.state });
        this.#sendSnapshot();
      },
      onExit: on.ended,
    });
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** Compiled last and, for all that is known, servable. */
  get newest(): Served | null {
    return this.#sent.at(-1) ?? null;
  }

  get inForce(): Served | null {
    return this.#inForce;
  }

  /** The longest of any snapshot by which a thread may decide. */
  get staleAfterMs(): number {
    return Math.max(this.#droppedStaleMs, ...this.#sent.map(staleMsOf));
  }

  /** Of the rights that it was told last. */
  get liveSequence(): number {
    return this.#live.sequence;
  }

  /** Kept for a start, and served where it is started. */
  serve(served: Served): void {
    this.#sent.push(served);
    if (this.#sent.length > SENT_MAX) {
      const [dropped] = this.#sent.splice(1, 1) as [Served];
      this.#droppedStaleMs = Math.max(this.#droppedStaleMs, staleMsOf(dropped));
    }
    if (this.#isStarted) this.#sendSnapshot();
  }

  /** Once; by what it was told so far. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#child.start();
  }

  takeLive(message: LiveMessage): void {
    this.#live.take(message);
    this.#tell(message);
  }

  takeIssuerKeys(message: IssuerKeysMessage): void {
    this.#tell(message);
  }

  /** Control has answered what was asked of it at this moment. Earlier ones count for nothing. */
  controlSeen(atMs: number): void {
    this.#controlSeenMs = Math.max(this.#controlSeenMs, atMs);
    this.#tell({ type: 'control-seen', atMs: this.#controlSeenMs });
  }

  /** Calls under way may take `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    if (this.#isStarted) await this.#child.stop({ type: 'drain' }, drainMs + STOP_MARGIN_MS);
  }

  #heard(message: FromGateway): void {
    if (message.type === 'applied') this.#applied(message.version);
    // What was in force still is.
    if (message.type === 'failed' && this.#sent.length > 1) {
      this.#sent = this.#sent.filter(({ snapshot }) => snapshot.gate.version !== message.version);
    }
    this.#onMessage(message);
  }

  /** Every thread serves it, and none what was sent before. */
  #applied(version: number): void {
    const at = this.#sent.findIndex(({ snapshot }) => snapshot.gate.version === version);
    if (at < 0) return;
    this.#sent.splice(0, at);
    this.#inForce = this.#sent[0] as Served;
    // Those that were dropped lie between the first and the newest.
    if (this.#sent.length === 1) this.#droppedStaleMs = 0;
  }

  #sendSnapshot(): void {
    const snapshot = this.newest?.snapshot;
    if (snapshot !== undefined) this.#tell({ type: 'snapshot', snapshot });
  }

  /** Nobody is told anything before the start, which says it all. */
  #tell(message: ToGateway): void {
    if (this.#isStarted) this.#child.send(message);
  }
}

function staleMsOf({ snapshot }: { readonly snapshot: RuntimeSnapshot }): number {
  return snapshot.gate.staleAfterMs;
}
