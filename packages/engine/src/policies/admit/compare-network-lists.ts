import { type NetworkLists, parseNetwork } from './network-list.ts';

/** As `compileNetworkLists` reads them, and nothing else: which list a caller of it means by empty is its own matter. */
type IsAllowed = (address: string) => boolean;

/**
 * An address that `after` allows and `before` does not; null: there is none. The longest prefix decides,
 * so that decisions change only at the edges of a network: looking at both sides of every edge is
 * looking at every address.
 */
export function newlyAllowed(
  before: { readonly lists: NetworkLists; readonly isAllowed: IsAllowed },
  after: { readonly lists: NetworkLists; readonly isAllowed: IsAllowed },
): string | null {
  const networks = [before, after].flatMap(({ lists }) => [...lists.allow, ...lists.deny]);
  const edges = new Set(['0.0.0.0', '::', ...networks.flatMap(edgesOf)]);
  for (const address of edges) {
    if (after.isAllowed(address) && !before.isAllowed(address)) return address;
  }
  return null;
}

/** First and last address of a network, and their neighbours outside. */
function edgesOf(network: string): string[] {
  const { bytes, length } = parseNetwork(network);
  const bits = BigInt(bytes.length * 8);
  const first = bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  const last = first | ((1n << (bits - BigInt(length))) - 1n);
  return [first - 1n, first, last, last + 1n]
    .filter((address) => address >= 0n && address < 1n << bits)
    .map((address) => textOf(address, bytes.length));
}

function textOf(address: bigint, width: number): string {
  if (width === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  }
  return Array.from({ length: 8 }, (_, group) =>
    ((address >> BigInt((7 - group) * 16)) & 0xffffn).toString(16),
  ).join(':');
}
