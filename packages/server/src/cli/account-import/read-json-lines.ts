import { parseJsonText } from '@poorter/openapi/json';
import type { ImportedAccount } from '../../messages/admin-contract.generated.ts';
import { ACCOUNT_CHARS_MAX, type GivenAccount, type GivenFault } from './given-account.ts';
import { linesOf } from './text-of.ts';

const TEXTS: ReadonlySet<string> = new Set([
  ...['login', 'name', 'email', 'language', 'password', 'code'],
]);

/** An account a line, with the members that the admin API takes. A line with nothing on it is none. */
export async function* readJsonLines(text: AsyncIterable<string>): AsyncGenerator<GivenAccount> {
  for await (const { line, text: written } of linesOf(text, ACCOUNT_CHARS_MAX)) {
    if (written.trim() !== '') yield accountOf(line, written);
  }
}

function accountOf(line: number, written: string): GivenAccount {
  const none = { line, wish: {}, passedOver: [] };
  let read: unknown;
  try {
    read = parseJsonText(written);
  } catch {
    // What the parser says repeats some of the line.
    return { ...none, faults: [{ says: 'is no JSON' }] };
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    return { ...none, faults: [{ says: 'is no JSON object' }] };
  }
  const faults = Object.entries(read).flatMap(([member, value]) => faultsOf(member, value));
  return { ...none, wish: read as Partial<ImportedAccount>, faults };
}

function faultsOf(member: string, value: unknown): readonly GivenFault[] {
  if (TEXTS.has(member)) {
    const isOne = typeof value === 'string' || (member === 'email' && value === null);
    return isOne ? [] : [{ says: `${member} is a text` }];
  }
  if (member === 'disabled') {
    return typeof value === 'boolean' ? [] : [{ says: 'disabled is true or false' }];
  }
  if (member === 'identities') {
    const isOne = Array.isArray(value) && value.every(isIdentity);
    return isOne ? [] : [{ says: 'identities is a list of { issuer, subject }', kind: 'identity' }];
  }
  const known = [...TEXTS, 'identities', 'disabled'].join(', ');
  return [{ says: `has a member that is none of ${known}` }];
}

function isIdentity(value: unknown): boolean {
  const { issuer, subject, ...more } = (value ?? {}) as Record<string, unknown>;
  const isOne = typeof issuer === 'string' && typeof subject === 'string';
  return isOne && Object.keys(more).length === 0;
}
