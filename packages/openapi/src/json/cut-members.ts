import { parseJsonText } from './parse-json-text.ts';

/**
 * Removes members by cutting their bytes out: what stays is byte for byte what came. The input has
 * passed readJson, so it is trusted to be well-formed and free of duplicate names.
 */
export function cutMembers(bytes: Uint8Array, pointers: readonly string[]): Uint8Array {
  const root = plant(pointers);
  if (root.branches.size === 0) return bytes;
  const cuts: Span[] = [];
  findCuts(bytes, root, cuts);
  return cuts.length === 0 ? bytes : without(bytes, cuts);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The pointers as a tree, so that one walk over the bytes serves all of them. */
interface Branch {
  isCut: boolean;
  readonly branches: Map<string, Branch>;
}

function plant(pointers: readonly string[]): Branch {
  const root: Branch = { isCut: false, branches: new Map() };
  for (const pointer of pointers) {
    let branch = root;
    for (const step of pointer.split('/').slice(1)) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      let next = branch.branches.get(name);
      if (next === undefined)
        branch.branches.set(name, (next = { isCut: false, branches: new Map() }));
      branch = next;
    }
    branch.isCut = true;
  }
  return root;
}

interface Level {
  readonly branch: Branch;
  readonly isArray: boolean;
  index: number;
  /** Where the first member cut from the front begins; -1 once a member stays. */
  frontStart: number;
  /** End of the last member that stays. */
  keptEnd: number;
  /** End of the last member cut from the front. */
  frontEnd: number;
}

function findCuts(bytes: Uint8Array, root: Branch, cuts: Span[]): void {
  const levels: Level[] = [];
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_OBJECT && bytes[at] !== OPEN_ARRAY) return;
  levels.push(open(root, bytes[at] === OPEN_ARRAY));
  at++;

  while (levels.length > 0) {
    const level = levels.at(-1)!;
    at = skipSpace(bytes, at);
    const code = bytes[at];
    if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (level.frontStart >= 0 && level.keptEnd < 0) {
        cuts.push({ start: level.frontStart, end: level.frontEnd });
      }
      levels.pop();
      at++;
      const parent = levels.at(-1);
      if (parent !== undefined) parent.keptEnd = at;
      continue;
    }
    if (code === COMMA) {
      at++;
      continue;
    }

    const start = at;
    let branch: Branch | undefined;
    if (level.isArray) {
      branch = level.branch.branches.get(String(level.index++));
    } else {
      const nameEnd = endOfString(bytes, at);
      branch = level.branch.branches.get(nameOf(bytes, at, nameEnd));
      at = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1);
    }

    if (branch?.isCut === true && !level.isArray) {
      at = endOfValue(bytes, at);
      if (level.keptEnd >= 0) cuts.push({ start: level.keptEnd, end: at });
      else {
        if (level.frontStart < 0) level.frontStart = start;
        level.frontEnd = at;
      }
      continue;
    }

    // The first member that stays closes the gap its cut predecessors leave.
    if (level.frontStart >= 0 && level.keptEnd < 0) {
      cuts.push({ start: level.frontStart, end: start });
    }
    const isContainer = bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_ARRAY;
    if (branch !== undefined && isContainer) {
      level.keptEnd = at;
      levels.push(open(branch, bytes[at] === OPEN_ARRAY));
      at++;
    } else {
      at = endOfValue(bytes, at);
      level.keptEnd = at;
    }
  }
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

function open(branch: Branch, isArray: boolean): Level {
  return { branch, isArray, index: 0, frontStart: -1, frontEnd: -1, keptEnd: -1 };
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const code = bytes[at]!;
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
  }
  return at;
}

/** `from` is the opening quote; the answer is one past the closing one. */
function endOfString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  for (; at < bytes.length; at++) {
    const code = bytes[at]!;
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) break;
  }
  return at + 1;
}

function endOfValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const code = bytes[at]!;
    if (code === QUOTE) {
      at = endOfString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || skipSpace(bytes, at) > at)) return at;
    at++;
  }
  return at;
}

function nameOf(bytes: Uint8Array, start: number, end: number): string {
  const quoted = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  return quoted.includes('\\') ? (parseJsonText(quoted) as string) : quoted.slice(1, -1);
}

function without(bytes: Uint8Array, cuts: readonly Span[]): Uint8Array {
  const ordered = cuts.toSorted((a, b) => a.start - b.start);
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const cut of ordered) {
    kept.push(bytes.subarray(from, cut.start));
    from = cut.end;
  }
  kept.push(bytes.subarray(from));
  return Buffer.concat(kept);
}
