/** One item of a list: its text with its dash, and the line on which it starts. */
export interface ListItem {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

export interface ItemList {
  readonly length: number;
  /** The column of the dashes, from 0. */
  readonly indent: number;
  items(): Generator<ListItem>;
}

const HEAD = /^(?: *(?:#[^\n]*)?\n)*keys:(?: +(?:#[^\n]*)?)?\n/;
/** Tabs and carriage returns among them: YAML has rules of its own for those. */
const UNUSUAL = /[^\n\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\uffff]/;

/**
 * Splits a key file of the common shape, `keys:` and a block list, where its items start. Null for
 * every other shape. An item that spans more than it seems to, such as an open quote, does not
 * parse alone: whoever parses items must then read the document whole.
 */
export function splitKeyList(text: string): ItemList | null {
  const head = HEAD.exec(text);
  if (head === null || UNUSUAL.test(text)) return null;
  const starts: number[] = [];
  const lines: number[] = [];
  let indent = -1;
  let line = countLines(head[0]);
  for (let at = head[0].length; at < text.length; line += 1) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    const column = columnOf(text, at, next);
    const first = text[at + column];
    const isEmpty = first === undefined || first === '\n' || first === '#';
    if (!isEmpty) {
      if (indent < 0) indent = column;
      if (column < indent) return null;
      if (column === indent) {
        if (first !== '-' || text[at + column + 1] !== ' ') return null;
        starts.push(at);
        lines.push(line + 1);
      }
    }
    at = next;
  }
  if (starts.length === 0) return null;
  return {
    length: starts.length,
    indent,
    *items() {
      for (const [index, start] of starts.entries()) {
        yield { text: text.slice(start, starts[index + 1]), line: lines[index] as number };
      }
    },
  };
}

function columnOf(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text[at] === ' ') at += 1;
  return at - start;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
