import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '@poorter/openapi';
import { type CompiledApi, type PackedApi, packApi, unpackApi } from '@poorter/openapi/checks';
import { parseJsonText } from '@poorter/openapi/json';
import { sharedBytes } from '../shared-bytes.ts';
import type { SourceReader } from './source-reader.ts';

/**
 * A description as it was compiled, with what it was made from: one that did not change is not compiled
 * again. Its bytes are shared by all threads that hold it.
 */
export interface KeptDescription {
  /** Where it stands, and how it is read. */
  readonly key: string;
  /** Digests of its files, by address. */
  readonly texts: ReadonlyMap<string, string>;
  readonly packed: PackedApi;
  /** What was said of it, and what changes of it are compared by. */
  readonly beside: Uint8Array;
}

interface Beside {
  readonly warnings: readonly Diagnostic[];
  readonly comparable: CompiledApi['comparable'];
}

/** Of one compile: what an earlier one kept, and what the next may go on with. */
export class KeptDescriptions {
  readonly #before: readonly KeptDescription[];
  readonly #now = new Map<string, KeptDescription>();

  constructor(before: readonly KeptDescription[] = []) {
    this.#before = before;
  }

  /** Of this compile. */
  get all(): readonly KeptDescription[] {
    return [...this.#now.values()];
  }

  /** What it was compiled to, where none of its files has changed. */
  find(
    key: string,
    reader: SourceReader,
  ): { api: CompiledApi; warnings: Beside['warnings'] } | null {
    // Two APIs may have one description.
    const known = this.#now.get(key) ?? this.#before.find((one) => one.key === key);
    if (known === undefined || !isUnchanged(known.texts, reader)) return null;
    this.#now.set(key, known);
    const text = Buffer.from(known.beside).toString('utf8');
    const { warnings, comparable } = parseJsonText(text) as Beside;
    const api = unpackApi(known.packed);
    return { api: comparable === undefined ? api : { ...api, comparable }, warnings };
  }

  keep(
    key: string,
    texts: ReadonlyMap<string, string>,
    api: CompiledApi,
    warnings: Beside['warnings'],
  ): void {
    const { digest, bytes } = packApi(api);
    const { comparable } = api;
    const beside = JSON.stringify({ warnings, comparable } satisfies Beside);
    const packed = { digest, bytes: sharedBytes(bytes) };
    this.#now.set(key, { key, texts, packed, beside: sharedBytes(Buffer.from(beside)) });
  }

  packed(key: string): PackedApi {
    return (this.#now.get(key) as KeptDescription).packed;
  }
}

function isUnchanged(texts: ReadonlyMap<string, string>, reader: SourceReader): boolean {
  for (const [uri, digest] of texts) {
    try {
      const path = fileURLToPath(uri);
      reader.read(path, 'description');
      if (reader.digestOf(path) !== digest) return false;
    } catch {
      return false;
    }
  }
  return true;
}
