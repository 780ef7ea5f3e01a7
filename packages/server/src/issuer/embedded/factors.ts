import { parseJsonText } from '@poorter/openapi/json';
import type { AccountStore, StoredAccount } from '../../access/accounts/index.ts';
import type { AttemptStore } from '../sign-in/attempt-store.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import type { PasswordHashes } from '../sign-in/password-hashes.ts';
import { PASSWORD_SHOWN, type PasswordSignIn } from '../sign-in/password-sign-in.ts';
import { PASSKEY_SHOWN } from '../sign-in/sign-in.ts';
import type { AuthSession } from './auth-sessions.ts';
import type { Typed } from './challenge-form.ts';
import type { Installation, KnownApplications, SignedInBy } from './known-applications.ts';

export interface FactorPorts {
  readonly accounts: Pick<AccountStore, 'findByLogin' | 'show'>;
  readonly passkeys: Pick<Passkeys, 'signIn'>;
  readonly passwords: Pick<PasswordSignIn, 'isPasswordRight' | 'finish'>;
  readonly hashes: Pick<PasswordHashes, 'enter'>;
  readonly attempts: Pick<AttemptStore, 'begin' | 'succeeded' | 'isSpent'>;
  readonly known: KnownApplications;
}

export type Factor = 'passkey' | 'password' | 'otp';

/** What is to be decided by: who asks, and what may be shown to whom. */
export interface FactorTerms {
  readonly installation: Installation;
  readonly session: AuthSession;
  readonly mayPassword: boolean;
}

/** What a person has shown so far. */
export type Judged =
  | {
      readonly kind: 'shown';
      readonly account: StoredAccount;
      readonly how: typeof PASSKEY_SHOWN | typeof PASSWORD_SHOWN;
    }
  | {
      readonly kind: 'needed';
      readonly factors: readonly Factor[];
      /** What was shown and was not right; null: nothing. */
      readonly refused: 'passkey_refused' | 'password_refused' | 'passwords_off' | null;
      readonly session: AuthSession;
    }
  | { readonly kind: 'web'; readonly reason: string };

const NOTHING_TYPED = { isPasswordRight: null };
const UNKNOWN_INSTALLATION =
  'nobody of this name has signed in by this installation before: a password is not taken here';
const SPENT = 'too many attempts by this installation';
const RECOVERY = 'recovery is on our own page';

/**
 * What a person shows within an application, one by one. Whatever is wrong about name, password and code is told alike, and
 * after the last of them.
 */
export class Factors {
  readonly #ports: FactorPorts;

  constructor(ports: FactorPorts) {
    this.#ports = ports;
  }

  /** Throws HashingBusy. */
  async judge(typed: Typed, terms: FactorTerms): Promise<Judged> {
    if (typed.recovery !== undefined) return { kind: 'web', reason: RECOVERY };
    if (typed.passkey !== undefined) return this.#passkey(typed.passkey, terms);
    const login = typed.username ?? terms.session.login;
    if (login === null) return needed(terms, terms.session);
    // Another name begins anew: what was typed for one says nothing of the other.
    const session =
      login === terms.session.login ? terms.session : { ...terms.session, login, ...NOTHING_TYPED };
    const account = await this.#ports.accounts.findByLogin(login);
    const isKnown = await this.#ports.known.isKnown(terms.installation, account);
    const mayPassword = terms.mayPassword && isKnown;
    if (typed.password === undefined && typed.otp === undefined) {
      return needed({ mayPassword }, session);
    }
    if (!terms.mayPassword) return needed(terms, session, 'passwords_off');
    if (!isKnown || account === undefined) return { kind: 'web', reason: UNKNOWN_INSTALLATION };
    return this.#password(typed, { ...terms, session }, account);
  }

  async #passkey(text: string, terms: FactorTerms): Promise<Judged> {
    const { passkeys, accounts } = this.#ports;
    const shown = assertionOf(text);
    const id = shown === null ? null : await passkeys.signIn(shown, terms.session.id);
    const account = id === null ? undefined : await accounts.show(id);
    // Whoever is disabled hears what everybody hears whose passkey is not known.
    if (account === undefined || account.disabledAt !== null) {
      return needed(terms, terms.session, 'passkey_refused');
    }
    return { kind: 'shown', account, how: PASSKEY_SHOWN };
  }

  /** Of somebody who has signed in by this installation before. */
  async #password(
    { password, otp: code }: Typed,
    { installation, session }: FactorTerms,
    account: StoredAccount,
  ): Promise<Judged> {
    const { hashes, passwords, attempts, known } = this.#ports;
    const login = session.login ?? '';
    const isFirst = password !== undefined;
    if (!isFirst && session.isPasswordRight === null) return needed({ mayPassword: true }, session);
    const place = hashes.enter();
    try {
      const subject = subjectOf(installation, account.id);
      if (isFirst && (await attempts.isSpent(subject))) {
        await known.forget(installation, account.id);
        return { kind: 'web', reason: SPENT };
      }
      // Counted before it is judged: a hundred at once are not a hundred free ones.
      const isRight = isFirst
        ? (await attempts.begin(subject)) && (await passwords.isPasswordRight({ login, password }))
        : session.isPasswordRight === true;
      if (code === undefined) {
        return {
          ...{ kind: 'needed', factors: ['otp'], refused: null },
          session: { ...session, isPasswordRight: isRight },
        };
      }
      const typed = { login, code, ...(isFirst && { password }) };
      const found = await passwords.finish(typed, isRight);
      const again = { ...session, ...NOTHING_TYPED };
      if (found === null) return needed({ mayPassword: true }, again, 'password_refused');
      await attempts.succeeded(subject);
      return { kind: 'shown', account: found, how: PASSWORD_SHOWN };
    } finally {
      place.release();
    }
  }

  grantOf(installation: Installation, { id }: StoredAccount): Promise<string | null> {
    return this.#ports.known.grantOf(installation, id);
  }

  isKnown(installation: Installation, account: StoredAccount): Promise<boolean> {
    return this.#ports.known.isKnown(installation, account);
  }

  /** They have signed in, and what has the key of this installation was given tokens for it: see KnownApplications. */
  async trust(
    installation: Installation,
    account: StoredAccount,
    signedIn: SignedInBy,
  ): Promise<string | null> {
    const before = await this.#ports.known.remember(installation, account, signedIn);
    await this.#ports.attempts.succeeded(subjectOf(installation, account.id));
    return before;
  }
}

function needed(
  { mayPassword }: Pick<FactorTerms, 'mayPassword'>,
  session: AuthSession,
  refused: Extract<Judged, { kind: 'needed' }>['refused'] = null,
): Judged {
  const factors = ['passkey' as const, ...(mayPassword ? ['password' as const] : [])];
  return { kind: 'needed', factors, refused, session };
}

/** A budget of its own for each installation: no stranger uses it up. */
function subjectOf({ client, key }: Installation, account: string): string {
  return JSON.stringify(['application', client, key, account]);
}

/** Null: it is none. */
function assertionOf(text: string): object | null {
  try {
    const read = parseJsonText(text);
    const { id, response } = (read ?? {}) as { id?: unknown; response?: unknown };
    const isOne = typeof id === 'string' && typeof response === 'object' && response !== null;
    return isOne ? (read as object) : null;
  } catch {
    return null;
  }
}
