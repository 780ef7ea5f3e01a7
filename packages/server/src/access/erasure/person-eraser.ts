import type { Database } from '../../platform/database/index.ts';
import type { ChangedDomain } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import {
  type ErasureMark,
  type FoundValues,
  type PersonalCopies,
  type PersonalValues,
  SoughtPerson,
} from '../../state/personal-values/index.ts';
import type { Subject, SubjectKeys } from '../../state/subject-keys/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';

export interface ErasedPerson {
  /** The data key of the person that was destroyed; null: there was none. */
  readonly keyId: string | null;
  /** Data keys destroyed, with those of what the person held. */
  readonly destroyed: number;
  /** By domain: ids of what held and does not any more. Nobody can read whose it was, or about whom. */
  readonly ended: ReadonlyMap<ChangedDomain, readonly string[]>;
  /** False: a reader kept old pages in the WAL; the next erasure or start empties it. */
  readonly isScrubbed: boolean;
}

export interface PersonEraserPorts {
  /** For its old pages alone: what stands in tables is the business of those who keep it. */
  readonly database: Pick<Database<Record<string, unknown>>, 'scrub'>;
  readonly subjectKeys: Pick<SubjectKeys, 'destroy'>;
  readonly tombstones: TombstoneLog;
  readonly world: Pick<StateWorld, 'now'>;
  /** Every domain that keeps something of persons. */
  readonly values: readonly PersonalValues[];
  /** Whoever repeats it. */
  readonly copies: readonly PersonalCopies[];
}

type FoundIn = readonly (readonly [PersonalValues, FoundValues])[];

/**
 * The right to be forgotten, over all tables: the data keys under which a person's values are sealed,
 * and the values that stand under the keys of the installation because operators must find them: who
 * holds an API key, who is blocked and why, answers that repeat them. Tombstones are on disk first:
 * killed at any point, the next start finishes the erasure, and a restore repeats it.
 */
export class PersonEraser {
  readonly #ports: PersonEraserPorts;

  constructor(ports: PersonEraserPorts) {
    this.#ports = ports;
  }

  /** Where values of persons stand, by themselves or repeated. */
  get tables(): string[] {
    const { values, copies } = this.#ports;
    return [...new Set([...values, ...copies].flatMap(({ tables }) => tables))];
  }

  async erase(subject: Subject): Promise<ErasedPerson> {
    const { values, subjectKeys, tombstones, world } = this.#ports;
    const person = new SoughtPerson(subject);
    const found: [PersonalValues, FoundValues][] = [];
    for (const one of values) found.push([one, await one.find(person)]);
    // First what needs the rows: asked again after a kill, they are still there.
    const own = await subjectKeys.destroy(subject);
    let destroyed = own === null ? 0 : 1;
    for (const other of found.flatMap(([, { subjects }]) => subjects)) {
      if ((await subjectKeys.destroy(other)) !== null) destroyed += 1;
    }
    const at = world.now();
    const marks = found.flatMap(([, one]) => one.marks);
    tombstones.append(marks.map((mark) => ({ ...mark, at })));
    await this.#carryOut(marks);
    await this.#eraseCopies(copyOf(person, found));
    return {
      ...{ keyId: own?.keyId ?? null, destroyed },
      ended: new Map(found.map(([{ domain }, { ends }]) => [domain, ends])),
      isScrubbed: (await this.#scrub()) && own?.isScrubbed !== false,
    };
  }

  /** Finishes what a killed process began, and repeats what a backup brought back. */
  async replayTombstones(): Promise<number> {
    const changed = await this.#carryOut(this.#ports.tombstones.read());
    if (changed === 0) return 0;
    // Which of them repeat what was erased is not known any more.
    await this.#eraseCopies(() => true);
    await this.#scrub();
    return changed;
  }

  /** Says how many rows still held what was to go. */
  async #carryOut(marks: readonly ErasureMark[]): Promise<number> {
    let changed = 0;
    for (const one of this.#ports.values) {
      changed += await one.erase(marks.filter(({ kind }) => one.kinds.includes(kind)));
    }
    return changed;
  }

  async #eraseCopies(isCopy: (text: string) => boolean): Promise<void> {
    for (const one of this.#ports.copies) await one.eraseCopies(isCopy);
  }

  async #scrub(): Promise<boolean> {
    let isScrubbed = true;
    for (const table of this.tables) {
      isScrubbed = (await this.#ports.database.scrub(table)) && isScrubbed;
    }
    return isScrubbed;
  }
}

/** Texts that repeat something of the person are mostly answers in JSON. */
function copyOf(person: SoughtPerson, found: FoundIn): (text: string) => boolean {
  const values = [person.subject.value, ...found.flatMap(([, { texts }]) => texts)];
  const written = [...new Set(values)].map(inJson);
  return (text) => written.some((value) => text.includes(value)) || person.isNamedIn(text);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
