/** Reaches every gateway with what was just stored. */
export interface Everywhere {
  /**
   * Resolves when every thread of every connected gateway decides by all that is stored now. Throws
   * AdminProblem `not_everywhere_yet`, and nothing else, when that takes too long or cannot be done now:
   * for verbs that take rights away. What was stored is.
   */
  untilEnforced(): Promise<void>;
  /**
   * The same for verbs that give: gateways that did not confirm in time are named, and nothing throws,
   * because a key that was made must not be lost with its answer.
   */
  announce(): Promise<readonly string[]>;
}
