/** Where nothing is configured for it: trusted besides those of the system. */
export const SYSTEM_AUTHORITIES = 'the PEM file that NODE_EXTRA_CA_CERTS names';

type Kind = 'unknown' | 'untraced' | 'self-signed' | 'expired' | 'early' | 'other-name';

/** Names that Node gives to what OpenSSL finds; what OpenSSL says itself is all that some libraries leave of it. */
const KINDS: readonly (readonly [code: string, said: RegExp, kind: Kind])[] = [
  ['SELF_SIGNED_CERT_IN_CHAIN', /^self-signed certificate in certificate chain/, 'unknown'],
  ['CERT_UNTRUSTED', /^certificate not trusted/, 'unknown'],
  ['INVALID_CA', /^invalid CA certificate/, 'unknown'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /^self-signed certificate/, 'self-signed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /^unable to verify the first certificate/, 'untraced'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /^unable to get local issuer certificate/, 'untraced'],
  ['UNABLE_TO_GET_ISSUER_CERT', /^unable to get issuer certificate/, 'untraced'],
  ['CERT_HAS_EXPIRED', /^certificate has expired/, 'expired'],
  ['CERT_NOT_YET_VALID', /^certificate is not yet valid/, 'early'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /^Hostname\/IP does not match certificate/, 'other-name'],
];

/** Of a library that wraps what another has wrapped. */
const CAUSES_MAX = 8;

/**
 * Why the certificate of another machine is not believed, and what to do about it, where that is why it could not be asked;
 * null: it is something else. `authorities`: where the one who dials says whom it trusts. Nothing of the certificate itself
 * is told: a stranger wrote it.
 */
export function certificateFault(error: unknown, authorities: string): string | null {
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth += 1) {
    const { code, message } = at as NodeJS.ErrnoException;
    const known =
      KINDS.find(([name]) => name === code) ?? KINDS.find(([, said]) => said.test(message));
    if (known !== undefined) return sentenceOf(known[2], known[0], authorities);
    at = at.cause;
  }
  return null;
}

function sentenceOf(kind: Kind, code: string, authorities: string): string {
  switch (kind) {
    case 'unknown':
      return `its certificate comes from an authority that is not trusted here (${code}): put that authority into ${authorities}`;
    case 'untraced':
      return `its certificate leads to no authority that is trusted here (${code}): let it send its whole chain, or put its authority into ${authorities}`;
    case 'self-signed':
      return `its certificate is signed by itself alone, and is not trusted here (${code}): put it into ${authorities}`;
    case 'expired':
      return `its certificate has expired (${code}): it needs a new one`;
    case 'early':
      return `its certificate is not valid yet (${code}): compare the clocks of both machines`;
    case 'other-name':
      return `its certificate is for another name (${code}): ask it by a name that stands there, or let it have one for this name`;
    default:
      return kind satisfies never;
  }
}
