import { parseJson } from './parse-json.ts';
import { parseYaml } from './parse-yaml.ts';
import type { ParsedText, Position } from './parsed-text.ts';
import type { SchemaResource } from './schema-resources.ts';

/** One file of a description: its text parsed, with a way back to lines. */
export interface SourceDocument {
  /** Absolute, without fragment: how schemas address it. */
  readonly id: string;
  /** As given to compileApi, or as read. */
  readonly uri: string;
  readonly value: unknown;
  readonly resources: readonly SchemaResource[];
  readonly positions: (pointers: readonly string[]) => Position[];
}

/** Largest text accepted: GitHub publishes one of 73 MB. */
const TEXT_LENGTH_MAX = 128 * 1024 * 1024;

export function parseText(uri: string, text: string): ParsedText {
  if (text.length > TEXT_LENGTH_MAX) {
    return { ok: false, line: 1, column: 1, message: 'the document is larger than 128 MiB' };
  }
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (/\.json$/i.test(uri)) return parseJson(plain);
  if (/^\s*\{/.test(plain)) {
    const parsed = parseJson(plain);
    // A YAML flow map also starts with a brace.
    if (parsed.ok || /^\s*\{\s*"/.test(plain)) return parsed;
  }
  return parseYaml(plain);
}
