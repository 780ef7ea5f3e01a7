import { createHash } from 'node:crypto';
import type { PatternSpec } from '../patterns/pattern-spec.ts';
import { deeperChildren, inPlaceChildren, type Shape } from '../shape.ts';

/** What schemas refuse, as plain data: what the schemas of another day are held against. */
export interface ComparableSchemas {
  /** Equal digests, equal schemas. */
  readonly digest: string;
  /** By unit. */
  readonly shapes: readonly Shape[];
}

const PATTERN_CHARS_MAX = 64;

/** The shapes without what is only for checking: programs of patterns become their digests. */
export function comparable(units: readonly Shape[]): ComparableSchemas {
  const shapes = copyOf(units) as Shape[];
  const waiting = [...shapes];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (shape.pattern !== undefined) shape.pattern = short(shape.pattern);
    for (const patterned of shape.patternProperties ?? []) patterned[0] = short(patterned[0]);
    waiting.push(...inPlaceChildren(shape), ...deeperChildren(shape));
  }
  return { digest: digestOf(shapes), shapes };
}

/** Plain data without circles: a third of what a structured clone takes. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  // Members of messages may be called `__proto__`, which an assignment would not make a member.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOf(member)]));
}

function short({ words: _, excluded: __, ...pattern }: PatternSpec): PatternSpec {
  if (pattern.kind === 'never') return pattern;
  const isShort = pattern.kind === 'native' && pattern.source.length <= PATTERN_CHARS_MAX;
  const source = isShort ? pattern.source : digestOf(pattern);
  return { kind: 'native', source, charactersAStart: 0 };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
