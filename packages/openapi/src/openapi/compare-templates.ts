import { likeness } from '../likeness.ts';
import { canonicalLiteral, readTemplate } from './description/template.ts';
import type { SegmentPlan } from './plan.ts';
import { decodedLiteral } from './router.ts';
import { cutReadings, withoutFormats } from './segment-text.ts';
import { takeValues } from './segment-values.ts';

/** What a segment fixes, decoded: one text alone, or the texts before, between and after its parameters. */
export type FixedTexts = readonly string[];

/** As the router reads it; a path that is no template is one whose segments are all fixed. */
export function fixedTexts(path: string): readonly FixedTexts[] {
  const template = readTemplate(path);
  const segments: readonly SegmentPlan[] = template.ok
    ? template.segments
    : path.split('/').map((part) => ({ literal: canonicalLiteral(part) }));
  return fixedTextsOf(segments);
}

export function fixedTextsOf(template: readonly SegmentPlan[]): readonly FixedTexts[] {
  return template.map((segment) =>
    'literal' in segment ? [decodedLiteral(segment.literal)] : segment.literals.map(decodedLiteral),
  );
}

/** Some text of a segment fits both. */
export function mayBeBoth(one: FixedTexts, other: FixedTexts): boolean {
  const [head, otherHead] = [one[0] as string, other[0] as string];
  if (one.length === 1) return other.length === 1 ? head === otherHead : fits(head, other);
  if (other.length === 1) return fits(otherHead, one);
  // What stands between can always be written out within the parameters of the other.
  const [tail, otherTail] = [one.at(-1) as string, other.at(-1) as string];
  const isHeadCommon = head.startsWith(otherHead) || otherHead.startsWith(head);
  return isHeadCommon && (tail.endsWith(otherTail) || otherTail.endsWith(tail));
}

/** No text is a parameter's value alone. */
const ANY_VALUE = '\u0000';

/** Every text that fits `narrow` fits `wide`; where that cannot be seen, false. */
export function fitsAll(wide: FixedTexts, narrow: FixedTexts): boolean {
  if (wide.length === 1) return narrow.length === 1 && wide[0] === narrow[0];
  return fits(narrow.join(ANY_VALUE), wide);
}

function fits(text: string, fixed: FixedTexts): boolean {
  return text !== '' && takeValues(text, fixed, []);
}

/**
 * Of two templates that fit the same path, whether the router takes the one for certain: the first
 * segment in which they differ decides, concrete before patterned before free.
 */
export function isPreferred(one: readonly FixedTexts[], other: readonly FixedTexts[]): boolean {
  for (const [index, texts] of one.entries()) {
    const rival = other[index] ?? [];
    if (isSame(texts, rival)) continue;
    return concreteness(texts) > concreteness(rival);
  }
  return false;
}

function isSame(one: FixedTexts, other: FixedTexts): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Characters that a segment fixes. */
function concreteness(texts: FixedTexts): number {
  if (texts.length === 1) return Number.POSITIVE_INFINITY;
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** The segment as a service may take it for another: letters of either case and the like. */
export function alike(texts: FixedTexts): FixedTexts {
  return texts.map(likeness);
}

/** What services make of a fixed segment that cut something off its end, itself among them. */
export function serviceReadings(text: string, isLast: boolean): readonly string[] {
  const form = likeness(text);
  const cut = cutReadings(text, form);
  return [...new Set([form, ...cut, ...(isLast ? cut.flatMap(withoutFormats) : [])])];
}
