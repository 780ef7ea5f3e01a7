import type { HeaderFields } from '../header-fields/header-fields.ts';
import type { JsonBounds, JsonValue } from '../json/types.ts';
import type { ComparableSchemas } from '../json-schema/index.ts';
import type { PatternWork } from '../json-schema/patterns/work.ts';
import type { CompiledSchemas, FormatUse, Reading, ReadOnlyMembers } from '../json-schema/types.ts';

/** A remark on a document or configuration, placed where a person can mend it. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable name of the kind, kebab-case: 'unresolvable-reference', 'ambiguous-operations' … */
  readonly code: string;
  /** The document's URI as given to compileApi. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly suggestion?: string;
  /** This one stands for so many of its severity that are not listed. */
  readonly unlisted?: number;
}

export interface CompileApiOptions {
  /** Reads another document that a $ref names, as it is written there; throws when it may not or cannot. */
  readonly read: (uri: string, reference: string) => string;
  /** What is to stand for an `x-poorter` value in the compiled description: as whoever decides by it reads it. */
  readonly readExtension: (value: Readonly<Record<string, unknown>>) => ReadExtension;
  /** Refuse request members that no schema documents, whatever additionalProperties says. */
  readonly strictProperties: boolean;
  /** Schemas by the letter of their dialect, or (the default) as their authors mean them. */
  readonly reading?: Reading;
  /** readOnly members of requests are cut out before the request goes on (the default), or refused. */
  readonly readOnlyMembers?: ReadOnlyMembers;
  /** Whether `format` is enforced (the default) or only reported. */
  readonly formats?: FormatUse;
  /** Query parameters that may be sent although no operation describes them. */
  readonly allowUndocumentedQuery?: readonly string[];
}

export type ReadExtension =
  | { readonly value: Readonly<Record<string, unknown>> }
  /** Pointers are relative to the value that was read. */
  | {
      readonly problems: readonly {
        readonly pointer: string;
        readonly message: string;
        readonly suggestion?: string;
      }[];
    };

/** Nobody looks at what `x-poorter` says. */
export const asWritten: CompileApiOptions['readExtension'] = (value) => ({ value });

export type ApiCompilation =
  | { readonly ok: true; readonly api: CompiledApi; readonly warnings: readonly Diagnostic[] }
  | {
      readonly ok: false;
      readonly errors: readonly Diagnostic[];
      readonly warnings: readonly Diagnostic[];
    };

export type SecurityScheme =
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query' | 'cookie'; readonly name: string }
  | { readonly type: 'http'; readonly scheme: 'basic' }
  /** `takesKeys` unless these tokens are said to be JWTs, or keys have a place of their own. */
  | { readonly type: 'http'; readonly scheme: 'bearer'; readonly takesKeys?: boolean }
  /** `scopeTexts`: what its scopes are for, by name, of those of which it is said. */
  | { readonly type: 'oauth2'; readonly scopeTexts?: Readonly<Record<string, string>> }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }
  | { readonly type: 'mutualTLS' };

/** One alternative: every named scheme must hold, with the scopes (or, from 3.1, roles) listed. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/** Plain data: compiled in control, sent to the gateway threads. */
export interface CompiledApi {
  readonly title: string;
  readonly version: string;
  readonly openapi: '3.0' | '3.1';
  readonly file: string;
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  /** `x-poorter` of the root alone, as it was read: for what no operation answers. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly operations: readonly CompiledOperation[];
  /** Addresses of those that are there and say nothing, as `{}`. */
  readonly openSchemas?: readonly string[];
  /** Some operation takes a body of YAML that is read: whoever opens this loads a reader of it. */
  readonly readsYaml?: true;
  /** Where it was compiled; it does not travel. */
  readonly comparable?: ComparableSchemas;
  readonly schemas: CompiledSchemas;
}

export interface CompiledOperation {
  /** operationId, or 'GET /accounts/{id}' where the document gives none. Unique within the API. */
  readonly id: string;
  /** Upper-case. */
  readonly method: string;
  /** Full template with the server's base path: '/v1/accounts/{id}'. */
  readonly path: string;
  readonly summary: string;
  readonly deprecated: boolean;
  /** null: neither the operation nor the document declares `security`. [] : explicitly open. */
  readonly security: readonly SecurityRequirement[] | null;
  /** `x-poorter` of root, path and operation, as it was read, merged: the nearest key wins. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where it stands: the file that a reference leads to, if it is another. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What the matcher and the validators need; the openapi folder alone reads it. */
  readonly plan: unknown;
}

