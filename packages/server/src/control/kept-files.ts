import { readFileSync } from 'node:fs';
import { parseJsonText } from '@poorter/openapi/json';
import type { JSONWebKeySet } from 'jose';
import { writeDurably } from '../platform/files/index.ts';

/** Versions go on counting over restarts: a gateway never meets an old number with new content. */
export function nextVersion(file: string): number {
  let last = 0;
  try {
    last = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    // The first snapshot of this data directory.
  }
  writeDurably(file, String(last + 1));
  return last + 1;
}

/** Keys fetched before a restart are used again until they are this old. */
const KEPT_KEYS_MS = 86_400_000;

type KeptKeys = { readonly jwks: JSONWebKeySet; readonly generation: number };

/** Keys of token issuers, on disk: an issuer that is away at a start locks nobody out. */
export class KeptIssuerKeys {
  readonly #file: string;
  readonly #now: () => number;
  readonly #keys: Map<string, KeptKeys>;

  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
    this.#keys = readKeptKeys(file, now());
  }

  get(issuer: string): KeptKeys | null {
    return this.#keys.get(issuer) ?? null;
  }

  keep(issuer: string, jwks: JSONWebKeySet | null, generation: number): void {
    if (jwks === null) this.#keys.delete(issuer);
    else this.#keys.set(issuer, { jwks, generation });
    const fetchedMs = this.#now();
    const kept = Object.fromEntries(
      [...this.#keys].map(([name, keys]) => [name, { jwks: keys.jwks, fetchedMs }]),
    );
    writeDurably(this.#file, JSON.stringify(kept));
  }
}

function readKeptKeys(file: string, nowMs: number): Map<string, KeptKeys> {
  try {
    const kept = parseJsonText(readFileSync(file, 'utf8')) as Record<
      string,
      { jwks: JSONWebKeySet; fetchedMs: number }
    >;
    return new Map(
      Object.entries(kept)
        .filter(([, { fetchedMs }]) => nowMs - fetchedMs < KEPT_KEYS_MS)
        .map(([issuer, { jwks }]) => [issuer, { jwks, generation: 0 }]),
    );
  } catch {
    return new Map();
  }
}
