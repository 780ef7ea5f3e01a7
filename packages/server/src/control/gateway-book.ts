import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';

export interface GatewayBookPorts {
  /** The book as it was written last; null: there is none. */
  readonly read: () => string | null;
  /** On disk when it returns; throws. */
  readonly write: (text: string) => void;
  /** Of this machine, monotonic: a clock that is set ends nobody's time. */
  readonly now: () => number;
}

export interface BookedGateway {
  readonly name: string;
  readonly isConnected: boolean;
  /** The sequence up to which it decides; -1: it has not told. */
  readonly confirmed: number;
  /** How long it may serve on without control, from now; null while it is connected. */
  readonly servesForMs: number | null;
}

/** It cannot be gone for good. */
export class GatewayConnectedError extends Error {
  override readonly name = 'GatewayConnectedError';
}

interface Entry {
  readonly name: string;
  /** The longest staleness bound of any snapshot by which it may decide. */
  staleMs: number;
  /** When it was last promised time; the promise ends `staleMs` later by the gateway's clock. */
  promisedAt: number;
  isConnected: boolean;
  confirmed: number;
  /** What had happened when it connected. Some of it may be everywhere since its time ran out. */
  mustKnow: number;
}

/** Clocks of two machines may differ in rate by a thousandth; twice that is allowed for. */
const RATE_ERROR = 1 / 500;
/** How far a gateway's clock may be behind: the granularity of uptimes is up to a second. */
const BEHIND_MS = 2_000;
/** Machines under one name: more than these do not come in before earlier ones have run out. */
const INSTANCES_MAX = 8;
/** An instance that is not known, of a gateway that is. */
const ANY = '?';

const AWAY = { isConnected: false, confirmed: -1, mustKnow: 0 };

const bookSchema = z.object({
  format: z.literal(1),
  /** A control of a version before has not written it. */
  longestMs: z.number().min(0).optional(),
  gateways: z.record(
    z.string().regex(/^[A-Za-z0-9._]{1,64} (?:\?|[0-9a-f]{32})$/),
    z.object({ staleMs: z.number().min(0) }),
  ),
});

/**
 * Which gateways on other machines may serve, by what, and for how long without control. A gateway
 * stands in it, on disk, before it is promised any time; it is taken out when it has ended, when its
 * time has run out, or when somebody says that the machine is gone. No time of day is written down: a
 * control that starts counts every gateway of the book as promised its whole time just then, which is
 * later than any promise of its predecessor. Decision 0021 proves the bound.
 */
export class GatewayBook {
  readonly #ports: GatewayBookPorts;
  readonly #listeners = new Set<() => void>();
  /** Of any snapshot that was ever sent: a gateway whose time has run out may still have it. */
  #longestMs = 0;
  /** By name and instance. */
  readonly #entries = new Map<string, Entry>();

  constructor(ports: GatewayBookPorts) {
    this.#ports = ports;
  }

  /** `listener` hears when somebody confirmed, ended or ran out of time: whoever waits looks again. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Without a book, or with one that cannot be read, each of `ifLost` may serve: they were configured
   * while a store was in use that this control did not make.
   */
  open(ifLost: readonly string[], staleMs: number): void {
    const known = parseBook(this.#ports.read());
    const gateways =
      known?.gateways ?? Object.fromEntries(ifLost.map((name) => [`${name} ${ANY}`, { staleMs }]));
    const bounds = Object.values(gateways).map((entry) => entry.staleMs);
    this.#longestMs = Math.max(staleMs, known?.longestMs ?? 0, ...bounds);
    const promisedAt = this.#ports.now();
    for (const [key, entry] of Object.entries(gateways)) {
      const name = key.slice(0, key.indexOf(' '));
      this.#entries.set(key, { ...entry, name, promisedAt, ...AWAY });
    }
    // From now on there is one: whoever is configured later has never been promised anything.
    this.#write();
  }

  /**
   * A gateway connects: from now on it must confirm what is revoked, and is promised nothing before
   * it knows all that has happened up to `mustKnow`. Throws when that cannot be written down. Returns
   * the key of its entry.
   */
  enter(name: string, instance: string, staleMs: number, mustKnow: number): string {
    const key = `${name} ${instance}`;
    const before = this.#entries.get(key) ?? this.#entries.get(`${name} ${ANY}`);
    const others = [...this.#entries.values()].filter((one) => one.name === name).length;
    if (before === undefined && others >= INSTANCES_MAX) {
      throw new Error(`${others} machines of that name may serve already`);
    }
    const entry = {
      name,
      staleMs: Math.max(staleMs, before?.staleMs ?? 0),
      promisedAt: before?.promisedAt ?? this.#ports.now(),
      ...{ isConnected: true, confirmed: -1, mustKnow },
    };
    this.#longestMs = Math.max(this.#longestMs, entry.staleMs);
    this.#change(() => {
      this.#entries.delete(`${name} ${ANY}`);
      this.#entries.set(key, entry);
    });
    return key;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** It is promised time from now on: to be called before it is told so. False: it must not be. */
  promise(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry?.isConnected !== true || !(entry.confirmed >= entry.mustKnow)) return false;
    entry.promisedAt = this.#ports.now();
    return true;
  }

