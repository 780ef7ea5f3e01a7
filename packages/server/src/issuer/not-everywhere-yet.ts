/** What was taken back is stored, and somebody may still decide without it: nobody is told that it is done. */
export class NotEverywhereYet extends Error {
  override readonly name = 'NotEverywhereYet';

  constructor(what: string, missing: readonly string[]) {
    super(`${what} was taken back, and not yet at ${missing.join(', ')}`);
  }
}
