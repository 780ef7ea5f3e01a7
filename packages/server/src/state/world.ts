/** What the stores take from outside. */
export interface StateWorld {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}
