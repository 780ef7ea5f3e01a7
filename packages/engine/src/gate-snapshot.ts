import type { CompiledApi, PackedApi } from '@poorter/openapi';
import type { JsonBounds } from '@poorter/openapi/json';
import type { JSONWebKeySet } from 'jose';
import type { Rate } from './counters.ts';
import type { GateSessionTerms, OwnAudience } from './identity.ts';
import type { NetworkLists } from './policies/admit/index.ts';
import type { CorsConfig } from './policies/cors/index.ts';
import type { KeyRecord, TrustedIssuer } from './policies/identify/index.ts';
import type { LimitsConfig } from './policies/limit/index.ts';
import type { AnswerMode } from './policies/release/index.ts';

/** Everything the gate decides by, as plain data with a version: compiled in control, opened in a thread. */
export interface GateSnapshot {
  readonly version: number;
  readonly apis: readonly ApiSnapshot[];
  readonly network: NetworkLists;
  readonly keys: readonly KeyRecord[];
  readonly issuers: readonly TrustedIssuer[];
  readonly issuerKeys: Readonly<Record<string, { jwks: JSONWebKeySet; generation: number }>>;
  /** Key ids, token ids, clients, subjects and certificate thumbprints that are refused from now on. */
  readonly revoked: readonly string[];
  readonly failureBudget: Rate | null;
  /** Without a sign of life from control for this long, every call is refused. */
  readonly staleAfterMs: number;
  /** Calls under way at once, all threads together. */
  readonly capacity: number;
}

export interface ApiSnapshot {
  readonly name: string;
  readonly compiled: CompiledApi;
  /** Host names this API answers to, lower-case, without port; empty: any. */
  readonly hosts: readonly string[];
  /** Where its calls go: host, port and base path. Without them it may be the service of any other API. */
  readonly targets?: readonly string[];
  /** Its service is asked under the caller's Host, and so may serve something else at another host. */
  readonly preserveHost?: boolean;
  readonly mode: 'enforce' | 'observe';
  readonly response: AnswerMode;
  readonly limits: LimitsConfig;
  /** Where the description does not say otherwise. */
  readonly cors?: CorsConfig | undefined;
  readonly bodyBytesMax: number;
  readonly jsonBounds: JsonBounds;
  /** Audience of the identity that the upstream receives. */
  readonly identityAudience: string;
  /** Tokens of this issuer are for one API each: for this one they name this audience. RFC 8707 §2.2. */
  readonly ownAudience?: OwnAudience;
  /** Browsers may call by the session that they have at this gate; absent: they may not. */
  readonly sessions?: GateSessionTerms;
  /** Cookies of the gate itself, which no service sees; absent: it has none. */
  readonly ownCookies?: readonly string[];
  /** RFC 9728 metadata address for WWW-Authenticate; null when no token issuer is trusted. */
  readonly resourceMetadataUrl: string | null;
}

/** How a snapshot travels: each description in one block of bytes, and all keys in one. */
export type PackedGateSnapshot = Omit<GateSnapshot, 'apis' | 'keys'> & {
  /** JSON of them. */
  readonly keys: Uint8Array;
  readonly apis: readonly (Omit<ApiSnapshot, 'compiled'> & { readonly packed: PackedApi })[];
};
