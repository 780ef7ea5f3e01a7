/** Holds the one key that is not in the database. What it wraps, it alone unwraps. */
export interface MasterKeyProvider {
  /** For messages and records: what was configured, without any secret. */
  readonly id: string;
  /** Another machine has it, and is asked for every key that is wrapped or unwrapped. */
  readonly isElsewhere: boolean;
  /** Throws what would keep it from being used, as far as this machine can tell without asking another. */
  inspect?(): void;
  /** `context` is bound to the result: it must be given again, and the same. */
  wrap(plain: Uint8Array, context: string): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}

/** This master key did not wrap these bytes, or they were altered. */
export class WrongMasterKeyError extends Error {
  override readonly name = 'WrongMasterKeyError';
}

/** The master key could not be had: a file that is missing, a service that does not answer. */
export class MasterKeyUnavailableError extends Error {
  override readonly name = 'MasterKeyUnavailableError';
}
