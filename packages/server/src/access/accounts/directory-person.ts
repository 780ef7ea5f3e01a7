import type { AccountLanguage, AccountProfile } from './account-row.ts';

/** What a directory says of somebody, by RFC 7643 §4.1. What else it says is not kept. */
export interface DirectoryPerson {
  /** What they type to sign in. */
  readonly userName: string;
  /** What the directory calls them, to the letter. */
  readonly externalId: string | null;
  readonly name: PersonName;
  readonly displayName: string | null;
  readonly emails: readonly PersonAddress[];
  /** RFC 9110 §12.5.4, such as `nl-BE`. */
  readonly preferredLanguage: string | null;
  /** False: they do not come in. */
  readonly isActive: boolean;
}

export interface PersonName {
  readonly formatted: string | null;
  readonly givenName: string | null;
  readonly familyName: string | null;
}

export interface PersonAddress {
  readonly value: string;
  readonly type: string | null;
  readonly isPrimary: boolean;
}

/** Times are milliseconds since the epoch. */
export interface DirectoryUser {
  /** Of the account. */
  readonly id: string;
  readonly directory: string;
  readonly said: DirectoryPerson;
  readonly createdAt: number;
  readonly changedAt: number;
  /** Of the account. */
  readonly version: number;
}

const NAME_LENGTH_MAX = 200;
const LANGUAGES: readonly AccountLanguage[] = ['nl', 'fr', 'de', 'en'];

/** Of all that is said, what an account goes by. */
export function profileOf(said: DirectoryPerson): AccountProfile {
  const { userName, name, displayName, emails, preferredLanguage } = said;
  const { formatted, givenName, familyName } = name;
  const parts = [givenName, familyName].filter((part) => part !== null).join(' ');
  const called = displayName ?? formatted ?? (parts === '' ? userName : parts);
  const address = emails.find(({ isPrimary }) => isPrimary) ?? emails[0];
  return {
    ...{ login: userName, name: called.slice(0, NAME_LENGTH_MAX) },
    ...{ email: address?.value ?? null, language: languageOf(preferredLanguage) },
  };
}

function languageOf(wish: string | null): AccountLanguage {
  // An Accept-Language may stand here: its first is what somebody prefers.
  const [, first] = /^\s*([A-Za-z]{2})(?:[-_,;\s]|$)/.exec(wish ?? '') ?? [];
  return LANGUAGES.find((language) => language === first?.toLowerCase()) ?? 'en';
}
