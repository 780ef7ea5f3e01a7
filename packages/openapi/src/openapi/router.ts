import { likeness } from '../likeness.ts';
import { fixesMore, slashed } from './fixed-parts.ts';
import type { SegmentPlan } from './plan.ts';
import {
  cutReadings,
  decodeSegment,
  dividedReadings,
  MAY_DIVIDE,
  repeatedReadings,
  withoutEnds,
  withoutFormats,
} from './segment-text.ts';
import { rawParts, takeValues } from './segment-values.ts';

export type Routed =
  | {
      readonly kind: 'found';
      /** Index of the operation. */
      readonly operation: number;
      /** Raw, in the order of the template. */
      readonly values: readonly string[];
      /** The path with its fixed parts as described, where the caller had encoded one of them. */
      readonly rewritten: string | undefined;
    }
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'no-such-path' }
  /** Services differ in which operation, or which values, they read in this path. */
  | { readonly kind: 'two-readings' };

interface PatternEdge {
  /** Decoded. */
  readonly literals: readonly string[];
  /** As described, in canonical percent-encoding. */
  readonly written: readonly string[];
  readonly fixedLength: number;
  readonly node: Node;
  likeness: readonly string[] | undefined;
}

interface Node {
  /** The literal that leads here, as described; '' for others. */
  readonly written: string;
  /** By decoded text. */
  readonly literals: Map<string, Node>;
  /** The same by what they may be taken for; made when first asked for. */
  likenesses: Map<string, Node[]> | undefined;
  /** Segments with fixed parts, most fixed first. */
  readonly patterns: PatternEdge[];
  any: Node | undefined;
  leaf: { readonly methods: Map<string, number>; allow: string[] } | undefined;
}

/** Deeper paths than any template are refused before the walk. */
const SEGMENTS_MAX = 200;

const NO_SUCH_PATH: Routed = { kind: 'no-such-path' };
const TWO_READINGS: Routed = { kind: 'two-readings' };

/**
 * A tree of segments: cost follows the length of the path, not the number of operations.
 * Concrete before patterned before free, segment by segment from the left; the path is chosen
 * before the method, as OpenAPI has it. Fixed parts are compared decoded, as services do that
 * decode before they route, and go on as they are described, so that the others agree.
 */
export class Router {
  readonly #root = emptyNode('');
  readonly #templates: (readonly SegmentPlan[])[] = [];

  add(method: string, template: readonly SegmentPlan[], operation: number): void {
    this.#templates[operation] = template;
    let node = this.#root;
    for (const segment of template) node = edge(node, segment);
    node.leaf ??= { methods: new Map(), allow: [] };
    const { methods } = node.leaf;
    if (methods.has(method)) return;
    methods.set(method, operation);
    const isHeadServed = methods.has('GET') && !methods.has('HEAD');
    node.leaf.allow = [...methods.keys(), ...(isHeadServed ? ['HEAD'] : [])].sort();
  }

