import type { JsonValue } from '../json/types.ts';

/** 'openapi-3.0' is the OAS 3.0 schema object (nullable, boolean exclusiveMinimum, $ref hides siblings). */
export type Dialect = 'json-schema-2020-12' | 'openapi-3.1' | 'openapi-3.0';

/** A request must not carry readOnly properties, an answer must not carry writeOnly ones. */
export type Direction = 'request' | 'response' | 'neither';

/** One place where an instance breaks a schema. Never carries the instance's value. */
export interface SchemaViolation {
  /** RFC 6901 JSON Pointer into the instance, '' for the whole. */
  readonly pointer: string;
  /** The keyword broken: 'type', 'required', 'pattern', 'readOnly', 'discriminator', 'undocumented' … */
  readonly rule: string;
  /** For 'required' and its kin: the name of the missing or forbidden member, from the schema or instance. */
  readonly member?: string;
  /** What the schema wanted there, in words; from the schema alone. */
  readonly expected?: string;
}

/** Where a schema stands: document address + JSON Pointer, e.g. 'file:///bank.yaml#/components/schemas/Payment'. */
export type SchemaAddress = string;

export interface SchemaEntry {
  readonly address: SchemaAddress;
  readonly direction: Direction;
}

export interface CompileOptions {
  /** Parsed documents by absolute URI without fragment. Every $ref must land in one of them. */
  readonly documents: ReadonlyMap<string, unknown>;
  readonly dialect: Dialect;
  /** Schemas needed, each becomes callable through link(). */
  readonly entries: readonly SchemaEntry[];
  /** Treat `format` as an assertion (always so for OpenAPI). */
  readonly assertFormats: boolean;
  /**
   * By the letter of the dialect (the default), or as authors mean what they write: `nullable` admits
   * null whatever stands beside it, and what stands beside a `$ref` holds in OpenAPI 3.0, too.
   */
  readonly reading?: Reading;
  /** readOnly members of requests: refused (the default), or passed over, to be cut out. */
  readonly readOnlyMembers?: ReadOnlyMembers;
  /** What asserted formats are worth: a violation (the default), or a remark. */
  readonly formats?: FormatUse;
}

export type ReadOnlyMembers = 'ignore' | 'refuse';
export type FormatUse = 'enforce' | 'report';

export type Reading = 'strict' | 'meant';

/** OpenAPI 3.0 by the letter: a `$ref` hides its siblings. */
export function hidesBesideReference({ dialect, reading }: CompileOptions): boolean {
  return dialect === 'openapi-3.0' && reading !== 'meant';
}

/** A member that a service may take for one that a schema lists. */
export interface LookAlike {
  readonly pointer: string;
  /** As it is listed. */
  readonly listed: string;
}

/** A schema that cannot be compiled, or compiles with a doubt. The caller maps the address to file, line, column. */
export interface SchemaDiagnostic {
  readonly severity: 'error' | 'warning';
  readonly address: SchemaAddress;
  readonly message: string;
  readonly suggestion?: string;
}

/**
 * Schemas as generated source: plain data that crosses process boundaries. One unit a schema
 * resource worth sharing; units are compiled on first use, so that a document of 900 operations
 * costs nothing until its operations are called.
 */
export interface CompiledSchemas {
  /** Source text of each unit: an array, or what decodes one when it is asked for. */
  readonly units: { readonly length: number; at(index: number): string | undefined };
  /** entryKey(entry) → index into units. */
  readonly entries: Readonly<Record<string, number>>;
  readonly diagnostics: readonly SchemaDiagnostic[];
  /** Units that pass over readOnly members, themselves or in what they refer to. */
  readonly cutting?: readonly number[];
  /** Units with `format: float`, themselves or in what they refer to. */
  readonly floats?: readonly number[];
  /** Formats are looked at, and a value that breaks one is valid all the same. */
  readonly reportsFormats?: boolean;
}

export interface Validator {
  /** At most `violationsMax` (default 16) violations; an empty list means valid. Never throws for any JsonValue. */
  validate(value: JsonValue): readonly SchemaViolation[];
  /**
   * Pointers of members that no applicable schema documents, and of lists and objects where none may
   * stand ('' is the whole value). An object where no applicable schema lists properties is free-form: all
   * of it counts as documented.
   */
  undocumented(value: JsonValue): readonly string[];
  /** Of a request: members that a service may take for listed ones, whose names they only resemble. */
  lookAlikes(value: JsonValue): readonly LookAlike[];
  /** Which of these members no schema in force lists by name. */
  unlisted(value: JsonValue, pointers: readonly string[]): readonly string[];
  /** Pointers of the members of a valid value that may not be sent, and were passed over. */
  ignored(value: JsonValue): readonly string[];
  /**
   * What is broken by a valid value as a service holds it whose numbers are doubles, and floats where the
   * schema says so. `hasExact`: some number in it is an ExactNumber.
   */
  narrowed(value: JsonValue, hasExact: boolean): readonly SchemaViolation[];
  /** Formats that a valid value breaks, where they are only reported. */
  remarks(value: JsonValue): readonly SchemaViolation[];
}
