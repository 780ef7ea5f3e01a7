import type { Diagnostic } from '@poorter/openapi';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { BYTES_MAX, readTextFile } from '../platform/files/index.ts';
import { closestName } from './closest-name.ts';
import { configurationSchema } from './schema.ts';

export type ConfigurationReading =
  /** As written; checked, but without the defaults. */
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Parses poorter.yaml. Every fault is placed by line and column. */
export function readConfiguration(
  path: string,
  text: string,
  schema: z.ZodType = configurationSchema,
): ConfigurationReading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const syntax = document.errors.map((error): Diagnostic => {
    const { line, col } = lines.linePos(error.pos[0]);
    const said = (error.message.split('\n')[0] as string).replace(
      / at line \d+, column \d+:?$/,
      '',
    );
    const message = `not YAML: ${said.charAt(0).toLowerCase()}${said.slice(1)}`;
    return {
      severity: 'error',
      code: 'configuration-syntax',
      file: path,
      line,
      column: col,
      message,
    };
  });
  if (syntax.length > 0) return { ok: false, diagnostics: syntax };

  let value: unknown;
  try {
    // Aliases multiply: a few lines can spell gigabytes.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = `the YAML aliases cannot be followed: ${(error as Error).message}`;
    const diagnostic = { severity: 'error', code: 'configuration-syntax', message } as const;
    return { ok: false, diagnostics: [{ ...diagnostic, file: path, line: 1, column: 1 }] };
  }
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return { ok: true, value: value as Record<string, unknown> };
  const diagnostics = parsed.error.issues.flatMap((issue) =>
    describeIssue(issue, schema).map(({ keys, suggestion, ...remark }): Diagnostic => {
      const isMissing = keys.length > 0 && !document.hasIn(keys);
      const message = isMissing ? `${keys.map(String).join('.')} is missing` : remark.message;
      const { line, column } = locate(document, lines, keys);
      return {
        severity: 'error',
        code: 'configuration',
        file: path,
        line,
        column,
        message,
        ...(suggestion !== undefined && { suggestion }),
      };
    }),
  );
  return { ok: false, diagnostics };
}

/** Where these keys stand in the file; its start, when it cannot be read any more. */
export function placeInConfiguration(
  path: string,
  keys: readonly PropertyKey[],
): { line: number; column: number } {
  try {
    const lines = new LineCounter();
    const document = parseDocument(readTextFile(path, BYTES_MAX.configuration), {
      lineCounter: lines,
    });
    return locate(document, lines, keys);
  } catch {
    return { line: 1, column: 1 };
  }
}

interface Remark {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
  readonly suggestion?: string;
}

/** One fault, or those of the form of a union that was meant. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): Remark[] {
  const place = issue.path.map(String).join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path, schema);
    return issue.keys.map((key) => {
      const nearest = closestName(key, known);
      return {
        keys: [...issue.path, key],
        message: `unknown key '${key}' in ${place}`,
        suggestion:
          nearest === null ? `known keys: ${known.join(', ')}` : `did you mean '${nearest}'?`,
      };
    });
  }
  if (issue.code === 'invalid_union') {
    // Tell the fault of the branch that got furthest: the others did not fit by kind.
    const branches = issue.errors.filter((errors) => errors.length > 0);
    const deepest = branches.toSorted((a, b) => depth(b) - depth(a))[0];
    // Where none fitted by kind, the union itself says what would.
    if (deepest !== undefined && depth(deepest) > 0) {
      return deepest.flatMap((inner) =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema),
      );
    }
  }
  return [{ keys: issue.path, message: `${place}: ${wordsOf(issue)}` }];
}

const KINDS: Readonly<Record<string, string>> = {
  array: "a list, with '- ' before each of its items",
  object: 'keys, each with its value',
  record: 'keys, each with its value',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** What was expected, where the schema itself does not say it. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (!/^(?:Invalid input|Invalid option|Too big|Too small)\b/.test(issue.message))
    return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `takes ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `takes ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
    case 'too_small': {
      const [bound, side] =
        issue.code === 'too_big' ? [issue.maximum, 'at most'] : [issue.minimum, 'at least'];
      return `takes ${side} ${bound}${UNITS[issue.origin] ?? ''}`;
    }
    default:
      return issue.message;
  }
}

const UNITS: Readonly<Record<string, string>> = {
  string: ' characters',
  array: ' items',
  set: ' items',
  record: ' keys',
  map: ' keys',
};

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(
    ...issues.map((issue) => issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 1 : 0)),
  );
}

/** Names the schema knows at a path, for suggestions. */
function knownKeys(path: readonly PropertyKey[], schema: z.ZodType): string[] {
  let current: unknown = schema;
  for (const key of path) current = step(current, key);
  return Object.keys(shapeOf(current) ?? {});
}

function step(schema: unknown, key: PropertyKey): unknown {
  const shape = shapeOf(schema);
  if (shape !== undefined) return shape[String(key)];
  const inner = unwrap(schema) as { _zod?: { def?: { element?: unknown } } } | undefined;
  return inner?._zod?.def?.element;
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const inner = unwrap(schema) as { _zod?: { def?: Record<string, unknown> } } | undefined;
  const def = inner?._zod?.def;
  if (def?.['type'] === 'union') {
    const options = def['options'] as unknown[];
    return Object.assign({}, ...options.map((option) => shapeOf(option) ?? {}));
  }
  return def?.['shape'] as Record<string, unknown> | undefined;
}

function unwrap(schema: unknown): unknown {
  let current = schema as { _zod?: { def?: Record<string, unknown> } } | undefined;
  for (let level = 0; level < 10; level++) {
    const def = current?._zod?.def;
    if (def === undefined) return current;
    const next = def['innerType'] ?? (def['type'] === 'pipe' ? def['out'] : undefined);
    if (next === undefined) return current;
    current = next as typeof current;
  }
  return current;
}

/** The nearest node that exists along the path; for an unknown key, the key itself. */
function locate(
  document: Document,
  lines: LineCounter,
  keys: readonly PropertyKey[],
): { line: number; column: number } {
  for (let length = keys.length; length > 0; length--) {
    const parent =
      length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
    const name = String(keys[length - 1]);
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name,
      );
      const range = isPair(pair) && isScalar(pair.key) ? pair.key.range : undefined;
      if (range) return positionOf(lines, range[0]);
    }
    const node = document.getIn(keys.slice(0, length), true) as {
      range?: [number, number, number];
    };
    if (node?.range) return positionOf(lines, node.range[0]);
  }
  return { line: 1, column: 1 };
}

function positionOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
