import { parseAddress } from '../../addresses.ts';

/**
 * Networks under names. The longest prefix that covers an address decides; between equal
 * prefixes the value added last decides, so add `deny` last.
 */
export class NetworkMap<Value> {
  /** family → prefix length → masked address → value. At most 33 + 129 look-ups an address. */
  readonly #tables = {
    ipv4: new Map<number, Map<string, Value>>(),
    ipv6: new Map<number, Map<string, Value>>(),
  };
  #lengths = { ipv4: [] as number[], ipv6: [] as number[] };

  add(network: string, value: Value): void {
    const { family, bytes, length } = parseNetwork(network);
    const table = this.#tables[family];
    const ofLength = table.get(length) ?? new Map<string, Value>();
    ofLength.set(masked(bytes, length), value);
    table.set(length, ofLength);
    this.#lengths[family] = [...table.keys()].sort((a, b) => b - a);
  }

  get isEmpty(): boolean {
    return this.#lengths.ipv4.length + this.#lengths.ipv6.length === 0;
  }

  /** The value of the longest prefix covering the address that is wanted; undefined when none is. */
  find(address: string, isWanted: (value: Value) => boolean = () => true): Value | undefined {
    const parsed = parseAddress(address);
    if (parsed === null) return undefined;
    for (const length of this.#lengths[parsed.family]) {
      const value = this.#tables[parsed.family].get(length)?.get(masked(parsed.bytes, length));
      if (value !== undefined && isWanted(value)) return value;
    }
    return undefined;
  }
}

export interface NetworkLists {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** May this address call? An empty allow list allows everyone who is not denied. */
export function compileNetworkLists(lists: NetworkLists): (address: string) => boolean {
  if (lists.allow.length === 0 && lists.deny.length === 0) return () => true;
  const map = new NetworkMap<'allow' | 'deny'>();
  for (const network of lists.allow) map.add(network, 'allow');
  for (const network of lists.deny) map.add(network, 'deny');
  const isOpen = lists.allow.length === 0;
  return (address) => {
    const verdict = map.find(address);
    return (
      verdict === 'allow' || (isOpen && verdict === undefined && parseAddress(address) !== null)
    );
  };
}

/** Throws a sentence for people when the text is not a network ('10.0.0.0/8', '2001:db8::/32', '192.0.2.1'). */
export function parseNetwork(network: string): {
  family: 'ipv4' | 'ipv6';
  bytes: number[];
  length: number;
} {
  const slash = network.indexOf('/');
  const parsed = parseAddress(slash === -1 ? network : network.slice(0, slash));
  if (parsed === null) throw new Error(`'${network}' is not an IP address or network`);
  const width = parsed.family === 'ipv4' ? 32 : 128;
  if (slash === -1) return { ...parsed, length: width };
  const text = network.slice(slash + 1);
  const length = Number(text);
  if (!/^[0-9]{1,3}$/.test(text) || length > width) {
    throw new Error(`'${network}' has no prefix length between 0 and ${width}`);
  }
  if (masked(parsed.bytes, length) !== String.fromCharCode(...parsed.bytes)) {
    throw new Error(`'${network}' has bits set after its prefix of ${length}`);
  }
  return { ...parsed, length };
}

function masked(bytes: readonly number[], length: number): string {
  let key = '';
  for (let index = 0; index < bytes.length; index++) {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    key += String.fromCharCode((bytes[index] as number) & ((0xff << (8 - bits)) & 0xff));
  }
  return key;
}
