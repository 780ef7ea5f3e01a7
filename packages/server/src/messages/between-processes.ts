import type { LiveMessage, PackedGateSnapshot } from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import type { JSONWebKeySet, JWK } from 'jose';
import type { Notice } from '../platform/notices/index.ts';
import type { CarriedAnswer, SpoolKey } from '../platform/spool/index.ts';
import type { FromIssuer, IssuerSnapshot, ToIssuer } from './between-issuer.ts';
import type { GateSessionsSnapshot } from './gate-sessions.ts';
import type {
  IntrospectionSnapshot,
  ListenerSnapshot,
  UpstreamSnapshot,
} from './runtime-snapshot.ts';

export type { IntrospectionSnapshot, ListenerSnapshot, UpstreamSnapshot };

/** All that a gateway needs to serve, compiled in control. Plain data. */
export interface RuntimeSnapshot {
  readonly gate: PackedGateSnapshot;
  readonly listeners: readonly ListenerSnapshot[];
  readonly forwardAuth: readonly ForwardAuthSnapshot[];
  readonly upstreams: Readonly<Record<string, UpstreamSnapshot>>;
  /** Of issuers whose opaque tokens are taken. */
  readonly introspection: readonly IntrospectionSnapshot[];
  /** Of browsers at this gate; null: none. Absent from a control of before. */
  readonly sessions?: GateSessionsSnapshot | null;
  readonly trustedProxies: readonly string[];
  readonly allowEncodedSlash: boolean;
  readonly identity: {
    readonly key: JWK;
    readonly issuer: string;
    readonly lifetimeSeconds: number;
  };
  /** Public halves of this and earlier identity keys. */
  readonly identityKeySet: JSONWebKeySet;
  /** RFC 9728 documents by path. */
  readonly resourceMetadata: Readonly<Record<string, unknown>>;
  readonly bounds: RuntimeBounds;
  readonly timeouts: RuntimeTimeouts;
  /** Counters that machines share; null: this machine counts alone. */
  readonly sharedCounters: {
    readonly url: string;
    readonly tls: UpstreamSnapshot['tls'] | null;
    readonly machines: number;
    readonly timeoutMs: number;
  } | null;
  /** Records as clear text besides the security log; null: none. */
  readonly records: {
    readonly file: string;
    readonly rotateBytes: number;
    readonly keepFiles: number;
  } | null;
  /** Where records of calls go on their way into the security log. */
  readonly spool: SpoolSnapshot | null;
}

export interface SpoolSnapshot {
  readonly directory: string;
  readonly node: string;
  readonly key: SpoolKey;
  readonly bytesMax: number;
}

export interface ForwardAuthSnapshot {
  readonly host: string;
  readonly port: number;
  readonly for: 'nginx' | 'traefik' | 'caddy';
  readonly allowUnseenBodies: boolean;
}

export interface RuntimeBounds {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
  readonly answerBytes: number;
  readonly memoryBytes: number;
  readonly connectionsPerThread: number;
}

export interface RuntimeTimeouts {
  readonly headMs: number;
  readonly bodyIdleMs: number;
  readonly bodyBytesPerSecondMin: number;
  readonly answerIdleMs: number;
  readonly keepAliveMs: number;
  readonly drainMs: number;
}

/** What control tells the gateway; the supervisor passes it on and remembers the last snapshot. */
export type ToGateway =
  | { readonly type: 'snapshot'; readonly snapshot: RuntimeSnapshot }
  | LiveMessage
  | IssuerKeysMessage
  /** Control has answered what was asked of it at this moment (`bootMs` of this machine). */
  | { readonly type: 'control-seen'; readonly atMs: number }
  | { readonly type: 'drain' };

/** The link speaks this; a change that an older end would misread makes another number. */
export const LINK_PROTOCOL = 1;
/** The oldest that this program still understands. */
export const LINK_PROTOCOL_OLDEST = 1;

/** The first message in each direction. Nothing else is said before both were heard. */
export interface LinkHello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly oldest: number;
  /** Snapshots are understood by the version that compiled them alone. */
  readonly version: string;
}

/** What a gateway on another machine hears from control, beside its answers to pieces of the spool. */
export type ToRemoteGateway =
  /** `name`: under which control knows it. */
  | (LinkHello & { readonly name: string })
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'snapshot'; readonly snapshot: RuntimeSnapshot }
  | LiveMessage
  | IssuerKeysMessage
  /** The answer to `renew`, with its `at`. */
  | { readonly type: 'renewed'; readonly at: number }
  | { readonly type: 'ended-noted' }
  | {
      readonly type: 'spooled';
      readonly number: number;
      readonly answers: readonly CarriedAnswer[];
    }
  /** Control cannot keep them now. */
  | { readonly type: 'not-spooled'; readonly number: number };

/** What control hears from a gateway on another machine, beside reports and pieces of the spool. */
export type FromRemoteGateway =
  /** `instance`: of its data directory; another machine under the same name is another gateway. */
  | (LinkHello & {
      readonly instance: string;
      /** The longest bound of any snapshot by which it may decide. Versions before do not say. */
      readonly staleAfterMs?: number;
    })
  /** Asks for more time to serve without control, counted from `at` on its own clock. */
  | { readonly type: 'renew'; readonly at: number }
  /** Rights that were taken away in a way that this version does not know. */
  | { readonly type: 'not-understood'; readonly what: readonly string[] }
  /** Its gateway process is gone, and none of its predecessors serves. */
  | { readonly type: 'ended' };

