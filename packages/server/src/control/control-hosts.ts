import { isIP } from 'node:net';
import { isLoopback } from '../platform/addresses/index.ts';

/** Names that nobody can register, so that no page on the internet has them. */
const OF_NETWORKS_THEMSELVES = /\.(?:local|localhost|internal|home\.arpa|svc|cluster\.local)$/;

/**
 * By which names a control address is reached. A page elsewhere may point a name of its own at the
 * address (DNS rebinding): its browser then sends that name as Host. Certificates keep such a page
 * out where there are any; elsewhere the name itself must be one that it cannot have.
 */
export function answersTo(
  hostField: readonly string[] | undefined,
  address: { readonly host: string; readonly isTls: boolean },
): boolean {
  // Only HTTP/1.0 goes without, and no browser.
  if (hostField === undefined || hostField.length === 0) return true;
  const [field = '', ...more] = hostField;
  if (more.length > 0) return false;
  const name = nameIn(field);
  if (name === null) return false;
  if (isLoopback(address.host)) return isLoopback(name) || name === address.host.toLowerCase();
  if (address.isTls) return true;
  return isIP(name) !== 0 || !name.includes('.') || OF_NETWORKS_THEMSELVES.test(name);
}

/** Without port, brackets and the final dot; null: it is none. */
function nameIn(field: string): string | null {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?$/.exec(field);
  const name = found?.[1] ?? found?.[2];
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '');
}
