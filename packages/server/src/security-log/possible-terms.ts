import { isIP } from 'node:net';

const PSEUDONYM = /^[\w-]{22}$/;
/** No name of a client or a subject that could be recorded is longer. */
const TERM_MAX = 1_024;
const NAMED = ['client', 'subject', 'credential', 'api', 'operation', 'node'] as const;

/** What records hold in the place of a person's value, in 22 characters of base64url. */
export function isPseudonym(text: string): boolean {
  return PSEUDONYM.test(text);
}

/** `account=123`, or the pseudonym of an object. */
export function isObjectTerm(text: string): boolean {
  return /^[^=]{1,200}=./s.test(text) || isPseudonym(text);
}

/**
 * Why no record can match, whatever happened: 'address: is an IPv4 or IPv6 address …'. Null: one could.
 * An empty list would read as "it did not happen".
 */
export function impossibleTerm(terms: Readonly<Record<string, string | undefined>>): string | null {
  for (const name of NAMED) {
    const text = terms[name];
    if (text === undefined) continue;
    if (text.trim() === '') return `${name}: is empty`;
    if (text.length > TERM_MAX) return `${name}: is longer than ${TERM_MAX} characters`;
  }
  const { address } = terms;
  if (address === undefined || isIP(address) !== 0 || isPseudonym(address)) return null;
  return 'address: is an IPv4 or IPv6 address, or its pseudonym';
}