/** Keys that do not wait for the next snapshot, which then carries them too. */
export interface IssuerKeysMessage {
  readonly type: 'issuer-keys';
  readonly issuer: string;
  /** Only where they changed; null: none are to be believed any more. */
  readonly keys?: { readonly jwks: JSONWebKeySet; readonly generation: number } | null;
  /** Asked for, and looked for at the issuer: whoever waits for one of them need wait no longer. */
  readonly answered: readonly (string | null)[];
}

export type FromGateway =
  | { readonly type: 'listening'; readonly addresses: readonly string[]; readonly threads: number }
  | { readonly type: 'applied'; readonly version: number }
  /** Every thread decides by live state of this sequence, or has been replaced by one that does. */
  | { readonly type: 'live-applied'; readonly sequence: number }
  /** This version could not be applied; what was in force stays. */
  | { readonly type: 'failed'; readonly message: string; readonly version: number }
  | NoticeMessage
  | { readonly type: 'metrics'; readonly metrics: readonly unknown[] }
  | { readonly type: 'unknown-key-id'; readonly issuer: string; readonly keyId: string | null }
  /** Whether tokens of an issuer had anything at its rolesClaim: each outcome once. */
  | RolesRead
  /** Once: it knows that control was seen, and may decide by its snapshot. */
  | { readonly type: 'control-heard' }
  | { readonly type: 'drained' };

/** For whoever looks on. */
export interface NoticeMessage {
  readonly type: 'notice';
  readonly notice: Notice;
}

export interface RolesRead {
  readonly type: 'roles-read';
  readonly issuer: string;
  readonly claim: string;
  readonly isFound: boolean;
}

/** What reaches control: orders of the supervisor and reports of the gateway. */
export type ToControl =
  | { readonly type: 'reload' }
  /** What this control's predecessor had put in force, and the gateway serves. */
  | { readonly type: 'standing'; readonly standing: StandingSnapshot }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }
  | { readonly type: 'gateway'; readonly report: FromGateway }
  | { readonly type: 'gateway-up' }
  | { readonly type: 'gateway-down' }
  /** Our own authorization server has taken something back, and waits until every gate decides by it. */
  | { readonly type: 'issuer-reach'; readonly request: number }
  | Extract<FromIssuer, { type: 'issuer-answer' }>;

/** What reaches a control before it is one. */
export type ToSeatlessControl =
  /** At a first start: what is there to be held to? */
  | { readonly type: 'plan'; readonly source: ConfigurationSource }
  /** Whose control it is, and where. All else is said after it. */
  | { readonly type: 'seat'; readonly seat: ControlSeat };

/** Where the configuration comes from: a file, or the arguments of the command line. */
export interface ConfigurationSource {
  /** poorter.yaml; null when arguments alone describe the start. */
  readonly file: string | null;
  /** Overrides from arguments, in the shape of the file. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly threads?: number;
}

export interface ControlSeat {
  readonly dataDirectory: string;
  readonly source: ConfigurationSource;
  /** False where gateways run on other machines only. */
  readonly runsGateway: boolean;
}

/** What a start is held to, as far as a supervisor must know it that reads nothing itself. */
export interface ServePlan {
  readonly dataDirectory: string;
  /** What a database elsewhere holds is opened by the master key here. */
  readonly holdsAll: boolean;
  readonly threads: number | undefined;
  readonly drainMs: number;
  /** Of this runtime: they are read around. */
  readonly faults: readonly { what: string; reference: string; mendedIn: string | null }[];
}

/** Errors do not travel between processes as they are. */
export type PlanAnswer =
  | { readonly plan: ServePlan }
  | { readonly diagnostics: readonly Diagnostic[]; readonly files: readonly string[] }
  | { readonly fault: string };

/** A snapshot with what it was made from. */
export interface StandingSnapshot {
  readonly snapshot: RuntimeSnapshot;
  /** JSON of a ProtectionSummary, without `trial`. */
  readonly summary: Uint8Array;
  /** Null where the gate issues no tokens itself. */
  readonly trial: TrialFacts | null;
  /** What our own authorization server goes by; null: there is none. */
  readonly issuer: IssuerSnapshot | null;
  /** As control read it, for a control after it; nobody else looks into it. */
  readonly configuration: unknown;
}

export type FromControl =
  | ({ readonly type: 'snapshot' } & StandingSnapshot)
  | NoticeMessage
  /** Nothing is served before somebody acts. */
  | { readonly type: 'start-held'; readonly notice: Notice }
  | LiveMessage
  | IssuerKeysMessage
  /** Keys that our own authorization server signs with: it reads them again. */
  | { readonly type: 'own-keys-changed' }
  /** What our own authorization server asked for is in force, or `missing` may still decide without it. */
  | {
      readonly type: 'issuer-reached';
      readonly request: number;
      readonly missing: readonly string[];
    }
  | Extract<ToIssuer, { type: 'issuer-ask' }>
  /** `isTriedAgain`: control cannot do its work at all, and does not wait for a file to change. */
  | {
      readonly type: 'refused';
      readonly diagnostics: readonly Diagnostic[];
      readonly isTriedAgain: boolean;
    }
  | { readonly type: 'warnings'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'listening'; readonly address: string };

/** A document is being tried: the gate issues tokens itself, to this machine alone. */
export interface TrialFacts {
  /** Carries everything that the document asks for. */
  readonly token: string;
  readonly scopes: readonly string[];
  /** POST here for another one. */
  readonly url: string;
}

/** What is protected and what is not, for people. */
export interface ProtectionSummary {
  readonly trial?: TrialFacts;
  readonly apis: readonly {
    readonly name: string;
    readonly title: string;
    readonly operations: number;
    readonly upstream: string;
    readonly mode: 'enforce' | 'observe';
    readonly unprotected: readonly {
      readonly operation: string;
      readonly place: string;
      readonly isDeclared: boolean;
    }[];
  }[];
}
