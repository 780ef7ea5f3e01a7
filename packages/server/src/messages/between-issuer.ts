import type { JSONWebKeySet } from 'jose';
import type { DatabasePlace } from '../platform/database/index.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { SpoolSnapshot } from './between-processes.ts';
import type { Level } from './levels.ts';
import type { ListenerSnapshot } from './runtime-snapshot.ts';

/** One API, as tokens are asked for it. RFC 8707. */
export interface ResourceSnapshot {
  /** The `resource` of a request, and the `aud` of the token. */
  readonly identifier: string;
  readonly api: string;
  readonly title: string;
  /** Every scope that its description asks for. */
  readonly scopes: readonly string[];
  /** What they are for, as its description says it; not of every one. */
  readonly scopeTexts: Readonly<Record<string, string>>;
  /** In what way people may be asked about it. */
  readonly flows: readonly AskingFlow[];
  /** Every role that its description asks for. */
  readonly roles: readonly string[];
}

/** Who says which people there are. RFC 7644. */
export interface DirectorySnapshot {
  readonly name: string;
  /** SHA-256 of what it shows, in base64url. */
  readonly tokenHashes: readonly string[];
  /** Of those who are in a group, by its name. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

/**
 * How people say yes: on our pages, within the application, on a device of their own, by a code that they type; `session`: on our
 * pages, for a page that calls with a cookie of the gate.
 */
export type AskingFlow = 'redirect' | 'embedded' | 'decoupled' | 'device' | 'session';

/** A kind of authorization details of the deployment's own. RFC 9396. */
export interface DetailTypeSnapshot {
  readonly type: string;
  /** It is decided by a passkey over just this, and is good for one call. */
  readonly isSigned: boolean;
  /** As people are told, by language. */
  readonly titles: Readonly<Record<string, string>>;
  /** Compiled: an operation at /detail. */
  readonly schema: { readonly digest: string; readonly base64: string };
}

/** Who is believed about clients. RFC 7591 §2.3. */
export interface StatementSnapshot {
  /** What came of its statements is known by it. */
  readonly id: string;
  readonly issuer: string;
  readonly keys: JSONWebKeySet;
  readonly profile: 'browser' | 'native' | 'machine' | 'fapi2';
  readonly flows: readonly ('redirect' | 'embedded' | 'decoupled' | 'device' | 'exchange')[];
  readonly scopes: readonly string[];
  readonly detailTypes: readonly string[];
  readonly clients: number;
}

/** Where mails go out. */
export interface MailSnapshot {
  readonly host: string;
  readonly port: number;
  /** `first`: from the first byte. `upgraded`: by STARTTLS, or nothing is said. `none`: on this machine. */
  readonly tls: 'first' | 'upgraded' | 'none';
  /** PEM; empty: those of the system. */
  readonly authorities: readonly string[];
  readonly credentials: { readonly user: string; readonly password: string } | null;
  readonly from: string;
}

/** An OpenID provider at which people sign in. */
export interface FederatedProvider {
  readonly id: string;
  /** To the letter. */
  readonly issuer: string;
  /** On its button, by language; at least `en`. */
  readonly names: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly authentication:
    | { readonly kind: 'secret'; readonly secret: string }
    /** Private, each with `kid` and `alg`; the first signs. */
    | { readonly kind: 'keys'; readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly scopes: readonly string[];
  readonly algorithms: readonly string[];
  /** How strongly somebody has signed in here, by what it says; what does not stand here is the lowest. */
  readonly acr: Readonly<Record<string, Level>>;
  readonly claims: { readonly name: readonly string[]; readonly email: string };
  /** Whose first sign-in makes an account: by claim, one of these values each. */
  readonly signUp: 'nobody' | 'everybody' | Readonly<Record<string, readonly string[]>>;
  /** Whose people come in by it, and the claim with what the directory calls them; null: nobody's. */
  readonly directory: { readonly name: string; readonly claim: string } | null;
  /** Of people, by the values of a claim; null: it gives none. */
  readonly roles: {
    readonly claim: string;
    readonly values: Readonly<Record<string, readonly string[]>>;
  } | null;
}

/** All that the authorization server goes by, compiled in control. Plain data. */
export interface IssuerSnapshot {
  readonly version: number;
  /** The `iss` of everything that it gives. */
  readonly origin: string;
  readonly listener: ListenerSnapshot;
  /** Where clients show certificates; null: nowhere. */
  readonly mtls: { readonly origin: string; readonly listener: ListenerSnapshot } | null;
  readonly resources: readonly ResourceSnapshot[];
  readonly detailTypes: readonly DetailTypeSnapshot[];
  readonly tokens: {
    readonly lifeSeconds: number;
    readonly algorithm: 'ES256' | 'EdDSA';
    /** Proofs carry a nonce of ours. RFC 9449 §8. */
    readonly requireProofNonce: boolean;
  };
  /** Clients may register themselves; null: they may not. */
  readonly registration: {
    readonly unusedDays: number;
    readonly statements: readonly StatementSnapshot[];
  } | null;
  /** Where requests to addresses that clients name may lead. */
  readonly outgoing: {
    /** CIDR blocks of the deployment's own network, besides what is public. */
    readonly addresses: readonly string[];
    /** PEM, besides those that the runtime trusts. */
    readonly authorities: readonly string[];
  };
  /** Null: nobody is told anything. */
  readonly mail: MailSnapshot | null;
  /** What one address may ask. */
  readonly limit: {
    readonly requests: number;
    readonly per: 'second' | 'minute' | 'hour';
    readonly burst?: number | undefined;
  };
  /** Whether a password and a code do beside a passkey. */
  readonly passwords: boolean;
  /** Applications on devices that may ask for passkeys of this server. */
  readonly applications: {
    readonly android: readonly {
      readonly package: string;
      /** SHA-256, in pairs of digits with colons. */
      readonly certificates: readonly string[];
    }[];
    /** TEAMID.bundle.name */
    readonly apple: readonly string[];
  };
  /** Of browsers at the gates; null: there are none. */
  readonly gateSessions: {
    /** Of the gate, as browsers know it. */
    readonly origin: string;
    readonly idleMs: number;
    readonly lifeMs: number;
    /** How long a gate goes by what it was told. */
    readonly cacheMs: number;
  } | null;
  /** Where people may sign in besides here. */
  readonly federation: readonly FederatedProvider[];
  /** Who says which people there are, besides operators. */
  readonly directories: readonly DirectorySnapshot[];
  /** Whose header fields are believed, that say who called. */
  readonly trustedProxies: readonly string[];
  /** Where its records go. */
  readonly spool: SpoolSnapshot;
  readonly storage: {
    readonly state: DatabasePlace;
    readonly issuer: DatabasePlace;
    /** As configured: the process reads it itself. */
    readonly masterKey: string | undefined;
    readonly dataDirectory: string;
    readonly baseDirectory: string;
  };
}

/** Where somebody is signed in. Times are milliseconds since the epoch. */
export interface StandingSession {
  readonly id: string;
  readonly signedInAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  /** Such as 'Firefox, Windows'; '': it does not say. */
  readonly browser: string;
  /** How: OpenID Connect Core §2; null: nobody knows. */
  readonly acr: string | null;
}

/** What control asks of it, for operators: sessions stand in its database alone. */
export type IssuerQuestion =
  | { readonly kind: 'sessions'; readonly account: string }
  /** Nobody is signed in by this account any more, and applications are told; answered with none. */
  | { readonly kind: 'clear-sessions'; readonly account: string }
  /** Answered with the one that has ended, or with none. */
  | { readonly kind: 'end-session'; readonly account: string; readonly session: string };

/** What the supervisor tells the issuer process. */
export type ToIssuer =
  | { readonly type: 'issuer-ask'; readonly request: number; readonly question: IssuerQuestion }
  | { readonly type: 'issuer-snapshot'; readonly snapshot: IssuerSnapshot }
  | { readonly type: 'own-keys-changed' }
  | {
      readonly type: 'issuer-reached';
      readonly request: number;
      readonly missing: readonly string[];
    }
  | { readonly type: 'drain' };

export type FromIssuer =
  /** Null: it could not be found out. */
  | {
      readonly type: 'issuer-answer';
      readonly request: number;
      readonly sessions: readonly StandingSession[] | null;
    }
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'notice'; readonly notice: Notice }
  /** This version cannot be served; what was in force stays. */
  | { readonly type: 'failed'; readonly version: number; readonly message: string }
  /** It took something back: is it in force at every gate? Answered with the same number. */
  | { readonly type: 'issuer-reach'; readonly request: number }
  | { readonly type: 'drained' };
