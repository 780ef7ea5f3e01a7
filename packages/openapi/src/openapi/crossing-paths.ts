import { likeness } from '../likeness.ts';
import { alike, type FixedTexts, fitsAll, fixedTextsOf, mayBeBoth } from './compare-templates.ts';
import type { SegmentPlan } from './plan.ts';
import { decodedLiteral } from './router.ts';
import { decodeSegment, repeatedReadings } from './segment-text.ts';
import { takeValues } from './segment-values.ts';
import type { CompiledOperation } from './types.ts';

type Template = readonly SegmentPlan[];
type Path = readonly FixedTexts[];

/** Paths deeper than any template fit none. */
const SEGMENTS_MAX = 200;

/**
 * Some calls fit both paths, and neither is more concrete throughout: `/users/me/{part}` and
 * `/users/{id}/settings`. OpenAPI 3.1 §4.8.8.2 leaves it to tools which of them is meant, and they differ.
 */
export function cross(one: Path, other: Path): boolean {
  const [left, right] = [withoutSlash(one), withoutSlash(other)];
  if (left.length !== right.length) return false;
  const fitsBoth = left.every((texts, index) => mayBeBoth(texts, right[index] as FixedTexts));
  return fitsBoth && !isWithin(left, right) && !isWithin(right, left);
}

function isWithin(narrow: Path, wide: Path): boolean {
  return narrow.every((texts, index) => fitsAll(wide[index] as FixedTexts, texts));
}

function withoutSlash(path: Path): Path {
  const last = path.at(-1);
  return last?.length === 1 && last[0] === '' ? path.slice(0, -1) : path;
}

/** Equal for templates that the same calls fit. */
export function pathKey(template: Template): string {
  return keyOf(fixedTextsOf(template));
}

function keyOf(path: Path): string {
  // No path that is accepted holds these.
  return path.map((texts) => texts.join('\u0000')).join('\u0001');
}

/** Whoever may call the one may call the other, as often, and leaves the same record. */
export function askTheSame(one: Asking, other: Asking): boolean {
  const asked = ({ security, settings }: Asking) => JSON.stringify([security, settings]);
  return asked(one) === asked(other);
}

type Asking = Pick<CompiledOperation, 'security' | 'settings'>;

interface Rival {
  readonly method: string;
  /** As services may take its fixed parts for one another. */
  readonly path: Path;
}

/** What answers a call, with its path as its service has it. */
export interface Taken {
  readonly operation: CompiledOperation;
  readonly template: Template;
  /** Whether it does no harm that a service takes this one: `key` is that of its path. */
  readonly isSettled: (rival: CompiledOperation, key: string) => boolean;
}

/** Which calls of an operation might be those of another that asks something else of its callers. */
export class CrossingPaths {
  readonly #operations: readonly CompiledOperation[];
  readonly #templates: readonly Template[];
  readonly #rivals = new WeakMap<CompiledOperation, readonly Rival[]>();

  constructor(operations: readonly CompiledOperation[], templates: readonly Template[]) {
    this.#operations = operations;
    this.#templates = templates;
  }

  /** `taken()` may be of another description; it is asked once for each operation. */
  isCrossed(
    method: string,
    path: string,
    operation: CompiledOperation,
    taken: () => Taken,
  ): boolean {
    let rivals = this.#rivals.get(operation);
    if (rivals === undefined) {
      rivals = this.#rivalsOf(taken());
      this.#rivals.set(operation, rivals);
    }
    if (rivals.length === 0) return false;
    const answering = rivals.filter((rival) => answers(rival, method));
    if (answering.length === 0) return false;
    const [, ...segments] = path.split('/', SEGMENTS_MAX + 2);
    const texts = segments.map((segment) => decodeSegment(segment) ?? segment);
    for (const reading of repeatedReadings(texts)) {
      const likened = withoutEnd(reading.map(likeness));
      if (answering.some((rival) => fits(likened, rival.path))) return true;
    }
    return false;
  }

  /** Looked for once for each operation that is called: most descriptions have none. */
  #rivalsOf({ operation, template, isSettled }: Taken): readonly Rival[] {
    const own = fixedTextsOf(template);
    const rivals: Rival[] = [];
    for (const [index, other] of this.#templates.entries()) {
      if (areApart(other, template)) continue;
      const rival = this.#operations[index] as CompiledOperation;
      if (rival === operation || !mayAnswerBoth(rival.method, operation.method)) continue;
      const path = fixedTextsOf(other);
      if (!cross(path, own) || isSettled(rival, keyOf(path))) continue;
      rivals.push({ method: rival.method, path: withoutSlash(path).map(alike) });
    }
    return rivals;
  }
}

/** At the first glance; most are. */
function areApart(one: Template, other: Template): boolean {
  if (Math.abs(one.length - other.length) > 1) return true;
  return one.some((segment, index) => {
    const rival = other[index];
    if (rival === undefined || !('literal' in segment && 'literal' in rival)) return false;
    if (segment.literal === rival.literal) return false;
    return decodedLiteral(segment.literal) !== decodedLiteral(rival.literal);
  });
}

/** RFC 9110 §9.3.2: HEAD is GET without the content. */
function answers({ method: own }: Rival, method: string): boolean {
  return own === method || (own === 'GET' && method === 'HEAD');
}

function mayAnswerBoth(one: string, other: string): boolean {
  return one === other || [one, other].every((method) => method === 'GET' || method === 'HEAD');
}

function withoutEnd(texts: readonly string[]): readonly string[] {
  return texts.at(-1) === '' ? texts.slice(0, -1) : texts;
}

function fits(texts: readonly string[], path: Path): boolean {
  return (
    texts.length === path.length &&
    path.every((fixed, index) => {
      const text = texts[index] as string;
      return fixed.length === 1 ? fixed[0] === text : text !== '' && takeValues(text, fixed, []);
    })
  );
}
