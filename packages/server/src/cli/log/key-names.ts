import { existsSync } from 'node:fs';
import type { KeyStore } from '../../access/keys/index.ts';
import { readKeyFile } from '../../configuration/key-file/index.ts';
import type { Caller } from '../../messages/spool-line.ts';
import { BYTES_MAX, readTextFile } from '../../platform/files/index.ts';

/** A key as its operators know it. */
interface NamedKey {
  readonly id: string;
  readonly client: string;
  readonly name: string;
}

const PAGE = 1_000;

/** Callers by the names of their keys, which records do not hold. */
export class KeyNames {
  readonly #byId = new Map<string, NamedKey>();

  static async read(store: KeyStore, keyFile: string | null): Promise<KeyNames> {
    const keys: NamedKey[] = keyFile === null ? [] : keysOfFile(keyFile);
    for (let cursor: string | undefined; ; ) {
      const page = await store.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
      keys.push(...page.items);
      if (page.next === null) return new KeyNames(keys);
      cursor = page.next;
    }
  }

  constructor(keys: readonly NamedKey[]) {
    for (const { id, client, name } of keys) this.#byId.set(id, { id, client, name });
  }

  /** Which clients are meant: those whose key has this name or id, and the one that is called so. */
  clientsOf(text: string): string[] {
    const meant = [...this.#byId.values()].filter(({ id, name }) => name === text || id === text);
    return [...new Set([text, ...meant.map(({ client }) => client)])];
  }

  /** Which keys are meant, by name or id. */
  idsOf(text: string): string[] {
    const meant = [...this.#byId.values()].filter(({ name }) => name === text);
    return [...new Set([text, ...meant.map(({ id }) => id)])];
  }

  knows(text: string): boolean {
    return [...this.#byId.values()].some(({ id, client, name }) =>
      [id, client, name].includes(text),
    );
  }

  get names(): string[] {
    return [...new Set([...this.#byId.values()].map(({ name }) => name))].sort();
  }

  nameOf({ kind, credentialId }: Caller): string | null {
    if (kind !== 'key' || credentialId === null) return null;
    return this.#byId.get(credentialId)?.name ?? null;
  }
}

function keysOfFile(file: string): NamedKey[] {
  if (!existsSync(file)) return [];
  const { keys } = readKeyFile(file, readTextFile(file, BYTES_MAX.keyFile));
  return keys.map(({ id, client, name }) => ({ id, name, client: client ?? id }));
}
