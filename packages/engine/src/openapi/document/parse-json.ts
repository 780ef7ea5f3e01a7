import { type ParseError, printParseErrorCode, visit } from 'jsonc-parser';
import { parseJsonExactly } from '../../json/index.ts';
import { DEPTH_MAX, type ParsedText, type Position, TOO_DEEP, TOO_LONG } from './parsed-text.ts';
import { pointerSegments } from './pointer.ts';

/**
 * JSON by the platform's parser: descriptions of ten megabytes are real. Positions are found
 * by one later pass over the text, for all wanted places at once.
 */
export function parseJson(text: string): ParsedText {
  const reading = parseJsonExactly(text);
  if (!reading.ok) {
    if (reading.rule === 'number')
      return { ok: false, ...positionAt(text, reading.at), ...TOO_LONG };
    return { ok: false, ...firstSyntaxError(text) };
  }
  const { value } = reading;
  if (isTooDeep(value)) {
    return { ok: false, ...depthPassed(text), ...TOO_DEEP };
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) return { ok: false, ...duplicate };
  return { ok: true, value, positions: (pointers) => locateAll(text, pointers) };
}

function positionAt(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) as string).length + 1 };
}

function isTooDeep(root: unknown): boolean {
  if (typeof root !== 'object' || root === null) return false;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) return true;
    const next: unknown[] = [];
    for (const container of level) {
      for (const member of Object.values(container as object)) {
        if (typeof member === 'object' && member !== null) next.push(member);
      }
    }
    level = next;
  }
  return false;
}

/** Where the text goes too deep; by its brackets, because walking it would need the stack it lacks. */
function depthPassed(text: string): Position {
  let depth = 0;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (char === '\n') {
      line++;
      lineStart = at + 1;
    } else if (char === '{' || char === '[') {
      if (++depth > DEPTH_MAX) return { line, column: at - lineStart + 1 };
    } else if (char === '}' || char === ']') depth--;
  }
  return { line: 1, column: 1 };
}

function firstSyntaxError(text: string): Position & { message: string } {
  let first: (Position & { message: string }) | undefined;
  try {
    visit(
      text,
      {
        onError: (code: ParseError['error'], _offset, _length, line, character) => {
          const words = printParseErrorCode(code).replace(/([a-z])([A-Z])/g, '$1 $2');
          first ??= {
            line: line + 1,
            column: character + 1,
            message: `not JSON: ${words.toLowerCase()}`,
          };
        },
      },
      { disallowComments: true, allowTrailingComma: false },
    );
  } catch {
    return { ...depthPassed(text), ...TOO_DEEP };
  }
  return first ?? { line: 1, column: 1, message: 'not JSON' };
}

function findDuplicateKey(
  text: string,
): (Position & { message: string; suggestion: string }) | undefined {
  let found: (Position & { message: string; suggestion: string }) | undefined;
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
      return true;
    },
    onObjectEnd: () => {
      open.pop();
    },
    onObjectProperty: (name, _offset, _length, line, character) => {
      const names = open[open.length - 1];
      if (names?.has(name)) {
        found ??= {
          line: line + 1,
          column: character + 1,
          message: `the key '${name}' occurs twice in one object`,
          suggestion: 'remove or rename one of the two',
        };
      }
      names?.add(name);
    },
  });
  return found;
}

interface Wanted {
  readonly children: Map<string, Wanted>;
  position: Position | undefined;
}

function locateAll(text: string, pointers: readonly string[]): Position[] {
  const root: Wanted = { children: new Map(), position: { line: 1, column: 1 } };
  const chains = pointers.map((pointer) => {
    const chain = [root];
    for (const segment of pointerSegments(pointer)) {
      const above = chain[chain.length - 1] as Wanted;
      let child = above.children.get(segment);
      if (child === undefined) {
        child = { children: new Map(), position: undefined };
        above.children.set(segment, child);
      }
      chain.push(child);
    }
    return chain;
  });
  followText(text, root);
  return chains.map((chain) => chain.findLast((wanted) => wanted.position)?.position as Position);
}

/** Walks the text beside the tree of wanted places and notes where each stands. */
function followText(text: string, root: Wanted): void {
  const open: { wanted: Wanted; index: number }[] = [];
  let pending: Wanted | undefined = root;

  /** Where a value starts: the wanted place it belongs to, if any. */
  const arrive = (line: number, character: number): Wanted | undefined => {
    const container = open[open.length - 1];
    if (container === undefined || container.index < 0) {
      const wanted = pending;
      pending = undefined;
      return wanted;
    }
    const item = container.wanted.children.get(String(container.index));
    if (item !== undefined) item.position ??= { line: line + 1, column: character + 1 };
    return item;
  };

  const enter = (line: number, character: number, index: number): boolean => {
    const wanted = arrive(line, character);
    if (wanted === undefined || wanted.children.size === 0) return false;
    open.push({ wanted, index });
    return true;
  };

  visit(text, {
    // Nothing below an unwanted container is reported, except its own end.
    onObjectBegin: (_offset, _length, line, character) => {
      const entered = enter(line, character, -1);
      if (!entered) open.push({ wanted: EMPTY, index: -1 });
      return entered;
    },
    onArrayBegin: (_offset, _length, line, character) => {
      const entered = enter(line, character, 0);
      if (!entered) open.push({ wanted: EMPTY, index: -1 });
      return entered;
    },
    onObjectEnd: () => {
      open.pop();
    },
    onArrayEnd: () => {
      open.pop();
    },
    onObjectProperty: (name, _offset, _length, line, character) => {
      pending = open[open.length - 1]?.wanted.children.get(name);
      if (pending !== undefined) pending.position = { line: line + 1, column: character + 1 };
    },
    onLiteralValue: (_value, _offset, _length, line, character) => {
      arrive(line, character);
    },
    onSeparator: (character) => {
      const container = open[open.length - 1];
      if (character === ',' && container !== undefined && container.index >= 0) container.index++;
    },
  });
}

const EMPTY: Wanted = { children: new Map(), position: undefined };
