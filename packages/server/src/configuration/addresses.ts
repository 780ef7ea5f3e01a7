import { portFault } from '../platform/addresses/index.ts';

/**
 * What a Host field can have for a name: letters, digits, hyphens and underscores between dots, or an
 * address, with brackets around IPv6. A dot at the end is the same name.
 */
export const HOST_NAME =
  /^(?:(?!.{254})[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?|\[[0-9A-Fa-f:.]+\])$/;

/** What would be passed over in the address of a service; null: nothing. */
export function baseUrlFault(text: string): string | null {
  if (!URL.canParse(text)) return portFault(text);
  return partsFault(new URL(text), 'http://127.0.0.1:3000/base');
}

/** The same for an origin, which has no path. */
export function originFault(text: string): string | null {
  if (!URL.canParse(text)) return portFault(text);
  const url = new URL(text);
  const fault = partsFault(url, 'https://api.example');
  if (fault !== null || url.pathname === '/') return fault;
  return `has a path (${url.pathname}), and an origin was expected, such as https://api.example`;
}

function partsFault(url: URL, example: string): string | null {
  const { search, hash, port, username, password } = url;
  const expected = `expected was an address such as ${example}`;
  if (username !== '' || password !== '') return `has credentials, which are not used; ${expected}`;
  if (search !== '' || /\?/.test(url.href))
    return `has a query, which no call would carry; ${expected}`;
  if (hash !== '' || url.href.includes('#'))
    return `has a fragment, which is never sent; ${expected}`;
  if (port === '0') return `has the port 0, where nothing can be reached; ${expected}`;
  return null;
}

/** Of shared counters; null: it can be used. Never with a password in it. */
export function countersUrlFault(url: URL): string | null {
  const expected = 'expected was valkey://HOST:PORT/NUMBER, with valkeys:// for TLS';
  if (url.hostname === '') return `it names no host; ${expected}`;
  if (url.port === '0') return `it has the port 0, where nothing can be reached; ${expected}`;
  if (url.search !== '' || url.hash !== '') return `it has a query or a fragment; ${expected}`;
  if (!/^\/?\d{0,5}$/.test(url.pathname)) {
    return `its path is the number of a database, and this one is none; ${expected}`;
  }
  return null;
}
