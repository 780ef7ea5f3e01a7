import type { AST } from '@eslint-community/regexpp';

/** Code points as ordered, inclusive ranges. */
export type Ranges = readonly (readonly [from: number, to: number])[];

const LAST = 0x10ffff;
const DIGIT: Ranges = [[48, 57]];
const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
// ECMA-262 WhiteSpace and LineTerminator.
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_END: Ranges = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];

/** The characters an element takes; undefined where only the native engine knows (\p{…}). */
export function classRanges(
  element: AST.Character | AST.CharacterSet | AST.CharacterClass,
): Ranges | undefined {
  switch (element.type) {
    case 'Character':
      return [[element.value, element.value]];
    case 'CharacterSet':
      return setRanges(element);
    case 'CharacterClass': {
      const parts: (readonly [number, number])[] = [];
      for (const item of element.elements) {
        if (item.type === 'CharacterClassRange') parts.push([item.min.value, item.max.value]);
        else if (item.type === 'Character') parts.push([item.value, item.value]);
        else {
          const ranges = item.type === 'CharacterSet' ? setRanges(item) : undefined;
          if (ranges === undefined) return undefined;
          parts.push(...ranges);
        }
      }
      return element.negate ? invert(ordered(parts)) : ordered(parts);
    }
  }
}

export function disjoint(left: Ranges, right: Ranges): boolean {
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i]![1] < right[j]![0]) i++;
    else if (right[j]![1] < left[i]![0]) j++;
    else return false;
  }
  return true;
}

function setRanges(set: AST.CharacterSet): Ranges | undefined {
  switch (set.kind) {
    case 'any':
      return invert(LINE_END);
    case 'digit':
      return set.negate ? invert(DIGIT) : DIGIT;
    case 'word':
      return set.negate ? invert(WORD) : WORD;
    case 'space':
      return set.negate ? invert(SPACE) : SPACE;
    case 'property':
      return undefined;
  }
}

function ordered(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function invert(ranges: Ranges): Ranges {
  const inverted: [number, number][] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    if (start > from) inverted.push([from, start - 1]);
    from = end + 1;
  }
  if (from <= LAST) inverted.push([from, LAST]);
  return inverted;
}
