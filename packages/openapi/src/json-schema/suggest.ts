/** More names than this are not looked through: a suggestion is a courtesy, and costs time. */
const CANDIDATES_MAX = 5_000;
const LENGTH_MAX = 100;

/** The candidate a misspelt word most likely meant; undefined where none is close enough. */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  distanceMax = editsExpected(word),
): string | undefined {
  if (word.length > LENGTH_MAX) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = distanceMax + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > CANDIDATES_MAX || bestDistance === 0) break;
    if (candidate === word || candidate.length > LENGTH_MAX + distanceMax) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Longer words are misspelt more. */
function editsExpected({ length }: string): number {
  if (length <= 3) return 1;
  return length <= 8 ? 2 : 3;
}

export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const guess = nearest(word, candidates);
  return guess === undefined ? undefined : `did you mean '${guess}'?`;
}

/** The same for words of schemas, which are JSON. */
export const suggestionOf = (word: string | undefined): string | undefined =>
  word === undefined ? undefined : `did you mean ${JSON.stringify(word)}?`;

/** Edits, where swapping two neighbours counts as one; `bound` as soon as it cannot stay below. */
function editDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) >= bound) return bound;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, beforePrevious[column - 2]! + 1);
      least = Math.min(least, cost);
      current.push(cost);
    }
    // A swap reaches back two rows, so one row without hope is not yet enough.
    if (least > bound) return bound;
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length]!;
}
