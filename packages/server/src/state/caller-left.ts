/** Nobody waits for the answer any more: nothing is read for it. */
export class CallerLeftError extends Error {
  override readonly name = 'CallerLeftError';

  constructor() {
    super('the caller has left');
  }
}
