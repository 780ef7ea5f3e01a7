import { type ChildProcess, fork } from 'node:child_process';
import type { Timer, World } from '../world/index.ts';

/** Restarts double their wait up to this bound; a child that lived a minute starts over. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 10_000;
const LIVED_LONG_MS = 60_000;
const PING_EVERY_MS = 1_000;

export interface ChildProgram {
  readonly module: string;
  readonly argv: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Options of Node, besides those of this process. */
  readonly execArgv?: readonly string[];
}

/** A process, as whoever started it holds it. */
export type Child = Pick<
  ChildProcess,
  'pid' | 'connected' | 'exitCode' | 'signalCode' | 'on' | 'once' | 'off' | 'disconnect'
> & {
  send(message: object, sent: () => void): unknown;
  kill(signal: 'SIGKILL'): unknown;
};

export type Launch = (program: ChildProgram) => Child;

export interface WatchedChildOptions extends ChildProgram {
  readonly world: Pick<World, 'monotonicMs' | 'bootMs' | 'after' | 'every'>;
  readonly launch: Launch;
  /** One that stands already, and is watched from the start on. */
  readonly first?: Child;
  /** Without an answer to a ping for this long the child is killed and replaced. */
  readonly stallMs: number;
  readonly onMessage: (message: unknown) => void;
  /** It answered a ping that was sent at this moment (`bootMs`). */
  readonly onPong?: (sentAtMs: number) => void;
  /** A new process stands; send it what it needs. */
  readonly onStart: () => void;
  readonly onExit: (reason: string) => void;
}

/** `words`: where what it writes goes that is said in no message. */
export function startChild(
  { module, argv, env, execArgv = [] }: ChildProgram,
  words: 'inherit' | 'pipe' = 'inherit',
): ChildProcess {
  const child = fork(module, argv, {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...execArgv],
    env,
    stdio: ['ignore', words, words, 'ipc'],
  });
  // A message to a child that is just dying must not take the supervisor down.
  child.on('error', () => undefined);
  return child;
}

/** A child process that is started again whenever it dies or stalls, until it is stopped. */
export class WatchedChild {
  readonly #options: WatchedChildOptions;
  #child: Child | null = null;
  #startedAt = 0;
  #startedAtBootMs = Number.NEGATIVE_INFINITY;
  #heardAt = 0;
  #backoffMs = BACKOFF_MIN_MS;
  #isStopping = false;
  #hasStarted = false;
  #watch: Timer | null = null;

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
    const { world, launch } = this.#options;
    const child = this.#standing() ?? launch(this.#options);
    this.#child = child;
    this.#startedAtBootMs = world.bootMs();
    this.#startedAt = this.#heardAt = world.monotonicMs();
    child.on('message', (message) => {
      this.#heardAt = world.monotonicMs();
      const { type, atMs } = message as { type?: unknown; atMs?: number };
      if (type !== 'pong') this.#options.onMessage(message);
      // When it answered is not known, when it was asked is.
      else if (typeof atMs === 'number') this.#options.onPong?.(atMs);
    });
    child.once('exit', (code, signal) => this.#exited(signal ?? `status ${code}`));
    this.#watch ??= world.every(PING_EVERY_MS, () => this.#ping());
    this.#options.onStart();
  }

  /** The one that stood before, once, unless it has ended meanwhile. */
  #standing(): Child | null {
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
    this.#watch?.cancel();
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send(farewell);
    const force = this.#options.world.after(deadlineMs, () => child.kill('SIGKILL'));
    await gone;
    force.cancel();
  }

  #ping(): void {
    const { world, stallMs } = this.#options;
    if (world.monotonicMs() - this.#heardAt > stallMs) this.#child?.kill('SIGKILL');
    else this.send({ type: 'ping', atMs: world.bootMs() });
  }

  #exited(reason: string): void {
    this.#child = null;
    if (this.#isStopping) return;
    this.#options.onExit(reason);
    const { world } = this.#options;
    if (world.monotonicMs() - this.#startedAt > LIVED_LONG_MS) this.#backoffMs = BACKOFF_MIN_MS;
    world.after(this.#backoffMs, () => {
      if (!this.#isStopping) this.start();
    });
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
  const send = (message: object) => {
    if (process.connected) process.send?.(message, () => undefined);
  };
  process.on('message', (message: object) => hearParent(message, send, onMessage));
  process.once('disconnect', () => {
    // Nobody reads any more what is written here; what is under way goes on.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    onOrphaned();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  return send;
}

/** What a parent says: its own signs of life are answered, and all else is passed on. */
export function hearParent<Message>(
  message: { readonly type?: unknown; readonly atMs?: unknown },
  send: (message: object) => void,
  onMessage: (message: Message) => void,
): void {
  if (message.type === 'ping') send({ type: 'pong', atMs: message.atMs });
  else onMessage(message as Message);
}
