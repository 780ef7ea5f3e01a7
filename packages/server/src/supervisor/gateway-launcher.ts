import { extname, join } from 'node:path';
import { type LiveMessage, LiveRights } from '@poorter/engine/live-rights';
import type {
  FromGateway,
  IssuerKeysMessage,
  RuntimeSnapshot,
  ToGateway,
} from '../messages/between-processes.ts';
import { type Launch, WatchedChild } from '../platform/processes/index.ts';
import type { World } from '../platform/world/index.ts';
import { GATEWAY_OPTIONS, gatewayEnvironment } from './gateway-environment.ts';

const EXTENSION = extname(import.meta.filename);
const GATEWAY = join(import.meta.dirname, `../gateway/gateway-process${EXTENSION}`);
const GATEWAY_STALL_MS = 20_000;
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
  #newest: Served | null = null;
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
    return this.#newest;
  }

  get inForce(): Served | null {
    return this.#inForce;
  }

  /** The longest of any snapshot by which a thread may decide. */
  get staleAfterMs(): number {
    const bounds = [this.#newest, this.#inForce].map((one) => one?.snapshot.gate.staleAfterMs ?? 0);
    return Math.max(...bounds);
  }

  /** Of the rights that it was told last. */
  get liveSequence(): number {
    return this.#live.sequence;
  }

  /** Kept for a start, and served where it is started. */
  serve(served: Served): void {
    this.#newest = served;
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
    const version = this.#newest?.snapshot.gate.version;
    if (message.type === 'applied' && message.version === version) this.#inForce = this.#newest;
    // What was in force still is.
    if (message.type === 'failed' && message.version === version) {
      this.#newest = this.#inForce ?? this.#newest;
    }
    this.#onMessage(message);
  }

  #sendSnapshot(): void {
    const snapshot = this.#newest?.snapshot;
    if (snapshot !== undefined) this.#tell({ type: 'snapshot', snapshot });
  }

  /** Nobody is told anything before the start, which says it all. */
  #tell(message: ToGateway): void {
    if (this.#isStarted) this.#child.send(message);
  }
}
