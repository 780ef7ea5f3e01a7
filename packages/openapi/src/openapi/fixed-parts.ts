import type { SegmentPlan } from './plan.ts';
import { decodeSegment } from './segment-text.ts';

/** With the slash at the end that it lacks, or without the one that it has. */
export function slashed(texts: readonly string[]): readonly string[] {
  return texts.at(-1) === '' ? texts.slice(0, -1) : [...texts, ''];
}

/**
 * In the first segment of which one fixes more than the other, it is this one; or it is of another
 * length, but for a slash at the end.
 */
export function fixesMore(one: readonly SegmentPlan[], other: readonly SegmentPlan[]): boolean {
  const [segments, rivals] = [withoutSlash(one), withoutSlash(other)];
  if (segments.length !== rivals.length) return true;
  for (const [index, segment] of segments.entries()) {
    const [fixed, others] = [fixedIn(segment), fixedIn(rivals[index] as SegmentPlan)];
    if (fixed !== others) return fixed > others;
  }
  return false;
}

function withoutSlash(template: readonly SegmentPlan[]): readonly SegmentPlan[] {
  const last = template.at(-1);
  return last !== undefined && 'literal' in last && last.literal === ''
    ? template.slice(0, -1)
    : template;
}

function fixedIn(segment: SegmentPlan): number {
  if ('literal' in segment) return Number.POSITIVE_INFINITY;
  return segment.literals.reduce(
    (sum, literal) => sum + (decodeSegment(literal) ?? literal).length,
    0,
  );
}
