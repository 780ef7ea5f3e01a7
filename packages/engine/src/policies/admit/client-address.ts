import { canonicalAddress } from '../../addresses.ts';
import type { HeaderFields } from '../../header-fields.ts';
import { NetworkMap } from './network-list.ts';

/**
 * Whose call it is. Forwarding headers are read right to left and only through hops that the
 * configuration trusts; the first untrusted address is the caller. With no trusted proxy the
 * socket's peer is the caller, whatever the headers say.
 */
export function compileClientAddress(
  trustedProxies: readonly string[],
): (peer: string, headers: HeaderFields) => string {
  const trusted = new NetworkMap<true>();
  for (const network of trustedProxies) trusted.add(network, true);
  if (trusted.isEmpty) return (peer) => canonicalAddress(peer) ?? peer;

  return (peer, headers) => {
    let caller = canonicalAddress(peer) ?? peer;
    if (trusted.find(caller) === undefined) return caller;
    const hops = forwardedHops(headers);
    for (let index = hops.length - 1; index >= 0; index--) {
      const hop = canonicalAddress(hops[index] as string);
      // A trusted proxy wrote something unreadable: nothing beyond it can be believed.
      if (hop === null) return caller;
      caller = hop;
      if (trusted.find(hop) === undefined) return caller;
    }
    return caller;
  };
}

/** X-Forwarded-For when present, else the `for` parameters of Forwarded (RFC 7239). Oldest hop first. */
function forwardedHops(headers: HeaderFields): string[] {
  const list = headers.joined('x-forwarded-for');
  if (list !== undefined) return list.split(',').map((hop) => withoutPort(hop.trim()));
  const forwarded = headers.joined('forwarded');
  if (forwarded === undefined) return [];
  return forwarded.split(',').map((element) => {
    const match = /(?:^|;)\s*for=("?)([^";]+)\1\s*(?:;|$)/i.exec(element.trim());
    return withoutPort(match?.[2] ?? '');
  });
}

function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, Math.max(1, hop.indexOf(']')));
  const firstColon = hop.indexOf(':');
  return firstColon !== -1 && firstColon === hop.lastIndexOf(':') ? hop.slice(0, firstColon) : hop;
}
