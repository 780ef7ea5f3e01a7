import type { HeaderFields } from '@poorter/openapi';
import { listMembers, trimBlanks } from '@poorter/openapi/checks';
import { canonicalAddress } from '../../addresses.ts';
import { NetworkMap } from './network-list.ts';

/** The call as it reached the outermost proxy that is trusted, or the gate itself. */
export interface OriginalCall {
  readonly address: string;
  /** null: as on the connection to the gate. */
  readonly scheme: 'http' | 'https' | null;
  /** Not yet checked; null: as the Host field says. */
  readonly host: string | null;
}

/** What X-Forwarded-* and Forwarded disagree about. */
export type Disagreement = 'forwarded-for' | 'forwarded-proto' | 'forwarded-host';

/**
 * Whose call it is, and how they called. Forwarding headers are read right to left and only
 * through hops that the configuration trusts; the first untrusted address is the caller. With no
 * trusted proxy the socket's peer is the caller, whatever the headers say. A disagreement:
 * X-Forwarded-* and Forwarded tell different calls, and a proxy that writes one of them passed on
 * the caller's own other one.
 */
export function compileOriginalCall(
  trustedProxies: readonly string[],
): (peer: string, headers: HeaderFields) => OriginalCall | Disagreement {
  const trusted = new NetworkMap<true>();
  for (const network of trustedProxies) trusted.add(network, true);
  if (trusted.isEmpty) return (peer) => direct(canonicalAddress(peer) ?? peer);

  return (peer, headers) => {
    const nearest = canonicalAddress(peer) ?? peer;
    if (trusted.find(nearest) === undefined) return direct(nearest);
    const listed = tellListed(nearest, headers, trusted);
    const forwarded = headers.joined('forwarded');
    if (forwarded === undefined) return listed;
    const told = tellForwarded(nearest, forwarded, trusted);
    const isListed = headers.has('x-forwarded-for');
    if (isListed && listed.address !== told.address) return 'forwarded-for';
    if (differ(listed.scheme, told.scheme)) return 'forwarded-proto';
    if (differ(listed.host?.toLowerCase(), told.host?.toLowerCase())) return 'forwarded-host';
    return {
      address: told.address,
      scheme: told.scheme ?? listed.scheme,
      host: told.host ?? listed.host,
    };
  };
}

function direct(address: string): OriginalCall {
  return { address, scheme: null, host: null };
}

function differ(left: string | null | undefined, right: string | null | undefined): boolean {
  return left != null && right != null && left !== right;
}

/** X-Forwarded-For, -Proto and -Host: oldest hop first. */
function tellListed(
  nearest: string,
  headers: HeaderFields,
  trusted: NetworkMap<true>,
): OriginalCall {
  const hops = listMembers(headers.joined('x-forwarded-for') ?? '').map(withoutPort);
  const { address, index } = outermost(nearest, hops, trusted);
  /** Of several, the one beside the hop that was found, else what the nearest proxy wrote. */
  const beside = (name: string): string | null => {
    const list = headers.joined(name);
    if (list === undefined) return null;
    const members = listMembers(list);
    return (members.length === hops.length ? members[index] : undefined) ?? members.at(-1) ?? null;
  };
  return {
    address,
    scheme: schemeOf(beside('x-forwarded-proto')),
    host: beside('x-forwarded-host') || null,
  };
}

/** RFC 7239: each element tells of one hop, oldest first. */
function tellForwarded(
  nearest: string,
  forwarded: string,
  trusted: NetworkMap<true>,
): OriginalCall {
  const elements = listMembers(forwarded).map(parametersOf);
  const hops = elements.map((element) => withoutPort(element.get('for') ?? ''));
  const { address, index } = outermost(nearest, hops, trusted);
  const element = elements[index];
  return {
    address,
    scheme: schemeOf(element?.get('proto') ?? null),
    host: element?.get('host') || null,
  };
}

/** The first hop, from the nearest outwards, that is not trusted, and the last that was looked at. */
function outermost(
  nearest: string,
  hops: readonly string[],
  trusted: NetworkMap<true>,
): { address: string; index: number } {
  let address = nearest;
  for (let index = hops.length - 1; index >= 0; index--) {
    const hop = canonicalAddress(hops[index] as string);
    // A trusted proxy wrote something unreadable: nothing beyond it can be believed.
    if (hop === null) return { address, index };
    address = hop;
    if (trusted.find(hop) === undefined) return { address, index };
  }
  return { address, index: 0 };
}

function schemeOf(text: string | null): 'http' | 'https' | null {
  switch (text?.toLowerCase()) {
    case 'https':
    case 'wss':
      return 'https';
    case 'http':
    case 'ws':
      return 'http';
    default:
      return null;
  }
}

/** A parameter that is not well-formed, or comes twice, is none. */
function parametersOf(element: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const repeated = new Set<string>();
  for (const pair of element.split(';')) {
    const match = /^([A-Za-z]+)=("?)([^";]+)\2$/.exec(trimBlanks(pair));
    const name = match?.[1]?.toLowerCase();
    if (name === undefined) continue;
    if (parameters.has(name)) repeated.add(name);
    parameters.set(name, match?.[3] as string);
  }
  for (const name of repeated) parameters.delete(name);
  return parameters;
}

function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, Math.max(1, hop.indexOf(']')));
  const firstColon = hop.indexOf(':');
  return firstColon !== -1 && firstColon === hop.lastIndexOf(':') ? hop.slice(0, firstColon) : hop;
}
