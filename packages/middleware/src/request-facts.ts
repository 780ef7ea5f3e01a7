import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  type AbsoluteTarget,
  absoluteTarget,
  type ClientCertificate,
  canonicalHost,
  canonicalTarget,
  checkHead,
  type Deny,
  type Disagreement,
  deny,
  isHost,
  isSameAuthority,
  type OriginalCall,
  type RequestFacts,
  refuseTarget,
} from '@poorter/engine';
import { type HeaderFields, listMembers } from '@poorter/openapi/checks';
import { parseJsonText } from '@poorter/openapi/json';

/** What a host accepts of a head, and whom it believes about addresses. */
export interface HeadRules {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
  readonly allowEncodedSlash: boolean;
  /** Whose call it is, and how it reached the proxies that are trusted; or why that cannot be told. */
  readonly originalCallOf: (peer: string, headers: HeaderFields) => OriginalCall | Disagreement;
}

/** Native request → facts: one checked header list, one canonical path; or the reason to refuse. */
export function requestFacts(
  rules: HeadRules,
  native: IncomingMessage,
  call: { readonly id: string; readonly nowMs: number },
): RequestFacts | Deny {
  const headers = checkHead(
    {
      method: native.method ?? '',
      target: native.url ?? '',
      httpVersionMajor: native.httpVersionMajor,
      httpVersionMinor: native.httpVersionMinor,
      rawHeaders: native.rawHeaders,
    },
    {
      headerBytesMax: rules.headerBytes,
      headerCountMax: rules.headerCount,
      targetBytesMax: rules.targetBytes,
    },
  );
  if ('kind' in headers) return headers;
  const { socket } = native;
  const isTls = socket instanceof TLSSocket;
  const original = rules.originalCallOf(socket.remoteAddress ?? '', headers);
  if (typeof original === 'string') return deny('ambiguous_request', { reason: original });
  const scheme = original.scheme ?? (isTls ? 'https' : 'http');
  const absolute = absoluteTarget(native.url as string);
  const mismatch =
    absolute && checkAbsolute(absolute, native, headers, [scheme, isTls ? 'https' : 'http']);
  if (mismatch !== null) return mismatch;
  const target = canonicalTarget(absolute?.origin ?? (native.url as string), rules);
  if (!target.ok) return refuseTarget(target.reason);
  if (original.host !== null && !isHost(original.host)) {
    return deny('malformed_request', { reason: 'host' });
  }
  return {
    id: call.id,
    nowMs: call.nowMs,
    clientAddress: original.address,
    method: native.method as string,
    path: target.path,
    query: target.query,
    headers: withHost(headers, original.host ?? headers.get('host') ?? absolute?.authority),
    clientCertificate: isTls ? certificateOf(socket, call.nowMs) : null,
    isTls: scheme === 'https',
    hasBody: hasBody(headers),
    isUpgrade: isUpgrade(native) && names(headers.joined('connection'), 'upgrade'),
  };
}

/** RFC 9112 §3.2.2: the authority counts, so one that Host contradicts would be decided by chance. */
function checkAbsolute(
  { scheme, authority, origin }: AbsoluteTarget,
  { method }: IncomingMessage,
  headers: HeaderFields,
  schemes: readonly string[],
): Deny | null {
  const host = headers.get('host');
  // Without a path, OPTIONS asks about the server as a whole (RFC 9112 §3.2.4).
  const isWhole = method === 'OPTIONS' && /^\/(?:\?|$)/.test(origin) && !origin.startsWith('//');
  if (!schemes.includes(scheme)) return refuseTarget('scheme');
  if (!isHost(authority) || isWhole) return refuseTarget('authority');
  if (host !== undefined && !isSameAuthority(authority, host, scheme)) {
    return deny('ambiguous_request', { reason: 'authority' });
  }
  return null;
}

function withHost(headers: HeaderFields, named: string | undefined): HeaderFields {
  if (named === undefined) return headers;
  const host = canonicalHost(named);
  return host === headers.get('host') ? headers : headers.with('host', host);
}

/** Node has left HTTP. Where nobody listens for it, the wish is ignored, as RFC 9110 §7.8 allows. */
function isUpgrade(native: IncomingMessage): boolean {
  return (native as { upgrade?: boolean | null }).upgrade === true;
}

function names(connection: string | undefined, option: string): boolean {
  return connection !== undefined && listMembers(connection.toLowerCase()).includes(option);
}

/** RFC 9112 §6: a body is announced by its framing alone. */
function hasBody(headers: HeaderFields): boolean {
  const length = headers.get('content-length');
  return length === undefined ? headers.has('transfer-encoding') : Number(length) > 0;
}

interface KnownCertificate {
  readonly certificate: ClientCertificate;
  readonly validUntilMs: number;
}

/** Certificates by connection: they do not change while it lives (renegotiation is off). */
const certificates = new WeakMap<Socket, KnownCertificate | null>();

/** Those who vouched for it are no longer trusted: nobody is identified by this connection again. */
export function forgetCertificate(socket: TLSSocket): void {
  certificates.set(socket, null);
}

/** A connection may outlive the certificate that opened it. */
function certificateOf(socket: TLSSocket, nowMs: number): ClientCertificate | null {
  let known = certificates.get(socket);
  if (known === undefined) {
    known = readCertificate(socket);
    certificates.set(socket, known);
  }
  return known !== null && nowMs <= known.validUntilMs ? known.certificate : null;
}

/** Only what TLS has verified against the listener's authorities counts as a certificate. */
function readCertificate(socket: TLSSocket): KnownCertificate | null {
  if (!socket.authorized) return null;
  const x509 = socket.getPeerX509Certificate();
  if (x509 === undefined) return null;
  const peer = socket.getPeerCertificate();
  const certificate = {
    subject: rfc4514(x509.subject ?? ''),
    subjectAlternativeNames: alternativeNames(x509.subjectAltName ?? ''),
    thumbprint: Buffer.from((peer.fingerprint256 ?? '').replaceAll(':', ''), 'hex').toString(
      'base64url',
    ),
  };
  return { certificate, validUntilMs: Date.parse(x509.validTo) };
}

/** Node lists attributes one a line, most significant first; RFC 4514 writes them the other way round. */
function rfc4514(subject: string): string {
  return subject
    .split('\n')
    .filter((line) => line !== '')
    .reverse()
    .join(',');
}

/** 'DNS:a.example, URI:spiffe://…'; Node quotes a name that itself holds a comma. */
function alternativeNames(text: string): string[] {
  return [...text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)].map(
    ([, kind, name]) => `${kind}:${name?.startsWith('"') ? parseJsonText(name) : name}`,
  );
}
