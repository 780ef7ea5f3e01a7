const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.|$)){4}$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;

/** RFC 2673 §3.2 dotted quad; a leading zero would be octal to some readers. */
export const isIpv4 = (text: string): boolean => IPV4.test(text) && !text.endsWith('.');

/** RFC 4291 §2.2. A zone (%eth0) means something on one host only, so it is refused. */
export function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const [before, after] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const isShortened = after !== undefined;
  const groups = [...before!, ...(after ?? [])];
  if (text === '') return false;
  let count = groups.length;
  const last = groups.at(-1);
  if (last?.includes('.')) {
    // The dotted quad stands at the end of the whole, not before "::".
    if (!isIpv4(last) || (isShortened && after.length === 0)) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => GROUP.test(group))) return false;
  return isShortened ? count <= 7 : count === 8;
}
