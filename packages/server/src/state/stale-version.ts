/** The row changed since it was read: the caller reads it again and decides again. */
export class StaleVersionError extends Error {
  override readonly name = 'StaleVersionError';
  readonly current: number;

  constructor(current: number) {
    super(`the version is ${current} by now`);
    this.current = current;
  }
}

/** There is no such row, or no longer. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}
