import type { ApiOperation, HeaderFields } from '@poorter/openapi';

/** What a host knows of a call before any decision. Built once, never changed. */
export interface RequestFacts {
  /** Unique per call; answers carry it in problem+json `instance`. */
  readonly id: string;
  /** Milliseconds since the epoch when the head arrived. The engine owns no other clock. */
  readonly nowMs: number;
  /** The caller's address after trusted proxies were peeled off: canonical text, IPv4 or IPv6. */
  readonly clientAddress: string;
  readonly method: string;
  /** The canonical path: what is matched, decided, logged and forwarded. */
  readonly path: string;
  /** Raw query without '?', '' when none. */
  readonly query: string;
  /** `host` is the one that the caller asked for, also where a trusted proxy tells it. */
  readonly headers: HeaderFields;
  readonly clientCertificate: ClientCertificate | null;
  /** The caller's own connection, also where a trusted proxy ended it. */
  readonly isTls: boolean;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
}

/** A certificate the TLS layer has verified against the listener's authorities. */
export interface ClientCertificate {
  /** RFC 4514 string, e.g. 'CN=app-1,O=Fintech,C=BE'. */
  readonly subject: string;
  /** 'DNS:app.example', 'URI:spiffe://…', 'email:…' as the certificate lists them. */
  readonly subjectAlternativeNames: readonly string[];
  /** base64url of SHA-256 over the DER certificate: RFC 8705 `x5t#S256`. */
  readonly thumbprint: string;
}

/** Who a credential speaks for. */
export interface Principal {
  readonly kind: 'key' | 'token' | 'certificate';
  /** Stable identifier of the application (OAuth client, key id, certificate subject). */
  readonly client: string;
  /** The person or thing the call is for, when the credential names one. */
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** What was presented, for the record: key id, token `jti`, certificate thumbprint. Never the secret. */
  readonly credentialId: string | null;
  /** Seconds since the epoch; null: does not expire by itself. */
  readonly expiresAt: number | null;
  /** What a token came from, where it says so: with it goes the token. */
  readonly grantId?: string;
  /** Clients through whose hands a token came, the last first, where it says so: it goes with each of them. */
  readonly actors?: readonly string[];
  /** Seconds since the epoch at which a token was given, where it says so. */
  readonly givenAt?: number;
  /** Shown by a cookie, which caches do not take for a credential. */
  readonly isBySession?: true;
}

/** What the policies may read while a call is decided. */
export interface CallContext {
  readonly operation: ApiOperation;
  /** The identity that satisfied the security requirement; null for anonymous calls. */
  readonly principal: Principal | null;
}
