import {
  type Authentication,
  type IdentityPorts,
  type Introspection,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { isKeyLike } from './key-format.ts';
import { readIntrospected } from './token-claims.ts';
import { type BelievedToken, rejectedClaims, type TokenUse, type TokenUses } from './token-uses.ts';

type Active = Extract<Introspection, { kind: 'active' }>;

/**
 * Tokens that only their issuer can read (RFC 7662). How long its answer counts is for the host to
 * say; what it means is read once for each answer, and judged at each use as that of a JWT is.
 */
export class OpaqueTokens {
  readonly #ports: IdentityPorts;
  readonly #uses: TokenUses;
  readonly #read = new WeakMap<Active, BelievedToken>();
  #issuerList: readonly TrustedIssuer[] = [];
  #asked: readonly { readonly issuer: TrustedIssuer; readonly prefix: string }[] = [];

  constructor(ports: IdentityPorts, uses: TokenUses) {
    this.#ports = ports;
    this.#uses = uses;
  }

  /** Null: nobody is asked about such a token. */
  authenticate(
    token: string,
    digest: string,
    use: TokenUse,
  ): Authentication | Promise<Authentication> | null {
    const issuer = this.#issuerOf(token);
    // A key of ours, in the wrong place, is nobody else's to see.
    if (issuer === undefined || isKeyLike(token)) return null;
    if (!use.accepts(issuer)) return rejected('issuer-of-another-scheme');
    const said = this.#ports.introspect?.(issuer.issuer, token);
    if (said === undefined) return null;
    return said instanceof Promise
      ? said.then((one) => this.conclude(one, issuer, digest, use))
      : this.conclude(said, issuer, digest, use);
  }

  /** What the issuer says of it: at each use. */
  conclude(
    said: Introspection,
    issuer: TrustedIssuer,
    digest: string,
    use: TokenUse,
  ): Authentication | Promise<Authentication> {
    switch (said.kind) {
      case 'unavailable':
        return rejected(said.reason, 'introspection_unavailable');
      case 'inactive':
        return rejected('inactive');
      case 'active':
        return this.#judge(said, issuer, digest, use);
      default:
        return said satisfies never;
    }
  }

  #judge(
    said: Active,
    issuer: TrustedIssuer,
    digest: string,
    use: TokenUse,
  ): Authentication | Promise<Authentication> {
    const known = this.#read.get(said);
    if (known !== undefined) return this.#uses.judge(digest, known, use);
    const reading = readIntrospected(said.claims, issuer, use.request.nowMs / 1000);
    if (!reading.ok) return rejectedClaims(reading);
    const token = { meaning: reading.meaning, issuer };
    this.#read.set(said, token);
    this.#uses.tellRoles(token);
    return this.#uses.judge(digest, token, use);
  }

  /** One at most: a token of one issuer is never shown to another. The longest prefix that fits wins. */
  #issuerOf(token: string): TrustedIssuer | undefined {
    const list = this.#ports.issuers();
    if (list !== this.#issuerList) {
      this.#issuerList = list;
      this.#asked = list
        .flatMap((issuer) => {
          const { opaqueTokens } = issuer;
          return opaqueTokens === undefined ? [] : [{ issuer, prefix: opaqueTokens.prefix }];
        })
        .sort((one, other) => other.prefix.length - one.prefix.length);
    }
    return this.#asked.find(({ prefix }) => token.startsWith(prefix))?.issuer;
  }
}
