import type {
  AccountLanguage,
  AccountProfile,
  AccountStore,
  DirectoryUserStore,
  IdentityStore,
  StoredAccount,
} from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { ForeignPerson } from './foreign-sign-in.ts';

export interface IdentitiesPorts {
  readonly identities: IdentityStore;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly directoryUsers: Pick<DirectoryUserStore, 'findByExternalId'>;
  readonly random: (bytes: number) => Uint8Array;
}

const NAME_LENGTH_MAX = 200;
const EMAIL_LENGTH_MAX = 254;
const LOGIN_BYTES = 8;

/**
 * Whose account somebody comes into. It is found by issuer and subject alone: an address or a name that is that of
 * somebody here opens nothing.
 */
export class Identities {
  readonly #ports: IdentitiesPorts;

  constructor(ports: IdentitiesPorts) {
    this.#ports = ports;
  }

  /** Undefined: nobody here, or nobody who may come in. Makes the account where the provider's rule says so. */
  async accountOf(
    provider: FederatedProvider,
    person: ForeignPerson,
    language: AccountLanguage,
  ): Promise<StoredAccount | undefined> {
    const { identities, accounts } = this.#ports;
    const known = await identities.find(person);
    if (known !== undefined) {
      const account = await accounts.show(known.accountId);
      if (account === undefined || account.disabledAt !== null) return undefined;
      await identities.used(known);
      return account;
    }
    const awaited = await this.#accountInDirectory(provider, person);
    if (awaited !== undefined) return awaited;
    if (provider.signUp === 'nobody') return undefined;
    // What is signed goes before what is not.
    const claims = { ...(await person.moreClaims()), ...person.claims };
    if (!maySignUp(provider.signUp, claims)) return undefined;
    const { issuer, subject } = person;
    const profile = this.#profileOf(provider, claims, language);
    const made = await identities.signUp(profile, { issuer, subject });
    return made.disabledAt === null ? made : undefined;
  }

  /**
   * Whom a directory has made an account for. Whoever runs this server says that the claim names them there, and only
   * what is signed counts.
   */
  async #accountInDirectory(
    { directory }: FederatedProvider,
    { issuer, subject, claims }: ForeignPerson,
  ): Promise<StoredAccount | undefined> {
    if (directory === null) return undefined;
    const { identities, accounts, directoryUsers } = this.#ports;
    const called = Object.hasOwn(claims, directory.claim) ? claims[directory.claim] : undefined;
    if (typeof called !== 'string' || called === '') return undefined;
    const user = await directoryUsers.findByExternalId(directory.name, called);
    if (user === undefined || !user.said.isActive) return undefined;
    const isLinked = await identities.link(user.id, { issuer, subject });
    return isLinked ? accounts.show(user.id) : undefined;
  }

  /** As somebody who is signed in wants it. `known`: it was theirs already. */
  async link(
    account: string,
    { issuer, subject }: ForeignPerson,
  ): Promise<'linked' | 'known' | 'taken'> {
    const { identities } = this.#ports;
    const known = await identities.find({ issuer, subject });
    if (known?.accountId === account) return 'known';
    return (await identities.link(account, { issuer, subject })) ? 'linked' : 'taken';
  }

  /** What they would type is drawn: a name that they choose elsewhere is nobody's here. */
  #profileOf(
    { id, claims: names }: FederatedProvider,
    claims: Readonly<Record<string, unknown>>,
    language: AccountLanguage,
  ): AccountProfile {
    const login = `${id}-${Buffer.from(this.#ports.random(LOGIN_BYTES)).toString('hex')}`;
    const text = (claim: string) => (typeof claims[claim] === 'string' ? claims[claim].trim() : '');
    const name = names.name
      .map(text)
      .filter(Boolean)
      .join(' ')
      .replaceAll(/\p{Cc}/gu, '');
    const email = text(names.email);
    const isTheirs = claims['email_verified'] === true && /^[^\s@<>]+@[^\s@<>]+$/.test(email);
    return {
      ...{ login, name: name === '' ? login : name.slice(0, NAME_LENGTH_MAX), language },
      email: isTheirs && email.length <= EMAIL_LENGTH_MAX ? email : null,
    };
  }
}

/** One of these values in each of these claims. */
function maySignUp(
  rule: Exclude<FederatedProvider['signUp'], 'nobody'>,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  if (rule === 'everybody') return true;
  const has = ([claim, values]: [string, readonly string[]]) =>
    [Object.hasOwn(claims, claim) ? claims[claim] : undefined]
      .flat()
      .some((value) => typeof value === 'string' && values.includes(value));
  return Object.entries(rule).length > 0 && Object.entries(rule).every(has);
}
