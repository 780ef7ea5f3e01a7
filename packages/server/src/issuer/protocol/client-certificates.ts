import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

interface CertificateContext {
  readonly req: { readonly socket: object };
}

type Property =
  | 'tls_client_auth_subject_dn'
  | 'tls_client_auth_san_dns'
  | 'tls_client_auth_san_uri'
  | 'tls_client_auth_san_ip'
  | 'tls_client_auth_san_email';

const PREFIX = {
  tls_client_auth_san_dns: 'DNS:',
  tls_client_auth_san_uri: 'URI:',
  tls_client_auth_san_ip: 'IP Address:',
  tls_client_auth_san_email: 'email:',
} as const;

/**
 * RFC 8705: the certificate of the connection itself. What a header field says of a certificate is believed of
 * nobody.
 */
export const clientCertificates = {
  /** DER in PEM's clothes; undefined: none was shown. */
  getCertificate: ({ req }: CertificateContext): string | undefined =>
    certificateOf(req.socket)?.toString(),
  /** Signed by an authority that the listener names. */
  certificateAuthorized: ({ req }: CertificateContext): boolean =>
    isTls(req.socket) && req.socket.authorized,
  certificateSubjectMatches: (
    { req }: CertificateContext,
    property: Property,
    expected: string,
  ): boolean => {
    const certificate = certificateOf(req.socket);
    if (certificate === undefined) return false;
    if (property === 'tls_client_auth_subject_dn') return isSameName(certificate.subject, expected);
    const names = (certificate.subjectAltName ?? '').split(', ');
    const wanted = `${PREFIX[property]}${expected}`;
    return names.some((name) =>
      property === 'tls_client_auth_san_ip' ? isSameAddress(name, wanted) : name === wanted,
    );
  },
};

function isTls(socket: object): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

function certificateOf(socket: object) {
  return isTls(socket) ? socket.getPeerX509Certificate() : undefined;
}

/** RFC 4514 writes the last first, Node the first first, one a line. */
function isSameName(subject: string, expected: string): boolean {
  const parts = subject.split('\n').toReversed();
  const wanted = expected.split(/(?<!\\),\s*/);
  return parts.length === wanted.length && parts.every((part, index) => part === wanted[index]);
}

function isSameAddress(name: string, wanted: string): boolean {
  const address = name.slice(PREFIX.tls_client_auth_san_ip.length);
  const other = wanted.slice(PREFIX.tls_client_auth_san_ip.length);
  if (isIP(address) !== isIP(other) || isIP(other) === 0) return false;
  return (
    new URL(`http://${bracketed(address)}`).host === new URL(`http://${bracketed(other)}`).host
  );
}

function bracketed(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}
