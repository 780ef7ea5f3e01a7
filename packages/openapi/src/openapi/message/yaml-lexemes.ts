import { CST } from 'yaml';

/** The rule that is broken, and where. */
export class YamlFault extends Error {
  readonly rule: string;
  readonly pointer: string;
  constructor(rule: string, pointer = '') {
    super(rule);
    this.rule = rule;
    this.pointer = pointer;
  }
}

/** Judges what can be told by one lexeme, or two. */
export class LexemeCheck {
  #isScalarNext = false;
  #isBlockNext = false;
  #flowDepth = 0;
  /** Behind a comma, or at the start of a flow collection. */
  #isItemOpen = false;
  /** Behind a colon in a flow collection. */
  #colon: 'of-plain' | 'of-quoted' | undefined;
  #isPlainLast = false;
  /** Behind the dashes of a line: how many. */
  #dashes = 0;

  next(lexeme: string): void {
    if (this.#isScalarNext) {
      this.#isScalarNext = false;
      if (this.#isBlockNext) checkBlock(lexeme);
      else this.#checkPlain(lexeme);
      this.#isPlainLast = true;
      this.#isBlockNext = false;
      this.#isItemOpen = false;
      return;
    }
    const type = CST.tokenType(lexeme);
    this.#checkBehindColon(type);
    this.#checkBehindDashes(type);
    switch (type) {
      case 'scalar':
        this.#isScalarNext = true;
        return;
      case 'block-scalar-header':
        // Some read the next name as a line of it, where it says how far it is indented.
        if (/[0-9]/.test(lexeme)) throw new YamlFault('yaml-syntax');
        this.#isBlockNext = true;
        return;
      case 'space':
        // Where JSON may have tabs.
        if (this.#flowDepth === 0 && lexeme.includes('\t')) throw new YamlFault('yaml-syntax');
        return;
      case 'flow-map-start':
      case 'flow-seq-start':
        this.#flowDepth += 1;
        this.#isItemOpen = true;
        return;
      case 'flow-map-end':
      case 'flow-seq-end':
        if (--this.#flowDepth < 0) throw new YamlFault('yaml-syntax');
        this.#isPlainLast = false;
        this.#isItemOpen = false;
        return;
      case 'comma':
        if (this.#isItemOpen) throw new YamlFault('yaml-syntax');
        this.#isItemOpen = true;
        return;
      case 'double-quoted-scalar':
      case 'single-quoted-scalar':
        checkQuoted(lexeme);
        this.#isPlainLast = false;
        this.#isItemOpen = false;
        return;
      case 'map-value-ind':
        // A name that is nothing.
        if (this.#isItemOpen && this.#flowDepth > 0) throw new YamlFault('yaml-syntax');
        if (this.#flowDepth > 0) this.#colon = this.#isPlainLast ? 'of-plain' : 'of-quoted';
        return;
      case 'anchor':
      case 'alias':
      case 'tag':
      case 'directive-line':
        throw new YamlFault('yaml-reference');
      case 'explicit-key-ind':
      case 'flow-error-end':
      case null:
        throw new YamlFault('yaml-syntax');
      default:
        return;
    }
  }

  /** `{a:}` and `{a:[1]}` begin with another name to some; `{"a":[1]}` is JSON. */
  #checkBehindColon(type: CST.TokenType | null): void {
    const colon = this.#colon;
    this.#colon = undefined;
    if (colon === undefined || type === 'space' || type === 'newline') return;
    if (colon === 'of-plain') throw new YamlFault('yaml-plain');
    if (/^(?:comma|flow-(?:map|seq)-end)$/.test(type ?? '')) throw new YamlFault('yaml-syntax');
  }

  /** Behind `- -`, js-yaml takes the next item of the outer list for one of the inner. */
  #checkBehindDashes(type: CST.TokenType | null): void {
    if (type === 'seq-item-ind') this.#dashes += 1;
    else if (type !== 'space') {
      const isEmpty = type === 'newline' || type === 'comment';
      if (isEmpty && this.#dashes > 1) throw new YamlFault('yaml-syntax');
      this.#dashes = 0;
    }
  }

  #checkPlain(text: string): void {
    if (text.includes('\t')) throw new YamlFault('yaml-syntax');
    // Symbols of Ruby, which it may take for names, and where some see a document begin.
    if (/^(?::|---|\.\.\.)/.test(text)) throw new YamlFault('yaml-plain');
    // `{a:1}` is a name, or a name and a value; `?` begins a name to some.
    if (this.#flowDepth > 0 && /:(?!\/)|\?/.test(text)) throw new YamlFault('yaml-plain');
  }
}

/** Blanks before the end of a line, and an empty line behind an escaped end, are content to some. */
function checkQuoted(text: string): void {
  if (/[ \t]\n|\\\n[ \t]*\n/.test(text)) throw new YamlFault('yaml-syntax');
  // Where a line is not indented, the lexer ends there, and takes an escaped quote for the last.
  const escapes = text.startsWith('"')
    ? trailing('\\', text.slice(0, -1))
    : 1 + trailing("'", text.slice(1));
  if (escapes % 2 !== 0) throw new YamlFault('yaml-syntax');
}

function trailing(sign: string, text: string): number {
  let at = text.length;
  while (text[at - 1] === sign) at -= 1;
  return text.length - at;
}

/** Blanks alone, and blanks behind the last line, are content to some; to others, the next name is. */
function checkBlock(text: string): void {
  const isBlank = text !== '' && /^[ \n]*$/.test(text);
  if (isBlank || /(?:^|\n) +$/.test(text)) throw new YamlFault('yaml-syntax');
}
