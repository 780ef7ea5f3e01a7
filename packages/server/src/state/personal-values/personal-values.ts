import type { ChangedDomain } from '../changes/index.ts';
import type { Subject } from '../subject-keys/index.ts';
import type { Tombstone } from '../tombstones/index.ts';

/** What of one row is to go, as a tombstone names it: no tombstone tells of whom it was. */
export type ErasureMark = Pick<Tombstone, 'kind' | 'id'>;

/** What a domain keeps of a person whom it was asked for. */
export interface FoundValues {
  /** Written down before anything is changed; with them the erasure can be finished, or repeated. */
  readonly marks: readonly ErasureMark[];
  /** Ids of what holds now and will not, because it cannot hold without the person. */
  readonly ends: readonly string[];
  /** Others whose data keys go with that of the person. */
  readonly subjects: readonly Subject[];
  /** By which a copy of it elsewhere is known: values and ids, as they are. */
  readonly texts: readonly string[];
}

/**
 * What a domain offers so that a person can be erased from its tables. Whoever builds it gives it the database
 * of the act: then it finds and erases in the transaction of the erasure.
 */
export interface PersonalValues {
  readonly domain: ChangedDomain;
  /** Where personal values stand; of these tables, old pages are emptied afterwards. */
  readonly tables: readonly string[];
  /** The marks that it makes, and knows how to carry out. */
  readonly kinds: readonly Tombstone['kind'][];
  find(person: SoughtPerson): Promise<FoundValues>;
  /** Says how many rows still held what was to go: done twice, it changes nothing. */
  erase(marks: readonly ErasureMark[]): Promise<number>;
}

/** Where texts are kept that repeat what others keep, and that no mark can name. */
export interface PersonalCopies {
  readonly tables: readonly string[];
  eraseCopies(isCopy: (text: string) => boolean): Promise<void>;
}

/** A shorter value stands in many a sentence that is not about the person. */
const WORD_CHARS_MIN = 3;

/** Who is to be erased, as domains look for them. */
export class SoughtPerson {
  readonly subject: Subject;
  readonly #word: RegExp | null;

  constructor(subject: Subject) {
    this.subject = subject;
    const escaped = RegExp.escape(subject.value);
    const isWord = subject.value.length >= WORD_CHARS_MIN;
    this.#word = isWord
      ? new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'iu')
      : null;
  }

  /** In a sentence that an operator wrote. */
  isNamedIn(sentence: string): boolean {
    return this.#word?.test(sentence) ?? false;
  }
}
