import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import type { AccountTables } from './account-row.ts';
import { dropMembers, membersOf } from './group-members.ts';

/** What a group is no more: a group of that name, of these people, or at all. */
export interface GroupChange {
  readonly id: string;
  /** It has since. */
  readonly version: number;
  readonly at: number;
  readonly left: readonly string[];
  readonly isRenamed: boolean;
}

const GROUP_CHARS = 16;

/** Who left a group does not come back into it from a backup, and what its name gave is not given again. */
export class GroupTombstones {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;

  constructor(database: Database<AccountTables>, ring: KeyRing, tombstones: TombstoneLog) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
  }

  /** Within the transaction of the change: what is committed has its tombstone. */
  changed({ id, version, at, left, isRenamed }: GroupChange): void {
    this.#tombstones.append([
      ...(isRenamed ? [{ kind: 'group-name', id, at, version } as const] : []),
      ...left.map((member) => ({
        ...({ kind: 'group-member', id: this.#indexOf(id, member), at, version } as const),
      })),
    ]);
  }

  /** As `changed`. */
  removed(id: string, at: number): void {
    this.#tombstones.append([{ kind: 'group', id, at }]);
  }

  /** After a restore. Returns how many people were in a group again. */
  async replay(): Promise<number> {
    const removed = new Set<string>();
    const renamed = new Map<string, number>();
    const left = new Map<string, number>();
    /** By group: what somebody has left since then. */
    const newest = new Map<string, number>();
    for (const { kind, id, version = 0 } of this.#tombstones.read()) {
      if (kind === 'group') removed.add(id);
      if (kind === 'group-name') renamed.set(id, Math.max(version, renamed.get(id) ?? 0));
      if (kind === 'group-member') {
        const group = id.slice(0, GROUP_CHARS);
        left.set(id, Math.max(version, left.get(id) ?? 0));
        newest.set(group, Math.max(version, newest.get(group) ?? 0));
      }
    }
    if (removed.size + renamed.size + left.size === 0) return 0;
    const groups = await this.#database.kysely
      .selectFrom('directory_group')
      .select(['id', 'version'])
      .execute();
    let count = 0;
    for (const { id, version } of groups) {
      const isLeft = (newest.get(this.#indexOfGroup(id)) ?? 0) > version;
      const isOver = removed.has(id) || (renamed.get(id) ?? 0) > version;
      if (!isLeft && !isOver) continue;
      const members = await membersOf(this.#database, id);
      // Its name of before may give what that of since does not, and its directory knows it by that alone.
      if (isOver) {
        count += await this.#drop(id, members, null);
        continue;
      }
      const since = (member: string) => left.get(this.#indexOf(id, member)) ?? 0;
      const gone = members.filter((member) => since(member) > version);
      // Whoever joins from now on joined since.
      if (gone.length > 0) count += await this.#drop(id, gone, Math.max(...gone.map(since)));
    }
    return count;
  }

  /** `version` null: the group is gone with them. */
  #drop(id: string, members: readonly string[], version: number | null): Promise<number> {
    return this.#database.write(async (transaction) => {
      const session = this.#database.within(transaction);
      await dropMembers(session, id, members);
      await (version === null
        ? session.kysely.deleteFrom('directory_group').where('id', '=', id)
        : session.kysely.updateTable('directory_group').set({ version }).where('id', '=', id)
      ).execute();
      return members.length;
    }, CHANGE_LOCK);
  }

  /** Says neither which group nor who; those of one group begin alike. */
  #indexOf(id: string, account: string): string {
    const member = this.#ring.blindIndex('directory member', JSON.stringify([id, account]));
    return this.#indexOfGroup(id) + member;
  }

  #indexOfGroup(id: string): string {
    return this.#ring.blindIndex('directory group of members', id).slice(0, GROUP_CHARS);
  }
}
