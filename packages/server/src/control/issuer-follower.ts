import { resolve } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import type { Configuration } from '../configuration/schema.ts';
import type { IssuerKeysMessage, RuntimeSnapshot } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import { BYTES_MAX, fileIn, readTextFile } from '../platform/files/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { World } from '../platform/world/index.ts';
import { IssuerKeys } from '../trusted-issuers/index.ts';
import type { KeptIssuerKeys } from './kept-files.ts';

export interface PublishedKeys {
  readonly jwks: JSONWebKeySet;
  /** Other keys come with another one. */
  readonly generation: number;
}

export interface IssuerFollowerPorts {
  readonly baseDirectory: string;
  readonly world: Pick<World, 'now' | 'after' | 'fetch'>;
  readonly kept: KeptIssuerKeys;
  /** Of our own authorization server, which are fetched from nowhere; null: it is not ours, or has none yet. */
  readonly ownKeys: (issuer: string) => PublishedKeys | null;
  /** To every gateway: calls wait for these, they do not wait for a snapshot to be compiled. */
  readonly tell: (message: IssuerKeysMessage) => void;
  readonly onChange: () => void;
  readonly notify: Notify;
}

/** The keys of the token issuers that are trusted now, as they change. */
export class IssuerFollower {
  readonly #ports: IssuerFollowerPorts;
  #keys: IssuerKeys | null = null;
  #sources = '';

  constructor(ports: IssuerFollowerPorts) {
    this.#ports = ports;
  }

  async follow({ trust }: Configuration): Promise<void> {
    const sources = trust.issuers.flatMap(({ issuer, jwks }) =>
      jwks === 'none' ? [] : [{ issuer, ...(jwks !== undefined && { jwks }) }],
    );
    const text = JSON.stringify(sources);
    if (this.#keys !== null && text === this.#sources) {
      if (sources.some(({ jwks }) => jwks !== undefined && fileIn(jwks) !== null))
        await this.#keys.reload();
      return;
    }
    this.#keys?.close();
    this.#sources = text;
    let isStarting = true;
    const { kept, onChange, notify, baseDirectory, world } = this.#ports;
    this.#keys = new IssuerKeys(
      sources,
      {
        fetch: (url, init) => world.fetch(url, init),
        readFile: async (path) => readTextFile(resolve(baseDirectory, path), BYTES_MAX.credential),
        now: world.now,
        setTimer: (work, delayMs) => world.after(delayMs, work),
      },
      {
        onChange: (issuer, jwks, generation) => {
          kept.keep(issuer, jwks, generation);
          if (isStarting) return;
          const keys = jwks === null ? null : { jwks, generation };
          this.#tell(issuer, { keys, answered: [] });
          onChange();
        },
        onAnswered: (issuer, answered) => this.#tell(issuer, { answered }),
        onWarning: (issuer, message) =>
          notify(notice('issuer_keys', `keys of ${issuer}: ${message}`, { issuer })),
      },
    );
    await this.#keys.start();
    isStarting = false;
  }

  refetch(issuer: string, keyId: string | null): void {
    // Whoever decides by our own keys has them before anything is signed with them.
    if (this.#ports.ownKeys(issuer) !== null) this.#tell(issuer, { answered: [keyId] });
    else this.#keys?.refetch(issuer, keyId);
  }

  keysOf(issuer: string): PublishedKeys | null {
    const { ownKeys, kept } = this.#ports;
    return ownKeys(issuer) ?? this.#keys?.keysOf(issuer) ?? kept.get(issuer);
  }

  /** Keys of our own authorization server are others from now on. */
  tellOwn(issuer: string): void {
    this.#tell(issuer, { keys: this.#ports.ownKeys(issuer), answered: [] });
  }

  /** By issuer, as they are now: what is believed no more is not in it. */
  keysOfAll(issuers: readonly string[]): RuntimeSnapshot['gate']['issuerKeys'] {
    return Object.fromEntries(
      issuers.flatMap((issuer) => {
        const keys = this.keysOf(issuer);
        return keys === null ? [] : [[issuer, keys]];
      }),
    );
  }

  /** For the issuers that it trusts. */
  keysFor({ gate }: RuntimeSnapshot): RuntimeSnapshot['gate']['issuerKeys'] {
    return this.keysOfAll(gate.issuers.map(({ issuer }) => issuer));
  }

  /** Keys that came while the snapshot was on its way out are told again, since it has the old ones. */
  tellSince({ gate }: RuntimeSnapshot): void {
    for (const { issuer } of gate.issuers) {
      const keys = this.#ports.ownKeys(issuer) ?? this.#keys?.keysOf(issuer);
      if (keys == null || keys.generation === gate.issuerKeys[issuer]?.generation) continue;
      this.#tell(issuer, { keys, answered: [] });
    }
  }

  #tell(issuer: string, told: Omit<IssuerKeysMessage, 'type' | 'issuer'>): void {
    this.#ports.tell({ type: 'issuer-keys', issuer, ...told });
  }
}