/** One place where a message breaks its description. Carries no value. */
export interface MessageViolation {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body' | 'status' | 'content-type';
  /** Parameter or header name; absent for bodies, and for names that the document does not know. */
  readonly name?: string;
  /**
   * A name that the document does not know, where it looks like one. For whoever wrote it alone: in records
   * it would be a word of a stranger that nothing can erase.
   */
  readonly written?: string;
  /** RFC 6901 pointer within that parameter or body. */
  readonly pointer: string;
  readonly rule: string;
  readonly member?: string;
  /** What the description wanted there, in words; never anything of the message. */
  readonly expected?: string;
  /** Only told: the message passes all the same. */
  readonly isRemark?: true;
}

export type Match =
  | {
      readonly kind: 'operation';
      readonly operation: ApiOperation;
      /** Raw, still percent-encoded, in the order of the template. */
      readonly pathValues: readonly string[];
      /** What goes on in place of the path, where the caller encoded its fixed parts. */
      readonly rewritten: string | undefined;
    }
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'no-such-path' }
  /** Services differ in what they read in this path, so it is not decided. */
  | { readonly kind: 'two-readings'; readonly reason: 'encoding' | 'semicolon' | 'overlap' };

export interface Api {
  readonly compiled: CompiledApi;
  readonly operations: readonly ApiOperation[];
  /** `path` is the canonical path without query. Cost does not grow with the number of operations. */
  match(method: string, path: string): Match;
  /**
   * Whether some service would run an operation of this API for a path that `taken`, of another API,
   * answers with a parameter where this one has fixed text, or that fits the paths of two operations which
   * ask different things of their callers. `bases`: what stands before the paths of either at their service.
   */
  mayBeMeant(
    method: string,
    path: string,
    taken: { readonly operation: CompiledOperation; readonly description: CompiledApi },
    bases?: { readonly own: string; readonly taken: string },
  ): boolean;
}

export interface RequestParts {
  readonly pathValues: readonly string[];
  /** Raw query without '?', '' when none. */
  readonly query: string;
  readonly headers: HeaderFields;
  /** Query, header and cookie names that carry credentials of this operation: known, not validated. */
  readonly credentialNames?: {
    readonly query: readonly string[];
    readonly header: readonly string[];
    readonly cookie: readonly string[];
  };
  /** Of the whole request: its body is checked on the same account. */
  readonly patternWork?: PatternWork;
}

/** How an operation wants its request body: decided before a byte of it is read. */
export type BodyExpectation =
  /** No body is documented: one that arrives is refused. */
  | { readonly kind: 'none' }
  /** Buffer and validate. */
  | { readonly kind: 'validate' }
  /** Documented as opaque bytes: may stream through unread. */
  | { readonly kind: 'stream' }
  /** `accepted`: what is documented. */
  | {
      readonly kind: 'unsupported';
      readonly violation: MessageViolation;
      readonly accepted: readonly string[];
    };

export interface BodyCheck {
  readonly violations: readonly MessageViolation[];
  /** The parsed body, for policies that read it later; undefined where it is not JSON or form data. */
  readonly value: JsonValue | undefined;
  /** What goes on in place of the bytes that came: members that may not be sent were cut out. */
  readonly cut?: Uint8Array;
}

/** How the answer is to be checked, decided when its head has arrived. */
export type AnswerExpectation =
  | { readonly kind: 'validate' }
  /** Streams (SSE) and opaque media types: nothing to validate. */
  | { readonly kind: 'opaque' }
  /** The status or media type is not documented. */
  | { readonly kind: 'undocumented'; readonly violation: MessageViolation };

export interface AnswerCheck {
  readonly violations: readonly MessageViolation[];
  /** Pointers of members that no schema documents. */
  readonly undocumented: readonly string[];
  /** The body cannot be searched for such members, or they cannot be cut out of it. */
  readonly isUncuttable: boolean;
}

export interface ApiOperation {
  readonly compiled: CompiledOperation;
  /** Path, query, header and cookie parameters; undocumented query parameters are violations. */
  checkParameters(parts: RequestParts): readonly MessageViolation[];
  expectBody(headers: HeaderFields, hasBody: boolean): BodyExpectation;
  /** `patternWork` is the account of the request, see RequestParts. */
  checkBody(
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    patternWork?: PatternWork,
  ): BodyCheck;
  expectAnswer(status: number, headers: HeaderFields): AnswerExpectation;
  /** Headers are checked too. `bytes` is the whole answer body. */
  checkAnswer(
    status: number,
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    options: { readonly findUndocumented: boolean },
  ): AnswerCheck;
  /** Lower-case names of what callers may send and answers may carry, a described body's type included. */
  readonly documentedHeaders: {
    readonly request: readonly string[];
    readonly answer: readonly string[];
  };
  /** Status 101 is documented, by itself: a range or `default` does not speak of tunnels. */
  readonly documentsUpgrade: boolean;
  /** Media types of documented answers that stream (text/event-stream), for load-time refusals of `block`. */
  readonly streamingAnswers: readonly string[];
  /** Some documented answer has a body that is checked: the gate then asks for it whole and uncompressed. */
  readonly validatesAnswers: boolean;
}
