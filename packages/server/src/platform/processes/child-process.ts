import { type ChildProcess, fork } from 'node:child_process';
import { bootMs, monotonicMs } from '../clock/index.ts';

/** Restarts double their wait up to this bound; a child that lived a minute starts over. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 10_000;
const LIVED_LONG_MS = 60_000;

export interface ChildProgram {
  readonly module: string;
  readonly argv: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Options of Node, besides those of this process. */
  readonly execArgv?: readonly string[];
}

export interface WatchedChildOptions extends ChildProgram {
  /** One that stands already, and is watched from the start on. */
  readonly first?: ChildProcess;
  /** Without an answer to a ping for this long the child is killed and replaced. */
  readonly stallMs: number;
  readonly onMessage: (message: unknown) => void;
  /** It answered a ping that was sent at this moment (`bootMs`). */
  readonly onPong?: (sentAtMs: number) => void;
  /** A new process stands; send it what it needs. */
  readonly onStart: () => void;
  readonly onExit: (reason: string) => void;
}

export function startChild({ module, argv, env, execArgv = [] }: ChildProgram): ChildProcess {
  const child = fork(module, argv, {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...execArgv],
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // A message to a child that is just dying must not take the supervisor down.
  child.on('error', () => undefined);
  return child;
}

/** A child process that is started again whenever it dies or stalls, until it is stopped. */
export class WatchedChild {
  readonly #options: WatchedChildOptions;
  #child: ChildProcess | null = null;
  #startedAt = 0;
  #startedAtBootMs = Number.NEGATIVE_INFINITY;
  #heardAt = 0;
  #backoffMs = BACKOFF_MIN_MS;
  #isStopping = false;
  #hasStarted = false;
  #watch: NodeJS.Timeout | null = null;

  constructor(options: WatchedChildOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** When the present process was started, by `bootMs`: whatever it says was said after that. */
  get startedAtBootMs(): number {
    return this.#startedAtBootMs;
  }

  start(): void {
    const child = this.#standing() ?? startChild(this.#options);
    this.#child = child;
    this.#startedAtBootMs = bootMs();
    this.#startedAt = this.#heardAt = monotonicMs();
    child.on('message', (message) => {
      this.#heardAt = monotonicMs();
      const { type, atMs } = message as { type?: unknown; atMs?: number };
      if (type !== 'pong') this.#options.onMessage(message);
      // When it answered is not known, when it was asked is.
      else if (typeof atMs === 'number') this.#options.onPong?.(atMs);
    });
    child.once('exit', (code, signal) => this.#exited(signal ?? `status ${code}`));
    this.#watch ??= setInterval(() => this.#ping(), 1_000);
    this.#options.onStart();
  }

  /** The one that stood before, once, unless it has ended meanwhile. */
  #standing(): ChildProcess | null {
    const { first } = this.#options;
    if (first === undefined || this.#hasStarted) return null;
    this.#hasStarted = true;
    return first.exitCode === null && first.signalCode === null ? first : null;
  }

  send(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  /** Ends the child: politely, and after `deadlineMs` by force. Resolves when it is gone. */
  async stop(farewell: object, deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send(farewell);
    const force = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await gone;
    clearTimeout(force);
  }

  #ping(): void {
    if (monotonicMs() - this.#heardAt > this.#options.stallMs) this.#child?.kill('SIGKILL');
    else this.send({ type: 'ping', atMs: bootMs() });
  }

  #exited(reason: string): void {
    this.#child = null;
    if (this.#isStopping) return;
    this.#options.onExit(reason);
    if (monotonicMs() - this.#startedAt > LIVED_LONG_MS) this.#backoffMs = BACKOFF_MIN_MS;
    setTimeout(() => {
      if (!this.#isStopping) this.start();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
  }
}

/**
 * In a child: answers pings, and calls `onOrphaned` when the supervisor is gone. Terminals and service
 * managers send signals to every process of a group: the supervisor decides for all of them, in order.
 */
export function serveParent<Message>(
  onMessage: (message: Message) => void,
  onOrphaned: () => void,
): (message: object) => void {
  process.on('message', (message: { type?: unknown; atMs?: unknown }) => {
    if (message.type === 'ping') {
      process.send?.({ type: 'pong', atMs: message.atMs }, () => undefined);
    } else onMessage(message as Message);
  });
  process.once('disconnect', onOrphaned);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  return (message) => {
    if (process.connected) process.send?.(message, () => undefined);
  };
}