  /** A snapshot is about to be sent that has this bound. Throws when that cannot be written down. */
  mayDecideBy(key: string, staleMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || staleMs <= entry.staleMs) return;
    const before = entry.staleMs;
    entry.staleMs = staleMs;
    this.#longestMs = Math.max(this.#longestMs, staleMs);
    try {
      this.#write();
    } catch (error) {
      entry.staleMs = before;
      throw error;
    }
  }

  /** Every thread decides by the snapshot that was sent last. */
  decidesBy(key: string, staleMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || staleMs >= entry.staleMs) return;
    entry.staleMs = staleMs;
    this.#write();
  }

  confirm(key: string, sequence: number): void {
    const entry = this.#entries.get(key);
    if (entry?.isConnected !== true) return;
    entry.confirmed = sequence;
    this.#changed();
  }

  /** Nothing is heard of it any more: it may serve until its time has run out. */
  cutOff(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.isConnected = false;
    entry.confirmed = -1;
    this.#changed();
  }

  /** It says that nothing of it serves any more. */
  ended(key: string): void {
    this.#change(() => this.#entries.delete(key));
    this.#changed();
  }

  /** Somebody says that the machine is gone for good. Returns how many were taken out. */
  remove(name: string): number {
    const found = [...this.#entries].filter(([, entry]) => entry.name === name);
    if (found.some(([, { isConnected }]) => isConnected)) {
      throw new GatewayConnectedError(`${name} is connected`);
    }
    if (found.length === 0) return 0;
    this.#change(() => {
      for (const [key] of found) this.#entries.delete(key);
    });
    this.#changed();
    return found.length;
  }

  /** Names of those who may decide by something older than `sequence`. */
  missing(sequence: number): string[] {
    this.#expire();
    const behind = [...this.#entries.values()].filter(
      ({ isConnected, confirmed }) => !(isConnected && confirmed >= sequence),
    );
    return [...new Set(behind.map(({ name }) => name))];
  }

  get gateways(): BookedGateway[] {
    this.#expire();
    return [...this.#entries.values()].map((entry) => ({
      name: entry.name,
      isConnected: entry.isConnected,
      confirmed: entry.confirmed,
      servesForMs: entry.isConnected ? null : this.#leftMs(entry),
    }));
  }

  #leftMs({ promisedAt, staleMs }: Entry): number {
    return promisedAt + boundMs(staleMs) - this.#ports.now();
  }

  #expire(): void {
    const over = [...this.#entries].filter(
      ([, entry]) => !entry.isConnected && !(this.#leftMs(entry) > 0),
    );
    if (over.length === 0) return;
    for (const [key] of over) this.#entries.delete(key);
    try {
      this.#write();
    } catch {
      // It stands there for longer than it must; the next change writes it again.
    }
  }

  /** All of it, on disk, or nothing. */
  #change(work: () => void): void {
    const before = [...this.#entries];
    work();
    try {
      this.#write();
    } catch (error) {
      this.#entries.clear();
      for (const [key, entry] of before) this.#entries.set(key, entry);
      throw error;
    }
  }

  #write(): void {
    const gateways = Object.fromEntries(
      [...this.#entries].map(([key, { staleMs }]) => [key, { staleMs }]),
    );
    const { longestMs } = this;
    this.#ports.write(`${JSON.stringify({ format: 1, longestMs, gateways })}\n`);
  }
}

/** By control's clock: how long after a promise the gateway may still decide by it. */
export function boundMs(staleMs: number): number {
  return staleMs * (1 + RATE_ERROR) + BEHIND_MS;
}

function parseBook(text: string | null): z.output<typeof bookSchema> | null {
  if (text === null) return null;
  try {
    return bookSchema.parse(parseJsonText(text));
  } catch {
    return null;
  }
}
