import { nearest } from '../suggest.ts';
import { formatCheck, formatNames } from './index.ts';

/** Names of formats that people and other languages use for one that is enforced. */
const WORDS: Readonly<Record<string, string>> = {
  timestamp: 'date-time',
  iso8601: 'date-time',
  rfc3339: 'date-time',
  iso8601datetime: 'date-time',
  iso8601date: 'date',
  mail: 'email',
  emailaddress: 'email',
  url: 'uri',
  guid: 'uuid',
  ip4: 'ipv4',
  ip6: 'ipv6',
  ipv4address: 'ipv4',
  ipv6address: 'ipv6',
  host: 'hostname',
  domain: 'hostname',
  domainname: 'hostname',
  fqdn: 'hostname',
  base64: 'byte',
  regexp: 'regex',
  int: 'int32',
  integer: 'int32',
  long: 'int64',
  short: 'int16',
  bigint: 'int64',
};

/** Formats of the OpenAPI registry and of other standards, which are no slip of the pen. */
const OTHERS = new Set(
  `binary char commonmark date-time-local decimal decimal128 html http-date media-range password
  sf-binary sf-boolean sf-decimal sf-integer sf-string sf-token time-local unixtime ulid mime
  int128 uint128 int24 uint24 uri-list`.split(/\s+/),
);

/** The format that an unknown one most likely means; undefined where none that is enforced is near. */
export function nearestFormat(name: string): string | undefined {
  if (formatCheck(name) !== undefined || OTHERS.has(name)) return undefined;
  const plain = joined(name);
  if (OTHERS.has(plain)) return undefined;
  const meant = Object.hasOwn(WORDS, plain) ? WORDS[plain] : BY_LETTERS.get(plain);
  if (meant !== undefined || plain.length < 4) return meant;
  // The versions of UUID are of one form.
  if (/^[ug]uidv?[1-8]$/.test(plain)) return 'uuid';
  return nearest(name.toLowerCase(), formatNames, plain.length < 9 ? 1 : 2);
}

const joined = (name: string): string => name.toLowerCase().replaceAll(/[\s_.:-]/g, '');

const BY_LETTERS = new Map([...formatNames].map((name) => [joined(name), name]));
