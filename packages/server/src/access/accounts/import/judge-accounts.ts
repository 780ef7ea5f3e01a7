import type { ImportedAccount } from '../../../messages/admin-contract.generated.ts';
import type { AccountProfile } from '../account-row.ts';
import type { ForeignIdentity } from '../identity-store.ts';
import { type CodeKey, readCodeKey } from './code-key.ts';
import { readPasswordHash } from './password-hash.ts';

/** What is wrong with one member of one account; never its value. */
export interface ImportFault {
  /** Of the account, in the order of the request. */
  readonly index: number;
  /** As in a JSON Pointer below the account. */
  readonly member: string;
  readonly rule: 'hash' | 'key' | 'unused' | 'free' | 'once' | 'configured';
  /** What it would have to be, to stand behind "is". */
  readonly expected: string;
}

/** An account that may be made. */
export interface AccountToMake {
  readonly index: number;
  readonly profile: AccountProfile;
  readonly isDisabled: boolean;
  /** Of another system, in the form in which it is kept. */
  readonly hash: string | null;
  readonly codeKey: CodeKey | null;
  readonly identities: readonly ForeignIdentity[];
}

/** By what people may sign in here. */
export interface SignInTerms {
  readonly passwords: boolean;
  /** Issuers of `issuer.federation`. */
  readonly providers: readonly string[];
}

export interface JudgedAccounts {
  readonly ready: readonly AccountToMake[];
  readonly faults: readonly ImportFault[];
}

/** All that can be said of accounts without looking at those that are there. */
export function judgeAccounts(
  wishes: readonly ImportedAccount[],
  terms: SignInTerms,
): JudgedAccounts {
  const ready: AccountToMake[] = [];
  const faults: ImportFault[] = [];
  wishes.forEach((wish, index) => {
    const { login, name, email, language, disabled, identities = [] } = wish;
    const hash = judgeHash(wish, index, terms);
    const codeKey = judgeCode(wish, index, terms);
    faults.push(...[hash, codeKey].filter(isFault), ...judgeIdentities(wish, index, terms));
    ready.push({
      ...{ index, identities, isDisabled: disabled ?? false },
      profile: { login, name, email: email ?? null, language: language ?? 'en' },
      hash: isFault(hash) ? null : hash,
      codeKey: isFault(codeKey) ? null : codeKey,
    });
  });
  return { ready, faults };
}

function judgeHash(
  { password }: ImportedAccount,
  index: number,
  { passwords }: SignInTerms,
): string | null | ImportFault {
  if (password === undefined) return null;
  if (!passwords) return withoutPasswords(index, 'password');
  const read = readPasswordHash(password);
  if (read.kind !== 'unfit') return read.text;
  return { index, member: 'password', rule: 'hash', expected: read.expected };
}

function judgeCode(
  { code }: ImportedAccount,
  index: number,
  { passwords }: SignInTerms,
): CodeKey | null | ImportFault {
  if (code === undefined) return null;
  if (!passwords) return withoutPasswords(index, 'code');
  const read = readCodeKey(code);
  if (!('kind' in read)) return read;
  return { index, member: 'code', rule: 'key', expected: read.expected };
}

function withoutPasswords(index: number, member: 'password' | 'code'): ImportFault {
  const expected = 'absent while issuer.passwords is not true in the configuration';
  return { index, member, rule: 'unused', expected };
}

function judgeIdentities(
  { identities = [] }: ImportedAccount,
  index: number,
  { providers }: SignInTerms,
): readonly ImportFault[] {
  return identities.flatMap(({ issuer }, at): ImportFault[] => {
    if (providers.includes(issuer)) return [];
    const expected = 'the issuer of a provider in issuer.federation, to the letter';
    return [{ index, member: `identities/${at}/issuer`, rule: 'configured', expected }];
  });
}

function isFault(judged: string | CodeKey | ImportFault | null): judged is ImportFault {
  return judged !== null && typeof judged === 'object' && 'rule' in judged;
}
