import type {
  FromRemoteGateway,
  ToRemoteGateway,
} from '../../packages/server/src/messages/between-processes.ts';
import { BootClock } from '../../packages/server/src/platform/clock/index.ts';
import { programVersion } from '../../packages/server/src/platform/processes/index.ts';
import {
  ControlLease,
  RENEW_EVERY_MS,
} from '../../packages/server/src/supervisor/control-lease.ts';
import { LiveReading } from '../../packages/server/src/supervisor/live-reading.ts';
import type { Control } from './simulated-control.fixture.ts';
import {
  CLOSED,
  Connection,
  type Dice,
  Machine,
  Pipe,
  type Say,
  SILENT_MAX_MS,
  type Time,
} from './simulated-machine.fixture.ts';

interface Thread {
  readonly inbox: Pipe;
  applied: number;
  snapshot: { readonly version: number; readonly staleMs: number };
}

/** A gateway process: threads that decide, each by what has reached it. */
class Process {
  readonly inbox = new Pipe();
  readonly outbox = new Pipe();
  readonly clock: BootClock;
  controlSeenMs = Number.NEGATIVE_INFINITY;
  sequence = 0;
  threads: Thread[] = [];
  snapshot: { version: number; staleMs: number } | null = null;
  isStopped = false;
  /** Its supervisor was killed: it finishes what it has, and ends. */
  orphanedUntil: number | null = null;

  constructor(machine: Machine) {
    this.clock = new BootClock(machine);
  }
}

interface Supervision {
  readonly lease: ControlLease;
  readonly reading: LiveReading;
  isMet: boolean;
  sequence: number;
  snapshot: { version: number; staleMs: number } | null;
  connection: Connection | null;
  retryAt: number;
  renewAt: number;
}

/** A machine that runs a gateway: the real lease and the real reading, its processes simulated. */
export class Gateway {
  readonly machine: Machine;
  readonly name: string;
  readonly #instance: string;
  readonly #time: Time;
  readonly #dice: Dice;
  #supervisor: Supervision | null = null;
  /** The one that holds the lock is first; a successor waits behind it. */
  #processes: Process[] = [];
  isStopped = false;
  /** Both directions of the wire to control. */
  cut = { toControl: false, toGateway: false };

  constructor(time: Time, dice: Dice, name: string, instance: string) {
    this.#time = time;
    this.#dice = dice;
    this.name = name;
    this.#instance = instance;
    this.machine = new Machine(time, dice);
  }

  get isUp(): boolean {
    return this.#supervisor !== null;
  }

  get processes(): readonly Process[] {
    return this.#processes;
  }

