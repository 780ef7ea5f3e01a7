import type { ApiSnapshot, LimitsConfig, NetworkLists } from '@poorter/engine';
import type { CheckedPlaces, ComparableSchemas, CompiledApi } from '@poorter/openapi';
import { parseJsonText } from '@poorter/openapi/json';
import { sharedBytes } from '../shared-bytes.ts';

/**
 * What protects, of a configuration and its descriptions: plain data, apart from secrets and from
 * everything that may change without anybody being let in by it. Kept on disk beside what is in force,
 * so that a change is seen as one also after a restart.
 */
export interface Protection {
  /** Another form cannot be compared with this one. */
  readonly form: typeof PROTECTION_FORM;
  readonly reload: 'apply' | 'ask';
  readonly apis: readonly ApiProtection[];
  /** Numbers of which more is weaker; null: no bound at all. By the key that sets them. */
  readonly ceilings: Readonly<Record<string, number | null>>;
  /** Numbers of which less is weaker. */
  readonly floors: Readonly<Record<string, number>>;
  readonly network: NetworkLists;
  readonly proxies: readonly string[];
  readonly issuers: readonly IssuerProtection[];
  /** The gate issues tokens itself, to whoever asks on this machine; absent before that was known: it does not. */
  readonly trial?: boolean;
  /** Digests of what is revoked by configuration: they may be names of persons. */
  readonly revoked: readonly string[];
  readonly keyFile: string;
  readonly listeners: readonly ListenerProtection[];
  readonly control: Omit<ListenerProtection, 'clientCertificate' | 'authorities'>;
  /** Where our own authorization server is asked; null, or absent before it was known: nowhere. */
  readonly issuer?: IssuerPlace | null;
  /** Whom the gate believes to be the other end, by the key that says so. */
  readonly peers: Readonly<Record<string, PeerProtection>>;
  /** Names of gateways on other machines. */
  readonly gateways: readonly string[];
  /** Where a proxy asks. */
  readonly forwardAuth: readonly {
    readonly address: string;
    readonly isLoopback: boolean;
    readonly allowsUnseenBodies: boolean;
    /** Whose header fields are believed there. */
    readonly speaks: string;
  }[];
  readonly countersShared: boolean;
  /** Who has it decides how much is allowed; null: this machine alone. */
  readonly countersAt: string | null;
  readonly allowsEncodedSlash: boolean;
  readonly clearTextRecords: string | null;
}

export const PROTECTION_FORM = 6;
/** Beside the data that it speaks of. Holds no secret: digests are keyed. */
export const IN_FORCE_FILE = 'configuration-in-force.json';

/** What of it is asked about while it waits, is put in force or is taken back. */
export type ProtectionFacts = Pick<
  Protection,
  'reload' | 'ceilings' | 'floors' | 'keyFile' | 'gateways' | 'peers'
>;

/** The whole as JSON, in memory that threads share: only whoever compares it reads it. */
export interface PackedProtection {
  readonly facts: ProtectionFacts;
  readonly bytes: Uint8Array;
}

export function packProtection(protection: Protection): PackedProtection {
  const { reload, ceilings, floors, keyFile, gateways, peers } = protection;
  const bytes = sharedBytes(Buffer.from(JSON.stringify(protection)));
  return { facts: { reload, ceilings, floors, keyFile, gateways, peers }, bytes };
}

export function unpackProtection({ bytes }: PackedProtection): Protection {
  return parseJsonText(Buffer.from(bytes).toString('utf8')) as Protection;
}

export interface ApiProtection {
  readonly name: string;
  /** Empty: any. */
  readonly hosts: readonly string[];
  /** The service hears the name by which the caller calls it. */
  readonly preservesHost: boolean;
  readonly reading: 'meant' | 'strict';
  readonly readOnlyMembers: 'ignore' | 'refuse';
  readonly formats: 'enforce' | 'report';
  readonly service: ServiceProtection;
  /** What the places of its operations are held against. */
  readonly schemas: ComparableSchemas;
  readonly operations: readonly OperationProtection[];
}

/** Where calls of an API go, and who is believed to be there. */
export interface ServiceProtection extends PeerProtection {
  /** Host, port and base path, without scheme and credentials: one service, however it is spoken to. */
  readonly targets: readonly string[];
  /** Those of them that are written otherwise in the file (127.0.0.1, which is localhost), as they are there. */
  readonly written?: Readonly<Record<string, string>>;
  /** For whom the identities are signed that it receives; null: its own address. */
  readonly audience: string | null;
}

type SecurityScheme = CompiledApi['securitySchemes'][string];

/** Every one of these must be shown, with what it must be granted. */
export type Alternative = readonly {
  readonly scheme: SecurityScheme;
  readonly grants: readonly string[];
}[];

type OneOf<List> = List extends readonly (infer One)[] ? One : NonNullable<List>;
export type RateProtection = OneOf<NonNullable<LimitsConfig['limit']>>;
export type QuotaProtection = OneOf<NonNullable<LimitsConfig['quota']>>;
export type PlacesProtection = OneOf<NonNullable<LimitsConfig['concurrency']>>;
export type CorsProtection = NonNullable<ApiSnapshot['cors']>;

