import type { RequestFacts } from '../../facts.ts';
import {
  type Authentication,
  type IdentityPorts,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { type ProofFault, ProofVerifier } from './proof-of-possession.ts';
import { clockSkewOf, type TokenMeaning, timeFault } from './token-claims.ts';

/** Why a good token is refused that was taken back. */
export const REVOKED = 'revoked';

/** One call that shows a token. */
export interface TokenUse {
  readonly request: RequestFacts;
  /** Narrows the issuers that a scheme stands for. */
  readonly accepts: (issuer: TrustedIssuer) => boolean;
  /** Under the scheme that says so. */
  readonly isWithProof: boolean;
}

/** A token that is believed: by its signature, or because its issuer said so. */
export interface BelievedToken {
  readonly meaning: TokenMeaning;
  readonly issuer: TrustedIssuer;
}

/** What can change between two uses of one token, however it came to be believed. */
export class TokenUses {
  readonly #ports: IdentityPorts;
  readonly #proofs: ProofVerifier;
  readonly #forget: (digest: string) => void;

  /** `forget`: of a token whose time is over. */
  constructor(ports: IdentityPorts, forget: (digest: string) => void) {
    this.#ports = ports;
    this.#proofs = new ProofVerifier(ports);
    this.#forget = forget;
  }

  /** `digest`: base64url of SHA-256 over the token's text. */
  judge(
    digest: string,
    { meaning, issuer }: BelievedToken,
    { request, accepts, isWithProof }: TokenUse,
  ): Authentication | Promise<Authentication> {
    if (!accepts(issuer)) return rejected('issuer-of-another-scheme');
    if (issuer.isTrial === true && !isThisMachine(request.clientAddress)) {
      return rejected('trial-from-elsewhere');
    }
    const untimely = timeFault(meaning, clockSkewOf(issuer), request.nowMs / 1000);
    if (untimely !== null) {
      this.#forget(digest);
      return rejectedClaims(untimely);
    }
    const { certificateThumbprint, principal } = meaning;
    if (
      certificateThumbprint !== null &&
      certificateThumbprint !== request.clientCertificate?.thumbprint
    ) {
      return rejected('certificate-not-presented');
    }
    if (this.#ports.isRevoked?.(principal)) return rejected(REVOKED);
    const accepted = { kind: 'accepted', principal } as const;
    const { keyThumbprint } = meaning;
    // RFC 9449 §7.2: who shows it as a bearer token may be anybody.
    if (keyThumbprint === null)
      return isWithProof ? rejected('not-bound', 'proof_invalid') : accepted;
    if (!isWithProof) return rejected('proof-missing', 'proof_invalid');
    const fault = this.#proofs.verify(request, digest, keyThumbprint);
    const concluded = (found: ProofFault) =>
      found === null ? accepted : rejected(found, 'proof_invalid');
    return fault instanceof Promise ? fault.then(concluded) : concluded(fault);
  }

  /** Strangers cannot cause it: the token is good. */
  tellRoles({ issuer, meaning }: BelievedToken): void {
    const { issuer: name, rolesClaim } = issuer;
    if (rolesClaim === undefined) return;
    this.#ports.rolesRead?.(name, rolesClaim, meaning.principal.rolesNotFoundAt === undefined);
  }
}

function isThisMachine(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

export function rejectedClaims(fault: { reason: string; isExpired?: true }): Authentication {
  return rejected(fault.reason, fault.isExpired ? 'credentials_expired' : 'credentials_invalid');
}
