import ipaddr from 'ipaddr.js';

/** IPv4-mapped IPv6 addresses count as IPv4. Zone identifiers are dropped. null: not an address. */
export function parseAddress(text: string): { family: 'ipv4' | 'ipv6'; bytes: number[] } | null {
  const zone = text.indexOf('%');
  const plain = zone === -1 ? text : text.slice(0, zone);
  // Four-part decimal only: '010.1' and '0x7f.1' are read differently by different programs.
  if (ipaddr.IPv4.isValidFourPartDecimal(plain)) {
    return { family: 'ipv4', bytes: ipaddr.IPv4.parse(plain).toByteArray() };
  }
  if (!ipaddr.IPv6.isValid(plain)) return null;
  const address = ipaddr.IPv6.parse(plain);
  if (address.isIPv4MappedAddress()) {
    return { family: 'ipv4', bytes: address.toIPv4Address().toByteArray() };
  }
  return { family: 'ipv6', bytes: address.toByteArray() };
}

/** Canonical text (RFC 5952 for IPv6); null when the text is no address. */
export function canonicalAddress(text: string): string | null {
  const parsed = parseAddress(text);
  return parsed === null ? null : ipaddr.fromByteArray(parsed.bytes).toString();
}

/**
 * The counting key of an address. One IPv6 subscriber holds at least a /64, so that single
 * addresses would give every caller 2^64 allowances; IPv4 written as IPv6 is the IPv4 address.
 */
export function addressKey(address: string): string {
  const parsed = parseAddress(address);
  // What is no address shares one allowance: nothing that is mistaken here gains room.
  if (parsed === null) return 'unknown';
  if (parsed.family === 'ipv4') return parsed.bytes.join('.');
  const groups = [0, 2, 4, 6].map((at) =>
    (((parsed.bytes[at] as number) << 8) | (parsed.bytes[at + 1] as number)).toString(16),
  );
  return `${groups.join(':')}::/64`;
}
