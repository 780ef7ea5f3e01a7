import { endOfString, parseJsonText } from './parse-json-text.ts';

/** Where a member stands in its text, by offsets. Of an item, and of the whole, both are the same place. */
export interface MemberPlace {
  /** The opening quote of its name. */
  readonly name: number;
  /** The first character of its value. */
  readonly value: number;
}

/**
 * Where the members stand that these pointers name; of a member that is not there, the nearest place
 * above it. One walk over the text serves all of them, without recursion. The text has been read, by
 * readJsonDocument: it is well-formed, and no name stands twice in one object.
 */
export function placesOfMembers(text: string, pointers: readonly string[]): MemberPlace[] {
  const start = skipSpace(text, 0);
  const root: Wanted = { members: new Map(), place: { name: start, value: start } };
  const chains = pointers.map((pointer) => want(root, pointer));
  walk(text, root, start);
  return chains.map((chain) => chain.findLast(({ place }) => place !== undefined)!.place!);
}

interface Wanted {
  readonly members: Map<string, Wanted>;
  place: MemberPlace | undefined;
}

/** From the root to the member itself, which are all made where they are not there. */
function want(root: Wanted, pointer: string): Wanted[] {
  const chain = [root];
  let above = root;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    let member = above.members.get(name);
    if (member === undefined) {
      above.members.set(name, (member = { members: new Map(), place: undefined }));
    }
    chain.push(member);
    above = member;
  }
  return chain;
}

interface Level {
  readonly wanted: Wanted;
  readonly isArray: boolean;
  index: number;
}

/** Goes into those containers alone of which something is wanted. */
function walk(text: string, root: Wanted, start: number): void {
  const levels: Level[] = [];
  let at = start;

  /** Past the value, or into it. */
  const enterOrPass = (wanted: Wanted | undefined): void => {
    const code = text.charCodeAt(at);
    const isContainer = code === OPEN_OBJECT || code === OPEN_ARRAY;
    if (!isContainer || wanted === undefined || wanted.members.size === 0) {
      at = endOfValue(text, at);
      return;
    }
    levels.push({ wanted, isArray: code === OPEN_ARRAY, index: 0 });
    at++;
  };

  enterOrPass(root);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === COMMA) {
      at++;
      continue;
    }
    if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      levels.pop();
      at++;
      continue;
    }
    const name = at;
    let step: string;
    if (level.isArray) step = String(level.index++);
    else {
      const end = endOfString(text, at + 1) + 1;
      step = nameOf(text.slice(at, end));
      at = skipSpace(text, skipSpace(text, end) + COLON_LENGTH);
    }
    const wanted = level.wanted.members.get(step);
    if (wanted !== undefined) wanted.place = { name, value: at };
    enterOrPass(wanted);
  }
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const COLON_LENGTH = 1;

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (parseJsonText(quoted) as string) : quoted.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function endOfValue(text: string, from: number): number {
  const { length } = text;
  let depth = 0;
  let at = from;
  while (at < length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at + 1);
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      // Of the container around a number or a word.
      if (depth === 0) return at;
      depth--;
    } else if (depth === 0) {
      if (code === COMMA || isSpace(code)) return at;
      at++;
      continue;
    }
    at++;
    if (depth === 0) return at;
  }
  return at;
}
