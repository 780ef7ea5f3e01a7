import type {
  AccountStore,
  CredentialStore,
  StoredAccount,
  StoredCredential,
} from '../../access/accounts/index.ts';
import type { PageCall } from '../pages/page-call.ts';
import type { AttemptStore } from './attempt-store.ts';
import type { KnownDevices } from './known-devices.ts';
import { keyOf, stepOfCode } from './one-time-codes.ts';
import type { PasswordHashes } from './password-hashes.ts';

/**
 * REFEDS-MFA (https://refeds.org/profile/mfa) stands in the registry of RFC 6711: two different factors. It says nothing of
 * phishing, and is below `phr`.
 */
export const PASSWORD_ACR = 'https://refeds.org/profile/mfa';
/** RFC 8176. */
export const PASSWORD_SHOWN = { acr: PASSWORD_ACR, amr: ['pwd', 'otp', 'mfa'] } as const;

export interface PasswordSignInPorts {
  readonly accounts: Pick<AccountStore, 'findByLogin'>;
  readonly credentials: Pick<CredentialStore, 'list' | 'use'>;
  readonly hashes: PasswordHashes;
  readonly attempts: Pick<AttemptStore, 'begin' | 'succeeded'>;
  readonly known: KnownDevices;
  readonly now: () => number;
}

export interface TypedIn {
  readonly login: string;
  readonly password: string;
  readonly code: string;
}

/** What somebody shows, as far as it is there. */
interface Kept {
  readonly account: StoredAccount | undefined;
  readonly hash: StoredCredential | undefined;
  readonly secret: StoredCredential | undefined;
}

/** Of nobody, so that as much is looked up and computed for a name that is nobody's. */
const NOBODY_ID = 'account_nobody';
const NOBODY_SECRET = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

/**
 * A password and a code of the minute, together: neither is anything alone. Whatever is wrong, the answer is one and the
 * same, and so is the work: an unknown name, a wrong password, a wrong or used code, an account that is disabled.
 */
export class PasswordSignIn {
  readonly #ports: PasswordSignInPorts;

  constructor(ports: PasswordSignInPorts) {
    this.#ports = ports;
  }

  /** Null: not so. Throws HashingBusy. */
  async check({ request, response }: PageCall, typed: TypedIn): Promise<StoredAccount | null> {
    const { hashes, attempts, known } = this.#ports;
    const place = hashes.enter();
    try {
      const subject = known.subjectOf(request, typed.login);
      if (!(await attempts.begin(subject))) return null;
      const kept = await this.#keptOf(typed.login);
      const account = await this.#take(kept, typed, await this.#isRight(kept, typed.password));
      if (account === null) return null;
      await attempts.succeeded(subject);
      known.remember(response, typed.login);
      return account;
    } finally {
      place.release();
    }
  }

  /**
   * The first half, where the second comes later: nobody is told of it before that. Whoever calls has a place among those
   * who hash, and has counted the attempt.
   */
  async isPasswordRight({ login, password }: Omit<TypedIn, 'code'>): Promise<boolean> {
    return this.#isRight(await this.#keptOf(login), password);
  }

  /** The second half, with the first where both came at once. Null: one of both was wrong. */
  async finish(
    typed: Omit<TypedIn, 'password'> & Partial<TypedIn>,
    isPasswordRight: boolean,
  ): Promise<StoredAccount | null> {
    return this.#take(await this.#keptOf(typed.login), typed, isPasswordRight);
  }

  async #isRight({ account, hash }: Kept, password: string): Promise<boolean> {
    const { hashes } = this.#ports;
    const hashed = hash === undefined ? null : String(hash.data['hash']);
    const isRight =
      hashed !== null && isImported(hash)
        ? await hashes.isRightElsewhere(hashed, password)
        : await hashes.isRight(hashed, password);
    return isRight && account !== undefined;
  }

  async #take(
    { account, hash, secret }: Kept,
    { code, password }: Pick<TypedIn, 'code'> & Partial<TypedIn>,
    isPasswordRight: boolean,
  ): Promise<StoredAccount | null> {
    const { credentials, now } = this.#ports;
    const step = stepOfCode(secret === undefined ? NOBODY_SECRET : keyOf(secret.data), code, now());
    if (account === undefined || account.disabledAt !== null || hash === undefined) return null;
    if (!isPasswordRight || secret === undefined || step === null) return null;
    // RFC 6238 §5.2: each code is taken once. By one conditional statement: of two at once, one.
    if (!(await credentials.use(secret.id, step))) return null;
    const data = password === undefined ? null : await this.#ownInPlaceOf(hash, password);
    // Of this very row: whoever has set another password meanwhile keeps that.
    await credentials.use(hash.id, hash.uses, {
      isUncounted: true,
      ...(data !== null && { data }),
    });
    return account;
  }

  /** Only when both halves were right: by the time that it takes, nobody learns of one alone. Null: it stays. */
  async #ownInPlaceOf(kept: StoredCredential, password: string): Promise<{ hash: string } | null> {
    if (!isImported(kept)) return null;
    const hash = await this.#ports.hashes.inPlaceOf(String(kept.data['hash']), password);
    return hash === null ? null : { hash };
  }

  async #keptOf(login: string): Promise<Kept> {
    const { accounts, credentials } = this.#ports;
    const account = await accounts.findByLogin(login);
    const kept = await credentials.list(account?.id ?? NOBODY_ID);
    const hash = kept.find(({ kind }) => kind === 'password');
    return { account, hash, secret: kept.find(({ kind }) => kind === 'totp') };
  }
}

/** It comes from another system, and its holder has not signed in since. */
function isImported(hash: StoredCredential | undefined): boolean {
  return hash?.data['isImported'] === true;
}
