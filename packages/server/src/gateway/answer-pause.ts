/**
 * A moment in which this thread answers nobody: calls that come, and answers that the service gives,
 * wait. Several may be asked for at once; it ends with the last.
 */
export class AnswerPause {
  #asked = 0;
  #over: Promise<void> | null = null;
  #end: () => void = () => undefined;

  /** Null: there is none. */
  get over(): Promise<void> | null {
    return this.#over;
  }

  /** Returns how to end it. */
  begin(): () => void {
    this.#asked++;
    this.#over ??= new Promise((resolve) => {
      this.#end = resolve;
    });
    return () => {
      this.#asked--;
      if (this.#asked > 0) return;
      this.#end();
      this.#over = null;
    };
  }
}
