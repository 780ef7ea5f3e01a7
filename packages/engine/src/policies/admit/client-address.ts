import { canonicalAddress } from '../../addresses.ts';
import { listMembers } from '../../blanks.ts';
import type { HeaderFields } from '../../header-fields.ts';
import { NetworkMap } from './network-list.ts';

/**
 * Whose call it is. Forwarding headers are read right to left and only through hops that the
 * configuration trusts; the first untrusted address is the caller. With no trusted proxy the
 * socket's peer is the caller, whatever the headers say. null: X-Forwarded-For and Forwarded name
 * different callers, and a proxy that writes one of them passed on the caller's own other one.
 */
export function compileClientAddress(
  trustedProxies: readonly string[],
): (peer: string, headers: HeaderFields) => string | null {
  const trusted = new NetworkMap<true>();
  for (const network of trustedProxies) trusted.add(network, true);
  if (trusted.isEmpty) return (peer) => canonicalAddress(peer) ?? peer;

  return (peer, headers) => {
    const nearest = canonicalAddress(peer) ?? peer;
    if (trusted.find(nearest) === undefined) return nearest;
    const list = headers.joined('x-forwarded-for');
    const forwarded = headers.joined('forwarded');
    if (list === undefined && forwarded === undefined) return nearest;
    if (forwarded === undefined) return outermost(nearest, listedHops(list as string), trusted);
    const caller = outermost(nearest, forwardedHops(forwarded), trusted);
    if (list === undefined) return caller;
    return outermost(nearest, listedHops(list), trusted) === caller ? caller : null;
  };
}

/** The first hop, from the nearest outwards, that is not trusted. */
function outermost(nearest: string, hops: readonly string[], trusted: NetworkMap<true>): string {
  let caller = nearest;
  for (let index = hops.length - 1; index >= 0; index--) {
    const hop = canonicalAddress(hops[index] as string);
    // A trusted proxy wrote something unreadable: nothing beyond it can be believed.
    if (hop === null) return caller;
    caller = hop;
    if (trusted.find(hop) === undefined) return caller;
  }
  return caller;
}

/** X-Forwarded-For: oldest hop first. */
function listedHops(list: string): string[] {
  return listMembers(list).map(withoutPort);
}

/** The `for` parameters of Forwarded (RFC 7239), oldest hop first. */
function forwardedHops(forwarded: string): string[] {
  return listMembers(forwarded).map((element) => {
    const match = /(?:^|;)[ \t]*for=("?)([^";]+)\1[ \t]*(?:;|$)/i.exec(element);
    return withoutPort(match?.[2] ?? '');
  });
}

function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, Math.max(1, hop.indexOf(']')));
  const firstColon = hop.indexOf(':');
  return firstColon !== -1 && firstColon === hop.lastIndexOf(':') ? hop.slice(0, firstColon) : hop;
}
