/** Counts lines and columns over bytes that pass once, in order. */
export class Places {
  line: number;
  column: number;
  /** The place that is counted, from the start of what was given. */
  at: number;

  constructor(line = 1, column = 1, at = 0) {
    this.line = line;
    this.column = column;
    this.at = at;
  }

  copy(): Places {
    return new Places(this.line, this.column, this.at);
  }

  advance(bytes: Uint8Array, to: number): void {
    let { line, column } = this;
    for (let place = this.at; place < to; place++) {
      const byte = bytes[place] as number;
      if (byte === 0x0a) {
        line += 1;
        column = 1;
      } else if ((byte & 0xc0) !== 0x80) {
        // A character of four bytes is two UTF-16 code units.
        column += byte >= 0xf0 ? 2 : 1;
      }
    }
    this.line = line;
    this.column = column;
    this.at = Math.max(this.at, to);
  }

  /** The bytes before `count` are gone. */
  shift(count: number): void {
    this.at -= count;
  }
}
