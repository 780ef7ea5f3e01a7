import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { Agent, fetch } from 'undici';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';

/** For a whole answer. Somebody waits for it. */
const TIMEOUT_MS = 2_500;
const HEADER_BYTES_MAX = 16_384;
const ANSWER_BYTES_MAX = 262_144;

/** IANA special-purpose registries: nobody out there has these. RFC 6890. */
const SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // Of IPv6 only 2000::/3 is given to anybody, and of that not these.
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
];

/**
 * Requests to addresses that clients name: their keys, their notices. Where a name leads is looked at after it is
 * resolved, on the connection that is used, so that no name leads into the deployment's own network.
 */
export function guardedFetch(
  { addresses, authorities }: IssuerSnapshot['outgoing'],
  timeoutMs = TIMEOUT_MS,
) {
  const special = blockList(SPECIAL);
  const allowed = blockList(addresses);
  const mayCall = (address: string) => {
    const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    return allowed.check(plain, family) || !special.check(plain, family);
  };
  const resolve: LookupFunction = (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const open = found.filter(({ address }) => mayCall(address));
      const [first] = open;
      if (first === undefined) return done(refusal(host), []);
      return options.all === true ? done(null, open) : done(null, first.address, first.family);
    });
  };
  const dispatcher = new Agent({
    connect: {
      ...{ lookup: resolve, timeout: timeoutMs },
      ca: [...getCACertificates('default'), ...authorities],
    },
    ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs, maxHeaderSize: HEADER_BYTES_MAX },
    ...{
      maxResponseSize: ANSWER_BYTES_MAX,
      connections: 8,
      pipelining: 1,
      keepAliveTimeout: 1_000,
    },
  });
  return async (url: string | URL, options: Readonly<Record<string, unknown>>) => {
    const { hostname } = new URL(url);
    const literal = hostname.replace(/^\[|\]$/g, '');
    // An address is connected to without being looked up.
    if (isIP(literal) !== 0 && !mayCall(literal)) throw refusal(literal);
    const signal = AbortSignal.timeout(timeoutMs);
    return fetch(url, { ...options, dispatcher, signal, redirect: 'manual' });
  };
}

/** Where it is said whose certificates such addresses may have. */
export const OUTGOING_AUTHORITIES = 'issuer.outgoing.authorities';

/** It leads into a network of the deployment's own. */
export class NotCalledError extends Error {
  override readonly name = 'NotCalledError';
}

function refusal(host: string): NotCalledError {
  return new NotCalledError(
    `${host} is an address that is not called: issuer.outgoing.addresses does not name it`,
  );
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const isSix = isIP(address) === 6;
    // Without a length it is one address, and never all of them.
    const length = bits === undefined ? (isSix ? 128 : 32) : Number(bits);
    list.addSubnet(address, length, isSix ? 'ipv6' : 'ipv4');
  }
  return list;
}