/** One operation with everything that holds for it, wherever it was said. */
export interface OperationProtection {
  readonly method: string;
  readonly path: string;
  /** Equal for paths that the same calls fit. */
  readonly shape: string;
  /** Any of these; empty: nobody is asked. */
  readonly security: readonly Alternative[];
  readonly authorize: {
    readonly roles?: readonly string[] | undefined;
    readonly scopes?: readonly string[] | undefined;
    readonly clients?: readonly string[] | undefined;
  } | null;
  /** How somebody must have signed in; null: that is not asked. */
  readonly stepUp: {
    readonly acr?: readonly string[] | undefined;
    readonly maxAgeSeconds?: number | undefined;
  } | null;
  /** What its person must have approved; null, or absent before that was known: nothing. */
  readonly permit?: {
    readonly type: string;
    readonly match: Readonly<Record<string, string>>;
  } | null;
  readonly rates: readonly RateProtection[];
  readonly quotas: readonly QuotaProtection[];
  readonly places: readonly PlacesProtection[];
  readonly network: NetworkLists;
  readonly mode: 'enforce' | 'observe';
  readonly response: 'report' | 'redact' | 'block';
  readonly audit: 'durable' | 'batched';
  readonly bodyBytesMax: number;
  readonly cors: CorsProtection;
  readonly strictProperties: boolean;
  readonly undocumentedQuery: readonly string[];
  readonly allowsSemicolons: boolean;
  /** What of its calls is held against a schema at all, and what must be there. */
  readonly schemas: CheckedPlaces;
  /** Its header parameters, in lower case; absent before that was known: those that `schemas` has. */
  readonly fields?: readonly string[];
  /** Becomes a tunnel that nobody looks into. */
  readonly upgrades: boolean;
}

export interface IssuerProtection {
  readonly issuer: string;
  /** Where its keys come from; null: found by discovery. */
  readonly jwks: string | null;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
  readonly rolesClaim: string | null;
  readonly scopesClaim: string | null;
  readonly audienceClaim: string | null;
  readonly acceptsNonce: boolean;
  /** Who says whether opaque tokens are good; null: none are taken. */
  readonly introspection: {
    readonly url: string;
    readonly tokenPrefix: string;
    readonly cacheSeconds: number;
  } | null;
}

/** `authorities`: of certificates that clients show; empty: those alone that a client has registered. */
export interface IssuerPlace extends Omit<ListenerProtection, 'clientCertificate'> {
  /** A password and a code do where a passkey does; absent before that was known: they do not. */
  readonly passwords?: boolean;
  /** In what ways people are asked, by API; absent before that was known: on our pages, elsewhere, by codes. */
  readonly flows?: Readonly<Record<string, readonly string[]>>;
  /** Origin of the gate at which browsers have sessions: its pages may call; null, or absent before that was known: nowhere. */
  readonly sessionsAt?: string | null;
  /** Applications that may ask for passkeys; absent before that was known: none. */
  readonly applications?: readonly string[];
  /** Absent before these were known: nothing. */
  readonly requireProofNonce?: boolean;
  /** Clients may register themselves. */
  readonly registers?: boolean;
  /** Whose statements about clients are believed, and how far: each as it is written. */
  readonly statements?: readonly string[];
  /** Networks of its own that it calls where a client names an address there. */
  readonly outgoing?: readonly string[];
  /** Files of authorities that are believed there besides. */
  readonly outgoingAuthorities?: readonly string[];
  /** Kinds of details that people say yes to with a passkey. */
  readonly signedDetails?: readonly string[];
  /** By whom people are let in besides. */
  readonly federation?: readonly FederationProtection[];
  /** Who says which people there are. */
  readonly directories?: readonly DirectoryProtection[];
}

/** What is believed of a directory. */
export interface DirectoryProtection {
  readonly name: string;
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

/** What is believed of another provider. */
export interface FederationProtection {
  readonly issuer: string;
  readonly algorithms: readonly string[];
  /** How strongly somebody signed in, by what it says. */
  readonly acr: Readonly<Record<string, string>>;
  /** For whom an account is made: nobody, everybody, or by claim one of these values each. */
  readonly signUp: string | Readonly<Record<string, readonly string[]>>;
  /** Whose people it lets into their accounts, by which claim; absent before that was known: nobody's. */
  readonly directory?: string;
  /** Roles, by claim and value; absent before that was known: none. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
}

export interface ListenerProtection {
  readonly address: string;
  readonly isLoopback: boolean;
  /** null: in clear text. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3' | null;
  readonly clientCertificate: 'none' | 'request' | 'require';
  /** SHA-256 of certificates whose signatures are believed. */
  readonly authorities: readonly string[];
}

export interface PeerProtection {
  readonly isEncrypted: boolean;
  /** False where any of its addresses is spoken to in clear text beyond this machine. */
  readonly isPrivate: boolean;
  /** SHA-256 of certificates; empty: those of the system. */
  readonly authorities: readonly string[];
  readonly serverName: string | null;
}
