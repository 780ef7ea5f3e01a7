import type { LiveBlock, LiveCollection, LiveKey, LiveThings } from '@poorter/engine';
import type { BlockStore, StoredBlock } from '../access/blocks/index.ts';
import type { KeyStore, StoredKey } from '../access/keys/index.ts';
import type { ChangedDomain } from '../state/changes/index.ts';
import type { DenialStore } from '../state/denials/index.ts';

/** Where the things of one collection are stored, and what of them is in force. */
export interface LiveSource<Thing> {
  /** As their changes are written down. */
  readonly domain: ChangedDomain;
  /** Some of all that is in force; `next` null: there are no more. */
  readonly page: (
    after: string | null,
    limit: number,
  ) => Promise<{ readonly things: readonly Thing[]; readonly next: string | null }>;
  /** Those of these ids that are in force. */
  readonly some: (ids: readonly string[]) => Promise<readonly Thing[]>;
}

export type LiveSources = {
  readonly [Name in LiveCollection]: LiveSource<LiveThings[Name]>;
};

export interface LiveStores {
  readonly keys: Pick<KeyStore, 'list' | 'showMany'>;
  readonly blocks: Pick<BlockStore, 'listActive' | 'show'>;
  readonly denials: Pick<DenialStore, 'page' | 'some'>;
}

export interface KeyAgeTerms {
  readonly now: () => number;
  /** Keys older than this are refused; null: no key is too old. */
  readonly keyAgeMaxMs: () => number | null;
}

export function liveSources(
  { keys, blocks, denials }: LiveStores,
  terms: KeyAgeTerms,
): LiveSources {
  const alive = (found: readonly StoredKey[]) =>
    found.flatMap((key) => {
      const live = liveKey(key, terms);
      return live === null ? [] : [live];
    });
  return {
    keys: {
      domain: 'key',
      page: async (after, limit) => {
        const page = await keys.list({ limit, ...(after !== null && { cursor: after }) });
        return { things: alive(page.items), next: page.next };
      },
      some: async (ids) => alive(await keys.showMany(ids)),
    },
    blocks: {
      domain: 'block',
      page: async (after, limit) => {
        const page = await blocks.listActive(after ?? '', limit);
        const next = page.length < limit ? null : (page.at(-1)?.id ?? null);
        return { things: page.map(liveBlock), next };
      },
      some: async (ids) => {
        const found = [];
        for (const id of ids) found.push(await blocks.show(id));
        return found.flatMap((block) =>
          block === undefined || block.endedAt !== null ? [] : [liveBlock(block)],
        );
      },
    },
    denied: {
      domain: 'denial',
      page: async (after, limit) => {
        const things = await denials.page(after ?? '', limit);
        return { things, next: things.length < limit ? null : (things.at(-1)?.id ?? null) };
      },
      some: (ids) => denials.some(ids),
    },
  };
}

/** Null: nobody may use it any more. */
function liveKey(key: StoredKey, { now, keyAgeMaxMs }: KeyAgeTerms): LiveKey | null {
  if (key.revokedAt !== null) return null;
  const ends: number[] = [];
  if (key.expiresAt !== null) ends.push(key.expiresAt);
  if (key.rotatedTo !== null) ends.push(key.overlapUntil ?? 0);
  const ageMaxMs = keyAgeMaxMs();
  if (ageMaxMs !== null) ends.push(key.createdAt + ageMaxMs);
  const endMs = ends.length === 0 ? null : Math.min(...ends);
  if (endMs !== null && endMs <= now()) return null;
  const { id, client, name, hash, scopes, roles, networks, limits } = key;
  return {
    ...{ id, client, name, hash, scopes, roles, networks },
    expiresAt: endMs === null ? null : endMs / 1000,
    ...(limits !== null && { limits }),
  };
}

function liveBlock({ id, kind, value, until }: StoredBlock): LiveBlock {
  return { id, kind, value, untilMs: until };
}
