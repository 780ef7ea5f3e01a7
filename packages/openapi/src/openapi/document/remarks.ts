import { didYouMean } from '../../json-schema/index.ts';
import type { Diagnostic } from '../types.ts';
import { escapeSegment, ownMember } from './pointer.ts';
import type { SourceDocument } from './source-document.ts';

/** A value and where it stands. */
export interface Place {
  readonly document: SourceDocument;
  /** RFC 6901. */
  readonly pointer: string;
  readonly value: unknown;
  /** Members that stand beside the reference which led here, not where it led. */
  readonly beside?: ReadonlyMap<string, Place>;
}

export function child(place: Place, key: string | number): Place {
  const name = String(key);
  const beside = place.beside?.get(name);
  if (beside !== undefined) return beside;
  return {
    document: place.document,
    pointer: `${place.pointer}/${escapeSegment(name)}`,
    value: ownMember(place.value, name),
  };
}

export function placeKey(place: Place): string {
  return `${place.document.id}#${place.pointer}`;
}

/** More of either kind help nobody, and a hostile document could ask for millions. */
const REMARKS_MAX = 200;
/** Told apart while they are counted; of more, some may be counted twice. */
const COUNTED_MAX = 20_000;
const SUGGESTIONS_MAX = 20;

interface Remark {
  readonly severity: Diagnostic['severity'];
  readonly code: string;
  readonly place: Place;
  readonly message: string;
  readonly suggestion: string | undefined;
}

/** Collects remarks by place; lines are looked up once, at the end. */
export class Remarks {
  readonly #kept = new Map<string, Remark>();
  readonly #suggestions = new Map<string, string | undefined>();
  readonly #counted = new Set<string>();
  readonly #counts = { error: 0, warning: 0 };
  /** Places with an error, in the order in which they were found. */
  readonly #refused = new Set<string>();

  error(code: string, place: Place, message: string, suggestion?: string): void {
    this.#add({ severity: 'error', code, place, message, suggestion });
  }

  warn(code: string, place: Place, message: string, suggestion?: string): void {
    this.#add({ severity: 'warning', code, place, message, suggestion });
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  /** What a misspelt name meant; only for the first remarks of a load, as the search costs time. */
  didYouMean(word: string, candidates: () => Iterable<string>): string | undefined {
    if (this.#suggestions.has(word)) return this.#suggestions.get(word);
    if (this.#suggestions.size >= SUGGESTIONS_MAX) return undefined;
    const suggestion = didYouMean(word, candidates());
    this.#suggestions.set(word, suggestion);
    return suggestion;
  }

  /** What an attempt remarked on is forgotten where the attempt found nothing. */
  attempt<T>(action: () => T | undefined): T | undefined {
    const known = new Set(this.#kept.keys());
    const counts = { ...this.#counts };
    const refused = this.#refused.size;
    const found = action();
    if (found !== undefined) return found;
    for (const key of this.#kept.keys()) if (!known.has(key)) this.#kept.delete(key);
    Object.assign(this.#counts, counts);
    for (const key of [...this.#refused].slice(refused)) this.#refused.delete(key);
    return undefined;
  }

  /** Whether something was wrong at a place by now: what else is wrong at it comes of that. */
  refusedByNow(): (place: Place) => boolean {
    const refused = new Set(this.#refused);
    return (place) => refused.has(placeKey(place));
  }

  #add(remark: Remark): void {
    const key = [remark.code, placeKey(remark.place), remark.message].join('\n');
    if (this.#counted.has(key)) return;
    if (this.#counted.size < COUNTED_MAX) this.#counted.add(key);
    if (remark.severity === 'error' && this.#refused.size < COUNTED_MAX) {
      this.#refused.add(placeKey(remark.place));
    }
    if (this.#counts[remark.severity]++ >= REMARKS_MAX) return;
    this.#kept.set(key, remark);
  }

  /** In the order of the documents' lines. */
  diagnostics(): Diagnostic[] {
    const byDocument = Map.groupBy(this.#kept.values(), ({ place }) => place.document);
    const found: Diagnostic[] = [];
    for (const [document, remarks] of byDocument) {
      const positions = document.positions(remarks.map(({ place }) => place.pointer));
      const placed = remarks.map(({ severity, code, message, suggestion }, index) => ({
        severity,
        code,
        file: document.uri,
        line: positions[index]!.line,
        column: positions[index]!.column,
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
      }));
      found.push(...placed.sort((a, b) => a.line - b.line || a.column - b.column));
    }
    return [...found, ...this.#unlisted(found[0]?.file ?? '')];
  }

  /** What is not listed is said to be there. */
  #unlisted(file: string): Diagnostic[] {
    return (['error', 'warning'] as const).flatMap((severity) => {
      const unlisted = this.#counts[severity] - REMARKS_MAX;
      if (unlisted <= 0) return [];
      const message = `${unlisted} more ${severity}s are not listed: mend those that are, then check again`;
      return [{ severity, code: 'unlisted', file, line: 1, column: 1, message, unlisted }];
    });
  }
}
