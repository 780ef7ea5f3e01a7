import type { FromIssuer, IssuerSnapshot, ToIssuer } from '../messages/between-issuer.ts';
import { type Launch, WatchedChild } from '../platform/processes/index.ts';
import { startedFile } from '../platform/program/index.ts';
import type { World } from '../platform/world/index.ts';
import { ALLOCATOR } from './gateway-environment.ts';

const ISSUER = startedFile('issuer/issuer-process');
/** It asks, and answers: nothing keeps its main loop busy. */
const ISSUER_STALL_MS = 30_000;
const STOP_MARGIN_MS = 2_000;

export interface IssuerLauncherOptions {
  readonly world: World;
  readonly launch: Launch;
  readonly on: {
    readonly message: (message: FromIssuer) => void;
    readonly ended: (reason: string) => void;
  };
}

/**
 * The process of our own authorization server: there from the first snapshot that has one on, and again
 * whenever it dies, with the last snapshot. Calls with tokens that were given go on without it.
 */
export class IssuerLauncher {
  readonly #options: IssuerLauncherOptions;
  #child: WatchedChild | null = null;
  #snapshot: IssuerSnapshot | null = null;

  constructor(options: IssuerLauncherOptions) {
    this.#options = options;
  }

  /** Null: there is none from now on. */
  serve(snapshot: IssuerSnapshot | null): void {
    this.#snapshot = snapshot;
    if (snapshot === null) return void this.stop(0);
    if (this.#child === null) this.#start();
    else this.tell({ type: 'issuer-snapshot', snapshot });
  }

  tell(message: ToIssuer): void {
    this.#child?.send(message);
  }

  async stop(drainMs: number): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.stop({ type: 'drain' } satisfies ToIssuer, drainMs + STOP_MARGIN_MS);
  }

  #start(): void {
    const { world, launch, on } = this.#options;
    const child = new WatchedChild({
      ...{ world, launch, module: ISSUER, argv: [], stallMs: ISSUER_STALL_MS },
      env: { ...ALLOCATOR, ...world.environment },
      onMessage: (message) => on.message(message as FromIssuer),
      onStart: () => {
        const snapshot = this.#snapshot;
        if (snapshot !== null) child.send({ type: 'issuer-snapshot', snapshot } satisfies ToIssuer);
      },
      onExit: on.ended,
    });
    this.#child = child;
    child.start();
  }
}
