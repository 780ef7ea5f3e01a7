/** Reaches every gateway with what was just stored. */
export interface Everywhere {
  /**
   * Resolves when every thread of every connected gateway decides by all that is stored now. Throws
   * AdminProblem `not_everywhere_yet` when that takes too long.
   */
  reach(): Promise<void>;
}
