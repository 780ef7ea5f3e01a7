import type { ClientCertificate } from '../../facts.ts';
import {
  ABSENT,
  type Authenticate,
  type IdentifiedPrincipal,
  type IdentityPorts,
  rejected,
} from '../../identity.ts';

/** mutualTLS: the listener has verified the certificate's chain, dates and possession. */
export function compileClientCertificate(ports: IdentityPorts): Authenticate {
  return (request) => {
    const certificate = request.clientCertificate;
    if (certificate === null) return ABSENT;
    const principal = principalOf(certificate);
    if (principal === null) return rejected('certificate-without-name');
    if (ports.isRevoked?.(principal)) {
      return rejected('revoked', 'credentials_invalid', { certificate: certificate.thumbprint });
    }
    return { kind: 'accepted', principal };
  };
}

/** Workload certificates (SPIFFE) may have no subject; the first alternative name stands in. */
function principalOf(certificate: ClientCertificate): IdentifiedPrincipal | null {
  const names = [certificate.subject, ...certificate.subjectAlternativeNames];
  const clientNames = names.filter((name) => name !== '');
  const [client] = clientNames;
  if (client === undefined) return null;
  return {
    kind: 'certificate',
    client,
    clientNames,
    subject: null,
    issuer: null,
    scopes: [],
    roles: [],
    credentialId: certificate.thumbprint,
    expiresAt: null,
  };
}
