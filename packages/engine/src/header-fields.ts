/**
 * One list of header fields, checked once and used for every decision and for forwarding.
 * Names are lower-case; order and repeated fields are kept.
 */
export class HeaderFields {
  /** name, value, name, value … */
  readonly flat: readonly string[];

  constructor(flat: readonly string[]) {
    this.flat = flat;
  }

  /** The first field of that lower-case name. */
  get(name: string): string | undefined {
    const { flat } = this;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] === name) return flat[index + 1];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  all(name: string): string[] {
    const values: string[] = [];
    for (let index = 0; index < this.flat.length; index += 2) {
      if (this.flat[index] === name) values.push(this.flat[index + 1] as string);
    }
    return values;
  }

  /** All values of a list-valued field, joined as RFC 9110 §5.3 allows. */
  joined(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /** A list in which `name` has this one value. */
  with(name: string, value: string): HeaderFields {
    const flat: string[] = [];
    for (let index = 0; index < this.flat.length; index += 2) {
      if (this.flat[index] !== name) {
        flat.push(this.flat[index] as string, this.flat[index + 1] as string);
      }
    }
    return new HeaderFields([...flat, name, value]);
  }
}
