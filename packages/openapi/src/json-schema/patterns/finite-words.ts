/** More than these are no list of names any more. */
const WORDS_MAX = 64;
const LENGTH_MAX = 64;
const DEPTH_MAX = 16;
const CHARACTER = /[\w-]/;

/**
 * All texts that a pattern matches, where it is written as a few words: `^(?:role|scope)s?$` is four names. Undefined:
 * it is not, or has parts that are not read here.
 */
export function finiteWords(source: string): readonly string[] | undefined {
  if (source.length > 1_000) return undefined;
  const reader = new Reader(source);
  const words = reader.alternatives(true);
  return reader.isAtEnd ? words : undefined;
}

class Reader {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length;
  }

  /** `isTop`: each of them stands between ^ and $. */
  alternatives(isTop: boolean): readonly string[] | undefined {
    const words = new Set<string>();
    do {
      const found = this.#sequence(isTop);
      if (found === undefined) return undefined;
      for (const word of found) words.add(word);
    } while (this.#takes('|'));
    const isMany = words.size > WORDS_MAX || [...words].some((word) => word.length > LENGTH_MAX);
    return isMany ? undefined : [...words];
  }

  #sequence(isTop: boolean): readonly string[] | undefined {
    if (isTop && !this.#takes('^')) return undefined;
    let words: readonly string[] = [''];
    for (;;) {
      const next = this.#source[this.#at];
      if (next === undefined || next === '|' || next === ')' || next === '$') break;
      const atom = this.#atom();
      if (atom === undefined) return undefined;
      words = this.#takes('?') ? joinedWords(words, [...atom, '']) : joinedWords(words, atom);
      if (words.length > WORDS_MAX) return undefined;
    }
    return isTop && !this.#takes('$') ? undefined : words;
  }

  #atom(): readonly string[] | undefined {
    if (this.#takes('(')) {
      if (this.#takes('?') && !this.#takes(':')) return undefined;
      if (this.#depth === DEPTH_MAX) return undefined;
      this.#depth += 1;
      const inner = this.alternatives(false);
      this.#depth -= 1;
      return this.#takes(')') && !this.#isRepeated ? inner : undefined;
    }
    if (this.#takes('[')) return this.#class();
    const character = this.#source[this.#at] as string;
    this.#at += 1;
    return CHARACTER.test(character) && !this.#isRepeated ? [character] : undefined;
  }

  /** Of single characters, as `[Rr]`. */
  #class(): readonly string[] | undefined {
    const end = this.#source.indexOf(']', this.#at);
    const characters = [...this.#source.slice(this.#at, Math.max(end, this.#at))];
    if (characters.length === 0 || !characters.every((one) => /\w/.test(one))) return undefined;
    this.#at = end + 1;
    return this.#isRepeated ? undefined : characters;
  }

  get #isRepeated(): boolean {
    return /[*+{]/.test(this.#source[this.#at] ?? '');
  }

  #takes(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}

function joinedWords(starts: readonly string[], ends: readonly string[]): readonly string[] {
  return starts.flatMap((start) => ends.map((end) => start + end));
}