  start(): void {
    const clock = new BootClock(this.machine);
    this.#supervisor ??= {
      lease: new ControlLease(() => clock.now()),
      reading: new LiveReading(),
      ...{ isMet: false, sequence: 0, snapshot: null, connection: null },
      ...{ retryAt: 0, renewAt: 0 },
    };
  }

  /** SIGKILL: the gateway process finishes what it has begun, and nobody tells it anything. */
  killSupervisor(): void {
    this.#hangUp();
    this.#supervisor = null;
    this.isStopped = false;
    for (const process of this.#processes) {
      process.orphanedUntil ??= this.#time.now + 1_000 + this.#dice(35_000);
    }
  }

  /** The process dies; its supervisor starts another. */
  killProcess(): void {
    const last = this.#processes.pop();
    if (last !== undefined && this.#supervisor !== null) this.#startProcess();
  }

  /** SIGTERM: it drains, ends, and says so when nobody is left. */
  end(): void {
    const supervisor = this.#supervisor;
    if (supervisor === null || this.isStopped || this.machine.isAsleep) return;
    this.#processes = this.#processes.filter(({ orphanedUntil }) => orphanedUntil !== null);
    if (supervisor.isMet && this.#processes.length === 0) this.#say({ type: 'ended' });
    this.#supervisor = null;
  }

  /** Does anybody here still accept what was taken away by `sequence`? */
  accepts(sequence: number): boolean {
    if (this.machine.isAsleep) return false;
    return this.#processes.some(
      (process) =>
        !process.isStopped &&
        process.threads.some(
          ({ applied, snapshot }) =>
            applied < sequence && process.clock.now() - process.controlSeenMs <= snapshot.staleMs,
        ),
    );
  }

  run(control: Control): void {
    if (this.machine.isAsleep) return;
    this.#processes = this.#processes.filter(
      ({ orphanedUntil, isStopped }) =>
        orphanedUntil === null || isStopped || orphanedUntil > this.#time.now,
    );
    for (const process of this.#processes) {
      if (!process.isStopped) this.#runProcess(process, process === this.#processes[0]);
    }
    if (this.#supervisor !== null && !this.isStopped) this.#runSupervisor(control);
  }

  #runSupervisor(control: Control): void {
    const supervisor = this.#supervisor as Supervision;
    const now = this.machine.monotonicMs();
    const { connection } = supervisor;
    if (connection === null) {
      const isReachable = control.isUp && !this.cut.toControl && !this.cut.toGateway;
      if (now >= supervisor.retryAt && isReachable) this.#connect(control);
      return;
    }
    connection.toControl.isCut = this.cut.toControl;
    connection.toGateway.isCut = this.cut.toGateway;
    for (;;) {
      const message = connection.toGateway.take(this.#time.now);
      if (message === undefined || !connection.isOpenAtGateway) break;
      connection.gatewayHeardAt = now;
      if (message === CLOSED) return this.#hangUp();
      this.#hear(message as ToRemoteGateway);
    }
    for (const process of this.#processes) {
      for (;;) {
        const report = process.outbox.take(this.#time.now);
        if (report === undefined) break;
        if (process.orphanedUntil === null) this.#passOn(report as never);
      }
    }
    if (now - connection.gatewayHeardAt > SILENT_MAX_MS) return this.#hangUp();
    if (supervisor.isMet && now >= supervisor.renewAt) this.#renew();
  }

  #connect(control: Control): void {
    const supervisor = this.#supervisor as Supervision;
    const connection = new Connection(control.machine.monotonicMs(), this.machine.monotonicMs());
    supervisor.connection = connection;
    supervisor.isMet = false;
    control.accept(connection, this.name);
    this.#say({
      ...{ type: 'hello', protocol: 1, oldest: 1, version: programVersion() },
      instance: this.#instance,
    });
  }

  #renew(): void {
    const supervisor = this.#supervisor as Supervision;
    supervisor.renewAt = this.machine.monotonicMs() + RENEW_EVERY_MS;
    this.#say(supervisor.lease.ask());
  }

  #hear(message: ToRemoteGateway): void {
    const supervisor = this.#supervisor as Supervision;
    switch (message.type) {
      case 'hello':
        supervisor.isMet = true;
        return this.#renew();
      case 'live':
      case 'live-change': {
        const read = supervisor.reading.read(message);
        supervisor.sequence = read.type === 'live' ? read.state.sequence : read.change.sequence;
        return this.#tell({ type: 'live', sequence: supervisor.sequence });
      }
      case 'snapshot': {
        const { version, staleAfterMs } = message.snapshot.gate;
        supervisor.snapshot = { version, staleMs: staleAfterMs };
        if (this.#processes.every(({ orphanedUntil }) => orphanedUntil !== null)) {
          return this.#startProcess();
        }
        return this.#tell({ type: 'snapshot', ...supervisor.snapshot });
      }
      case 'renewed':
        supervisor.lease.renewed(message.at);
        return this.#tell({ type: 'control-seen', atMs: supervisor.lease.seenMs });
      default:
        return;
    }
  }

  #passOn(report: { type: string; sequence?: number; version?: number }): void {
    const supervisor = this.#supervisor as Supervision;
    if (!supervisor.isMet) return;
    if (report.type === 'applied') {
      return this.#say({ type: 'applied', version: report.version } as never);
    }
    const sequence = report.sequence as number;
    if (sequence > supervisor.sequence) return;
    this.#say({
      type: 'live-applied',
      sequence: supervisor.reading.confirmable(sequence),
    } as never);
    this.#renew();
  }

  #startProcess(): void {
    const supervisor = this.#supervisor as Supervision;
    const process = new Process(this.machine);
    this.#processes.push(process);
    this.#tell({ type: 'control-seen', atMs: supervisor.lease.seenMs });
    this.#tell({ type: 'live', sequence: supervisor.sequence });
    if (supervisor.snapshot !== null) this.#tell({ type: 'snapshot', ...supervisor.snapshot });
  }

  #tell(message: Say): void {
    const process = this.#processes.findLast(({ orphanedUntil }) => orphanedUntil === null);
    process?.inbox.put(message, this.#time.now + this.#dice(50));
  }

  #say(message: FromRemoteGateway): void {
    const dueAt = this.#time.now + 1 + this.#dice(200);
    this.#supervisor?.connection?.toControl.put({ ...message }, dueAt);
  }

  #hangUp(): void {
    const supervisor = this.#supervisor;
    const connection = supervisor?.connection ?? null;
    if (supervisor === null || connection === null) return;
    connection.isOpenAtGateway = false;
    connection.toControl.put(CLOSED, this.#time.now + this.#dice(100));
    supervisor.connection = null;
    supervisor.isMet = false;
    supervisor.retryAt = this.machine.monotonicMs() + this.#dice(3_000);
  }

  #runProcess(process: Process, hasLock: boolean): void {
    const { now } = this.#time;
    for (;;) {
      // What needs the lock waits for it, and what comes behind waits too.
      const message = hasLock ? process.inbox.take(now) : undefined;
      if (message === undefined) break;
      this.#processHears(process, message as never);
    }
    for (const thread of process.threads) {
      const message = thread.inbox.take(now) as
        | { type: string; sequence: number; version: number; staleMs: number }
        | undefined;
      if (message === undefined) continue;
      if (message.type === 'live') thread.applied = message.sequence;
      else thread.snapshot = { version: message.version, staleMs: message.staleMs };
      this.#report(process);
    }
  }

  #processHears(
    process: Process,
    message: { type: string; atMs: number; sequence: number; version: number; staleMs: number },
  ): void {
    if (message.type === 'control-seen') {
      process.controlSeenMs = Math.max(process.controlSeenMs, message.atMs);
      return;
    }
    if (message.type === 'live') process.sequence = message.sequence;
    else process.snapshot = { version: message.version, staleMs: message.staleMs };
    if (process.snapshot !== null && process.threads.length === 0) {
      const { sequence: applied, snapshot } = process;
      process.threads = [0, 1].map(() => ({ inbox: new Pipe(), applied, snapshot }));
    } else {
      for (const { inbox } of process.threads) inbox.put(message, this.#time.now + this.#dice(300));
    }
    this.#report(process);
  }

  #report(process: Process): void {
    const dueAt = this.#time.now + this.#dice(50);
    const applied = Math.min(process.sequence, ...process.threads.map((one) => one.applied));
    process.outbox.put({ type: 'live-applied', sequence: applied } as Say, dueAt);
    const { snapshot } = process;
    if (
      snapshot !== null &&
      process.threads.every((one) => one.snapshot.version === snapshot.version)
    ) {
      process.outbox.put({ type: 'applied', version: snapshot.version } as Say, dueAt);
    }
  }
}
