import { ACCOUNT_CHARS_MAX, UnreadableAccounts } from './given-account.ts';

/** One element of a list that stands in a document, or is the document. */
export interface JsonElement {
  /** Of the member that has the list; '': the document is the list. */
  readonly list: string;
  readonly line: number;
  /** To be parsed: here it was found by its brackets alone. */
  readonly text: string;
}

/**
 * The elements of lists that a document has among its members, one by one: an export of a million people is not held at
 * once. What stands elsewhere in the document is passed over.
 */
export async function* jsonElements(
  chunks: AsyncIterable<string>,
  lists: ReadonlySet<string>,
): AsyncGenerator<JsonElement> {
  const reader = new ElementReader(lists);
  for await (const chunk of chunks) yield* reader.take(chunk);
  reader.end();
}

class ElementReader {
  readonly #lists: ReadonlySet<string>;
  #depth = 0;
  #line = 1;
  #isInText = false;
  #isEscaped = false;
  #isList = false;
  /** The text that was read last in the outermost object: a name, when a colon follows. */
  #word = '';
  #name = '';
  /** Null: none of the lists is open. */
  #list: string | null = null;
  /** Null: between elements. */
  #element: { text: string; readonly line: number } | null = null;

  constructor(lists: ReadonlySet<string>) {
    this.#lists = lists;
  }

  *take(chunk: string): Generator<JsonElement> {
    /** From where on the element that is open stands in this chunk. */
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const character = chunk.charAt(at);
      if (character === '\n') this.#line += 1;
      if (this.#isInText) {
        this.#inText(character);
        continue;
      }
      if (this.#ends(character)) {
        yield this.#finish(chunk.slice(from, at));
      }
      if (this.#begins(character)) {
        this.#element = { text: '', line: this.#line };
        from = at;
      }
      this.#outside(character);
    }
    if (this.#element !== null) this.#add(chunk.slice(from));
  }

  end(): void {
    if (this.#depth === 0 && !this.#isInText) return;
    throw new UnreadableAccounts(this.#line, 'ends in the middle of the document');
  }

  /** Of the lists themselves: they stand at the first depth, or at the second, in an object. */
  get #listDepth(): number {
    return this.#isList ? 1 : 2;
  }

  #begins(character: string): boolean {
    const isWithin = this.#list !== null && this.#depth === this.#listDepth;
    return isWithin && this.#element === null && !/[\s,\]]/.test(character);
  }

  #ends(character: string): boolean {
    const isBeside = this.#element !== null && this.#depth === this.#listDepth;
    return isBeside && (character === ',' || character === ']');
  }

  #finish(rest: string): JsonElement {
    this.#add(rest);
    const { text, line } = this.#element ?? { text: '', line: this.#line };
    this.#element = null;
    return { list: this.#list ?? '', line, text };
  }

  #add(text: string): void {
    if (this.#element === null) return;
    this.#element.text += text;
    if (this.#element.text.length <= ACCOUNT_CHARS_MAX) return;
    const says = `begins an element of more than ${ACCOUNT_CHARS_MAX} characters`;
    throw new UnreadableAccounts(this.#element.line, says);
  }

  #inText(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === '\\') this.#isEscaped = true;
    else if (character === '"') {
      this.#isInText = false;
      return;
    }
    // No name that is looked for is longer, or has an escape in it.
    if (this.#depth === 1 && this.#word.length < 100) this.#word += character;
  }

  #outside(character: string): void {
    switch (character) {
      case '"':
        this.#isInText = true;
        if (this.#depth === 1) this.#word = '';
        return;
      case ':':
        if (this.#depth === 1 && !this.#isList) this.#name = this.#word;
        return;
      case '[':
      case '{':
        return this.#open(character);
      case ']':
      case '}':
        return this.#close();
      default:
    }
  }

  #open(bracket: '[' | '{'): void {
    if (this.#depth === 0) {
      this.#isList = bracket === '[';
      if (this.#isList && this.#lists.has('')) this.#list = '';
    } else if (this.#depth === 1 && !this.#isList && bracket === '[') {
      if (this.#lists.has(this.#name)) this.#list = this.#name;
    }
    this.#depth += 1;
  }

  #close(): void {
    this.#depth -= 1;
    if (this.#depth < 0) {
      throw new UnreadableAccounts(this.#line, 'closes a bracket that was never opened');
    }
    if (this.#depth < this.#listDepth) this.#list = null;
  }
}
