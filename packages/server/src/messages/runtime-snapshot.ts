/** A listener with its key material read: nothing in a thread touches files of the configuration. */
export interface ListenerSnapshot {
  readonly host: string;
  readonly port: number;
  readonly tls: {
    readonly certificate: string;
    readonly key: string;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
    readonly clientCertificate: 'none' | 'request' | 'require';
    readonly clientAuthorities: readonly string[];
  } | null;
}

export interface UpstreamSnapshot {
  readonly targets: readonly string[];
  readonly tls: {
    readonly authorities: readonly string[];
    readonly certificate: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  };
  readonly connectTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  readonly failuresBeforeRest: number;
  readonly restMs: number;
  readonly preserveHost: boolean;
}

/** RFC 7662: where an issuer is asked about tokens that only it can read, and how the gate shows who it is. */
export interface IntrospectionSnapshot {
  readonly issuer: string;
  readonly url: string;
  readonly clientId: string;
  readonly proof:
    | { readonly kind: 'secret'; readonly secret: string }
    /** PEM. */
    | { readonly kind: 'key'; readonly key: string; readonly keyId: string | null };
  /** So long an answer counts, from the moment at which it was asked for. */
  readonly cacheMs: number;
  readonly timeoutMs: number;
  /** Questions about tokens that were never good. */
  readonly newTokensPerSecond: number;
}