  find(method: string, path: string): Routed {
    if (!path.startsWith('/')) return NO_SUCH_PATH;
    const raw = path.split('/', SEGMENTS_MAX + 2);
    if (raw.length > SEGMENTS_MAX + 1) return NO_SUCH_PATH;
    const isEncoded = path.includes('%');
    const texts = isEncoded ? raw.map(decodeSegment) : raw;
    if (!texts.every((text) => text !== undefined)) return NO_SUCH_PATH;
    const walk = new Walk(raw, texts);
    const leaf = walk.descend(this.#root, 1);
    if (walk.isDoubtful) return TWO_READINGS;
    if (leaf === undefined) return NO_SUCH_PATH;
    const operation = operationOf(leaf, method);
    if (operation === undefined) return { kind: 'method-not-allowed', allow: leaf.allow };
    if (walk.hasRivals && isAnother(this.#root, repeatedReadings(texts), method, operation)) {
      return TWO_READINGS;
    }
    if (walk.hasRivals && this.#isSlashed(texts, method, operation)) return TWO_READINGS;
    if (isEncoded && MAY_DIVIDE.test(path)) {
      const divided = dividedReadings(texts);
      if (isAnother(this.#root, divided, method, operation)) return TWO_READINGS;
    }
    return { kind: 'found', operation, values: walk.values, rewritten: walk.rewritten };
  }

  /** Many services take a slash at the end for none: `/items/special/` is no value of `/items/{id}/` there. */
  #isSlashed(texts: readonly string[], method: string, operation: number): boolean {
    const own = this.#templates[operation] as readonly SegmentPlan[];
    for (const reading of repeatedReadings(texts)) {
      const taken = findAlike(this.#root, slashed(reading), 1, method);
      if (taken === undefined || taken === operation) continue;
      if (fixesMore(this.#templates[taken] as readonly SegmentPlan[], own)) return true;
    }
    return false;
  }

  /** Operations that some service may run for this path, each the first in the order of the walk. */
  *likened(method: string, path: string): Generator<number> {
    const texts = path
      .split('/', SEGMENTS_MAX + 2)
      .map((segment) => decodeSegment(segment) ?? segment);
    const readings = [...repeatedReadings(texts)].flatMap((reading) => [reading, slashed(reading)]);
    if (MAY_DIVIDE.test(path)) readings.push(...dividedReadings(texts));
    for (const reading of readings) {
      const taken = findAlike(this.#root, reading, 1, method);
      if (taken !== undefined) yield taken;
    }
  }
}

/** RFC 9110 §9.3.2: HEAD is GET without the content, where it is not described itself. */
function operationOf({ methods }: NonNullable<Node['leaf']>, method: string): number | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
}

class Walk {
  readonly values: string[] = [];
  /** A parameter stands where fixed text could have stood. */
  hasRivals = false;
  /** Whether an encoded delimiter between two parameters is one, nobody can tell. */
  isDoubtful = false;
  readonly #raw: readonly string[];
  readonly #texts: readonly string[];
  readonly #changed: [index: number, segment: string][] = [];

  constructor(raw: readonly string[], texts: readonly string[]) {
    this.#raw = raw;
    this.#texts = texts;
  }

  get rewritten(): string | undefined {
    if (this.#changed.length === 0) return undefined;
    const segments = [...this.#raw];
    for (const [index, segment] of this.#changed) segments[index] = segment;
    return segments.join('/');
  }

  descend(node: Node, index: number): Node['leaf'] {
    if (index === this.#texts.length) return node.leaf;
    const text = this.#texts[index] as string;
    const raw = this.#raw[index] as string;
    const changes = this.#changed.length;
    const literal = node.literals.get(text);
    if (literal !== undefined) {
      if (literal.written !== raw) this.#changed.push([index, literal.written]);
      const leaf = this.descend(literal, index + 1);
      if (leaf !== undefined) return leaf;
      this.#changed.length = changes;
    }
    // A parameter never stands for an empty segment.
    if (text === '') return undefined;
    const kept = this.values.length;
    const hadRivals = this.hasRivals;
    for (const pattern of node.patterns) {
      if (this.#take(pattern, index)) {
        this.hasRivals ||= node.literals.size > 0 || node.patterns.length > 1;
        const leaf = this.descend(pattern.node, index + 1);
        if (leaf !== undefined) return leaf;
        this.hasRivals = hadRivals;
      }
      this.values.length = kept;
      this.#changed.length = changes;
    }
    if (node.any === undefined) return undefined;
    this.hasRivals ||= node.literals.size > 0 || node.patterns.length > 0;
    this.values.push(raw);
    const leaf = this.descend(node.any, index + 1);
    if (leaf === undefined) {
      this.values.length = kept;
      this.hasRivals = hadRivals;
    }
    return leaf;
  }

  #take(pattern: PatternEdge, index: number): boolean {
    const text = this.#texts[index] as string;
    const raw = this.#raw[index] as string;
    if (text === raw) return takeValues(text, pattern.literals, this.values);
    const decoded: string[] = [];
    if (!takeValues(text, pattern.literals, decoded)) return false;
    const { values, literals } = rawParts(raw, pattern.literals, decoded);
    const inner = (list: readonly string[]) => list.slice(1, -1).join('/');
    if (inner(literals) !== inner(pattern.written)) this.isDoubtful = true;
    this.values.push(...values);
    const segment = pattern.written.reduce((left, right, at) => left + values[at - 1] + right);
    if (segment !== raw) this.#changed.push([index, segment]);
    return true;
  }
}

/**
 * Would a service that decodes twice, does not heed case, or takes one character for another run
 * another operation? `/users/ME` is `/users/me` to many frameworks, and a value to the rest.
 */
function isAnother(
  root: Node,
  readings: Iterable<readonly string[]>,
  method: string,
  operation: number,
): boolean {
  for (const reading of readings) {
    if (reading.length > SEGMENTS_MAX + 1) return true;
    const taken = findAlike(root, reading, 1, method);
    if (taken !== undefined && taken !== operation) return true;
  }
  return false;
}

/** The first operation in the order of the walk whose path is like this one. */
function findAlike(
  node: Node,
  texts: readonly string[],
  index: number,
  method: string,
): number | undefined {
  if (index === texts.length) return node.leaf && operationOf(node.leaf, method);
  const text = texts[index] as string;
  const exact = node.literals.get(text);
  if (exact !== undefined) {
    const found = findAlike(exact, texts, index + 1, method);
    if (found !== undefined) return found;
  }
  if (text === '') return undefined;
  const alike = likeness(text);
  const readings = cutReadings(text, alike);
  for (const literal of literalsLike(node, readings)) {
    const found = literal === exact ? undefined : findAlike(literal, texts, index + 1, method);
    if (found !== undefined) return found;
  }
  for (const pattern of node.patterns) {
    const fits =
      fitsAlike(pattern, [alike, ...readings]) || fitsAlike(pattern, lessAlike(text, alike));
    const found = fits ? findAlike(pattern.node, texts, index + 1, method) : undefined;
    if (found !== undefined) return found;
  }
  if (index === texts.length - 1 && alike.includes('.')) {
    const found = findWithoutFormat(node, readings, method);
    if (found !== undefined) return found;
  }
  return node.any && findAlike(node.any, texts, index + 1, method);
}

/** Only a parameter takes the text as it is: for frameworks that cut formats off, fixed text may. */
function findWithoutFormat(
  node: Node,
  readings: readonly string[],
  method: string,
): number | undefined {
  const stems = readings.flatMap(withoutFormats);
  if (stems.length === 0) return undefined;
  const fitting = node.patterns.filter((pattern) => fitsAlike(pattern, stems));
  for (const { leaf } of [...literalsLike(node, stems), ...fitting.map(({ node }) => node)]) {
    const found = leaf && operationOf(leaf, method);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Some routers let a parameter be empty beside a delimiter: `/items/:cancel` is `/items/{id}:cancel` to them. A word alone
 * is a value.
 */
function fitsAlike(pattern: PatternEdge, texts: readonly string[]): boolean {
  const literals = (pattern.likeness ??= pattern.literals.map(likeness));
  return texts.some((text) => takeValues(text, literals, [], DELIMITER.test(text) ? 0 : 1));
}

const DELIMITER = /[^\p{L}\p{N}]/u;

/** Only in part alike: characters that show nothing may be all of a value. */
function lessAlike(text: string, alike: string): readonly string[] {
  const lower = text.toLowerCase();
  return lower === alike ? [] : [lower, withoutEnds(lower)];
}

const NONE: readonly Node[] = [];

function literalsLike(node: Node, readings: readonly string[]): readonly Node[] {
  if (node.literals.size === 0) return NONE;
  if (node.likenesses === undefined) {
    node.likenesses = new Map();
    for (const [text, literal] of node.literals) {
      const key = withoutEnds(likeness(text));
      const known = node.likenesses.get(key);
      if (known === undefined) node.likenesses.set(key, [literal]);
      else known.push(literal);
    }
  }
  const { likenesses } = node;
  if (readings.length === 1) return likenesses.get(readings[0] as string) ?? NONE;
  return readings.flatMap((text) => likenesses.get(text) ?? NONE);
}

function emptyNode(written: string): Node {
  return {
    written,
    literals: new Map(),
    likenesses: undefined,
    patterns: [],
    any: undefined,
    leaf: undefined,
  };
}

function edge(node: Node, segment: SegmentPlan): Node {
  if ('literal' in segment) {
    const text = decodedLiteral(segment.literal);
    const known = node.literals.get(text);
    if (known !== undefined) return known;
    const next = emptyNode(segment.literal);
    node.literals.set(text, next);
    return next;
  }
  const literals = segment.literals.map(decodedLiteral);
  const fixedLength = literals.reduce((sum, literal) => sum + literal.length, 0);
  if (fixedLength === 0 && literals.length === 2) {
    node.any ??= emptyNode('');
    return node.any;
  }
  const known = node.patterns.find((pattern) => sameTexts(pattern.literals, literals));
  if (known !== undefined) return known.node;
  const written = segment.literals;
  const pattern = { literals, written, fixedLength, node: emptyNode(''), likeness: undefined };
  node.patterns.push(pattern);
  node.patterns.sort((left, right) => right.fixedLength - left.fixedLength);
  return pattern.node;
}

/** What is no UTF-8 stays as it is described: no path that is accepted has it. */
export function decodedLiteral(literal: string): string {
  return decodeSegment(literal) ?? literal;
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}
