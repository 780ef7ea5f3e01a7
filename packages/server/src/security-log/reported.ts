import type { Leaf } from './leaf.ts';

/** A place longer than this says where enough; all of it stands in the leaf. */
const PLACE_CHARS_MAX = 80;

/** Was more told of this call than what was decided? */
export function isReported({ answer, observed = [] }: Leaf): boolean {
  return (answer ?? null) !== null || observed.length > 0;
}

/**
 * What differed from the description although the call passed, or why its answer did not leave: how
 * many places, and the first with its rule. Never a value; null where nothing was told.
 */
export function reportedText(leaf: Leaf): string | null {
  const parts = [...requestParts(leaf.observed ?? []), ...answerParts(leaf.answer ?? null)];
  return parts.length === 0 ? null : `reported: ${parts.join('; ')}`;
}

/** One fault as records have it. */
interface Place {
  readonly where: string;
  readonly rule: string;
}

function answerParts(answer: Leaf['answer']): string[] {
  if (answer === null || answer === undefined) return [];
  const { action, unchecked } = answer;
  if (typeof unchecked === 'string') return [ended(`answer not checked (${unchecked})`, action)];
  const violations = placesOf(answer['violations']);
  const undocumented = placesOf(answer['undocumented']);
  const isCut = action === 'cut';
  const all = isCut ? violations : [...violations, ...undocumented];
  const parts: string[] = [];
  if (isCut) parts.push(`answer changed: ${counted(undocumented, 'cut member')}`);
  if (all.length > 0) parts.push(ended(`answer: ${violationsText(all)}`, action));
  return parts.length > 0 ? parts : [ended('answer: too much to list', action)];
}

function ended(text: string, action: unknown): string {
  return action === 'withhold' ? `${text}, withheld` : text;
}

function requestParts(observed: readonly unknown[]): string[] {
  const others: string[] = [];
  const places: Place[] = [];
  for (const one of observed) {
    const { code, evidence } = (one ?? {}) as {
      readonly code?: unknown;
      readonly evidence?: { readonly errors?: unknown };
    };
    const found = placesOf(evidence?.errors);
    if (found.length > 0) places.push(...found);
    else if (typeof code === 'string') others.push(`request: ${code} let pass`);
  }
  return places.length > 0 ? [`request: ${violationsText(places)} let pass`, ...others] : others;
}

/** Formats that are only told are no violations of the description. */
function violationsText(places: readonly Place[]): string {
  const isFormat = places.every(({ rule }) => rule === 'format');
  return counted(places, isFormat ? 'format remark' : 'violation');
}

function counted(places: readonly Place[], what: string): string {
  const [first, ...more] = places;
  if (first === undefined) return `no ${what}`;
  const many = `${places.length} ${what}${more.length === 0 ? '' : 's'}`;
  return `${many}, ${more.length === 0 ? '' : 'first '}${first.where} ${first.rule}`.trimEnd();
}

/** Pointers alone are members that nobody described. */
function placesOf(list: unknown): Place[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown): Place[] => {
    if (typeof one === 'string') return [{ where: shortened(one), rule: 'undocumented' }];
    const {
      in: part,
      name,
      pointer,
      rule,
      member,
    } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const words = [part, name, pointer].filter((word) => typeof word === 'string' && word !== '');
    const kind = [rule, member].filter((word) => typeof word === 'string' && word !== '');
    return [{ where: shortened(words.join(' ')), rule: shortened(kind.join(' ')) }];
  });
}

function shortened(text: string): string {
  return text.length > PLACE_CHARS_MAX ? `${text.slice(0, PLACE_CHARS_MAX)}…` : text;
}
