import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { DEPTH_MAX, type ParsedText, type Position, TOO_DEEP, TOO_LONG } from './parsed-text.ts';
import { isFields, pointerSegments } from './pointer.ts';
import { exactYamlNumber } from './yaml-number.ts';

/** Nodes that aliases may add in all: a description repeats a few blocks, a bomb repeats millions. */
const ALIASED_NODES_MAX = 200_000;

const UNCLEAR = {
  message: 'a number whose value cannot be kept as it is written',
  suggestion: 'write it in decimal digits',
};

class YamlProblem extends Error {
  readonly offset: number;
  readonly suggestion: string | undefined;
  constructor(message: string, offset: number, suggestion?: string) {
    super(message);
    this.offset = offset;
    this.suggestion = suggestion;
  }
}

/** YAML 1.2, core schema; merge keys are understood, duplicate keys and alias bombs refused. */
export function parseYaml(text: string): ParsedText {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: false,
      prettyErrors: false,
      // Anything quieter would let a second document in the file pass unread.
      logLevel: 'error',
    });
    const [error] = document.errors;
    if (error !== undefined) {
      return { ok: false, ...at(error.pos[0]), ...wordsFor(error) };
    }
    const value = new Conversion().convert(document.contents, 0).value;
    return {
      ok: true,
      value,
      positions: (pointers) =>
        pointers.map((pointer) => at(locate(document.contents, pointerSegments(pointer)))),
    };
  } catch (error) {
    if (error instanceof YamlProblem) {
      const suggestion = error.suggestion === undefined ? {} : { suggestion: error.suggestion };
      return { ok: false, ...at(error.offset), message: error.message, ...suggestion };
    }
    // The parser recurses: nesting without end runs it out of stack.
    if (error instanceof RangeError) return { ok: false, line: 1, column: 1, ...TOO_DEEP };
    const message = `not readable as YAML: ${String((error as Error).message)}`;
    return { ok: false, line: 1, column: 1, message };
  }
}

/** What is wrong and what was expected, in words for the author of a description. */
function wordsFor({ code, message }: YAMLError): { message: string; suggestion?: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab at the start of a line', suggestion: 'indent with spaces' };
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second YAML document begins here: one file holds one description',
        suggestion: "remove the '---', or move what follows into a file of its own",
      };
    case 'RESOURCE_EXHAUSTION':
      return TOO_DEEP;
    case 'BAD_INDENT':
      if (/^flow/i.test(message)) return { message: `not YAML: ${sentence(message)}` };
      return {
        message: 'the indentation fits neither the lines above nor a level of its own',
        suggestion: 'begin all keys of one map in the same column',
      };
    case 'BAD_SCALAR_START':
      return {
        message: 'a value cannot begin with this character',
        suggestion: 'put the value in quotes',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a second colon on this line: only one key may stand there',
        suggestion: 'put the value in quotes, or begin a new line',
      };
    case 'MISSING_CHAR':
      if (!/quote|bracket|brace|[\]}]/.test(message)) break;
      return {
        message: `something that was opened is not closed: ${sentence(message)}`,
        suggestion: 'close it with the same quote or bracket',
      };
    default:
      break;
  }
  return { message: `not YAML: ${sentence(message)}` };
}

/** The parser's sentence as a part of ours. */
function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replaceAll(/\s+/g, ' ');
}

interface Converted {
  readonly value: unknown;
  /** Nodes it would have without aliases. */
  readonly size: number;
}

/** Document nodes into plain values. An alias shares the value of its anchor. */
class Conversion {
  readonly #anchors = new Map<string, Converted | 'open'>();
  #aliasedNodes = 0;

  convert(node: unknown, depth: number): Converted {
    if (depth > DEPTH_MAX) {
      throw new YamlProblem(TOO_DEEP.message, offsetOf(node), TOO_DEEP.suggestion);
    }
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node));
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const converted = this.#convertPlain(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, converted);
    return converted;
  }

  #convertPlain(node: unknown, depth: number): Converted {
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) {
      let size = 1;
      const value = node.items.map((item) => {
        const converted = this.convert(item, depth + 1);
        size += converted.size;
        return converted.value;
      });
      return { value, size };
    }
    return { value: isScalar(node) ? this.#scalar(node) : null, size: 1 };
  }

  #scalar({ value, source, range }: Scalar): unknown {
    if (typeof value !== 'number') return value ?? null;
    const number = exactYamlNumber(value, source);
    if (typeof number !== 'string') return number;
    const { message, suggestion } = number === 'too-long' ? TOO_LONG : UNCLEAR;
    throw new YamlProblem(message, range?.[0] ?? 0, suggestion);
  }

  #alias(name: string, offset: number): Converted {
    const target = this.#anchors.get(name);
    if (target === undefined) throw new YamlProblem(`no anchor is named '${name}'`, offset);
    if (target === 'open') throw new YamlProblem(`the alias '${name}' contains itself`, offset);
    this.#aliasedNodes += target.size;
    if (this.#aliasedNodes > ALIASED_NODES_MAX) {
      throw new YamlProblem('aliases multiply the document beyond reason', offset);
    }
    return target;
  }

  #map(node: YAMLMap, depth: number): Converted {
    const members = new Map<string, unknown>();
    const merged: [string, unknown][] = [];
    let size = 1;
    for (const pair of node.items) {
      const key = keyText(pair);
      const converted = this.convert(pair.value, depth + 1);
      size += converted.size + 1;
      if (key === '<<' && isMergeKey(pair)) {
        for (const part of [converted.value].flat()) {
          if (!isFields(part)) {
            throw new YamlProblem('a merge key (<<) needs a map', offsetOf(pair.key));
          }
          merged.push(...Object.entries(part));
        }
        continue;
      }
      if (members.has(key)) {
        throw new YamlProblem(
          `the key '${key}' occurs twice in one map`,
          offsetOf(pair.key),
          'remove or rename one of the two',
        );
      }
      members.set(key, converted.value);
    }
    for (const [key, value] of merged) if (!members.has(key)) members.set(key, value);
    // fromEntries creates own members even for names such as __proto__.
    return { value: Object.fromEntries(members), size };
  }
}

function keyText({ key }: Pair): string {
  if (isScalar(key)) {
    // `200:` and `1.0:` keep their spelling.
    return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
  }
  if (key === null) return '';
  throw new YamlProblem('a key must be a plain string', offsetOf(key));
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && (key as Scalar).type === 'PLAIN';
}

function offsetOf(node: unknown): number {
  const range = (node as { range?: readonly number[] } | null)?.range;
  return range?.[0] ?? 0;
}

/** Offset of the key (or list item) that the path names, or of the nearest place above it. */
function locate(root: unknown, path: readonly string[]): number {
  let node = root;
  let offset = offsetOf(root);
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key }) => isScalar(key) && keyText({ key } as Pair) === segment,
      );
      if (pair === undefined) return offset;
      offset = offsetOf(pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      if (node === undefined) return offset;
      offset = offsetOf(node);
    } else {
      return offset;
    }
  }
  return offset;
}
