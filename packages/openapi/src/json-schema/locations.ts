import { ExactNumber } from '../json/index.ts';
import type { SchemaAddress } from './types.ts';

/** A place in a document where a schema may stand. */
export interface Location {
  readonly node: unknown;
  readonly resource: Resource;
  /** URI of the document, without fragment. */
  readonly document: string;
  /** Pointer within the document. */
  readonly pointer: string;
}

/** A schema resource: a document, or an embedded schema with its own $id. */
export interface Resource {
  readonly uri: string;
  readonly root: unknown;
  readonly document: string;
  readonly pointer: string;
  readonly anchors: Map<string, Location>;
  readonly dynamicAnchors: Map<string, Location>;
  /** The nearest $schema; undefined leaves the caller's dialect in force. */
  readonly schemaUri: string | undefined;
}

export const addressOf = (at: Location): SchemaAddress => `${at.document}#${at.pointer}`;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ExactNumber);

/** Reads an own member only: a schema may well be named "constructor". */
export function own(record: unknown, name: string): unknown {
  return isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined;
}

export const escapeStep = (step: string): string =>
  step.replaceAll('~', '~0').replaceAll('/', '~1');

export const rootOf = (resource: Resource): Location => ({
  node: resource.root,
  resource,
  document: resource.document,
  pointer: resource.pointer,
});

export function withoutFragment(uri: string): string {
  const hash = uri.indexOf('#');
  return hash < 0 ? uri : uri.slice(0, hash);
}

export function resolveUri(ref: string, base: string): string {
  try {
    return base === '' ? new URL(ref).href : new URL(ref, base).href;
  } catch {
    // A base without hierarchy (urn:) takes fragments only; a plain name stays a plain name.
    return ref.startsWith('#') ? base + ref : ref;
  }
}
