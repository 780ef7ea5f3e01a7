import ipaddr from 'ipaddr.js';

/** Answers kept: the same few callers ask again and again; a flood of new ones only costs its own parsing. */
const REMEMBERED_MAX = 4_096;

/** RFC 4007 §11: of IPv6 alone, the name of an interface. */
const ZONE = /^([^%]*:[^%]*)%[A-Za-z0-9._~-]{1,32}$/;

/** IPv4-mapped IPv6 addresses count as IPv4. Zone identifiers are dropped. null: not an address. */
export function parseAddress(text: string): { family: 'ipv4' | 'ipv6'; bytes: number[] } | null {
  const plain = text.includes('%') ? ZONE.exec(text)?.[1] : text;
  if (plain === undefined) return null;
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
export const canonicalAddress = remembered((text: string): string | null => {
  const parsed = parseAddress(text);
  return parsed === null ? null : ipaddr.fromByteArray(parsed.bytes).toString();
});

/**
 * The counting key of an address. One IPv6 subscriber holds at least a /64, so that single
 * addresses would give every caller 2^64 allowances; IPv4 written as IPv6 is the IPv4 address.
 */
export const addressKey = remembered((address: string): string => {
  const parsed = parseAddress(address);
  // What is no address shares one allowance: nothing that is mistaken here gains room.
  if (parsed === null) return 'unknown';
  if (parsed.family === 'ipv4') return parsed.bytes.join('.');
  const groups = [0, 2, 4, 6].map((at) =>
    (((parsed.bytes[at] as number) << 8) | (parsed.bytes[at + 1] as number)).toString(16),
  );
  return `${groups.join(':')}::/64`;
});

/** A pure function of an address that keeps its latest answers. */
function remembered<Answer>(compute: (text: string) => Answer): (text: string) => Answer {
  const answers = new Map<string, Answer>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = compute(text);
    if (answers.size >= REMEMBERED_MAX) answers.clear();
    // A text too long for an address is not worth its memory.
    if (text.length <= 64) answers.set(text, answer);
    return answer;
  };
}
