import { isHostname, isIdnHostname } from './hostnames.ts';
import { isIpv4, isIpv6 } from './ip.ts';

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";
const DOT_STRING = new RegExp(`^${ATOM}+(?:\\.${ATOM}+)*$`);
const QUOTED = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/;
// RFC 6531 §3.3 adds all of UTF-8 beyond ASCII.
const WIDE_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u{80}-\\u{10ffff}-]";
const WIDE_DOT_STRING = new RegExp(`^${WIDE_ATOM}+(?:\\.${WIDE_ATOM}+)*$`, 'u');
const WIDE_QUOTED = /^"(?:[ !#-[\]-~\u{80}-\u{10ffff}]|\\[ -~])*"$/u;

/** RFC 5321 §4.1.2 Mailbox, or with `isWide` its RFC 6531 extension. */
export function isEmail(text: string, isWide: boolean): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || Buffer.byteLength(text) > 320) return false;
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (Buffer.byteLength(local) > 64) return false;
  const isLocal = isWide
    ? WIDE_DOT_STRING.test(local) || WIDE_QUOTED.test(local)
    : DOT_STRING.test(local) || QUOTED.test(local);
  if (!isLocal) return false;
  if (domain.startsWith('[') && domain.endsWith(']')) return isAddressLiteral(domain.slice(1, -1));
  return isWide ? isIdnHostname(domain) : isHostname(domain);
}

function isAddressLiteral(text: string): boolean {
  return /^IPv6:/i.test(text) ? isIpv6(text.slice(5)) : isIpv4(text);
}
