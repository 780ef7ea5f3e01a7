import type {
  AccountLanguage,
  AccountProfile,
  AccountStore,
  DirectoryUserStore,
  IdentityStore,
  StoredAccount,
  StoredIdentity,
} from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { ForeignPerson } from './foreign-sign-in.ts';

export interface IdentitiesPorts {
  readonly identities: IdentityStore;
  readonly accounts: Pick<AccountStore, 'show' | 'signOutEverywhere'>;
  readonly directoryUsers: Pick<DirectoryUserStore, 'findByExternalId' | 'show'>;
  readonly random: (bytes: number) => Uint8Array;
  /** Somebody may do less than before: what they were given until now has ended when it resolves. */
  readonly lessen: (account: string) => Promise<void>;
}

const NAME_LENGTH_MAX = 200;
const EMAIL_LENGTH_MAX = 254;
const LOGIN_BYTES = 8;

/**
 * Whose account somebody comes into. It is found by issuer and subject, or by the claim that the configuration says names them
 * in a directory: an address or a name that is that of somebody here opens nothing.
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
    const awaited = await this.#awaited(provider, person, known);
    if (awaited !== undefined) return awaited ?? undefined;
    if (known !== undefined) {
      const account = await accounts.show(known.accountId);
      if (account === undefined || account.disabledAt !== null) return undefined;
      await this.#takeRoles(known, rolesSaid(provider, person.claims));
      return account;
    }
    if (provider.signUp === 'nobody') return undefined;
    // What is signed goes before what is not.
    const claims = { ...(await person.moreClaims()), ...person.claims };
    if (!maySignUp(provider.signUp, claims)) return undefined;
    const { issuer, subject } = person;
    const profile = this.#profileOf(provider, claims, language);
    const made = await identities.signUp(profile, { issuer, subject });
    if (made.disabledAt !== null) return undefined;
    await this.#learnRoles(provider, person);
    return made;
  }

  async #learnRoles(provider: FederatedProvider, person: ForeignPerson): Promise<void> {
    const known = await this.#ports.identities.find(person);
    if (known !== undefined) await this.#takeRoles(known, rolesSaid(provider, person.claims));
  }

  /** Whoever has fewer than before has nothing that says otherwise. */
  async #takeRoles(known: StoredIdentity, roles: readonly string[]): Promise<void> {
    await this.#ports.identities.used(known, roles);
    const isLess = known.roles.some((role) => !roles.includes(role));
    if (isLess) await this.#ports.lessen(known.accountId);
  }

  /**
   * Whom a directory has made an account for. Whoever runs this server says that the claim names them there, and only
   * what is signed counts: at each sign-in, also for whoever had an account before, or came into that of somebody else.
   * Null: the directory lets them in nowhere; undefined: it is not about them.
   */
  async #awaited(
    provider: FederatedProvider,
    person: ForeignPerson,
    known: StoredIdentity | undefined,
  ): Promise<StoredAccount | null | undefined> {
    const { directory } = provider;
    if (directory === null) return undefined;
    const { issuer, subject, claims } = person;
    const { identities, accounts, directoryUsers, lessen } = this.#ports;
    const called = Object.hasOwn(claims, directory.claim) ? claims[directory.claim] : undefined;
    const user =
      typeof called === 'string' && called !== ''
        ? await directoryUsers.findByExternalId(directory.name, called)
        : undefined;
    if (user === undefined) {
      const other = known && (await directoryUsers.show(directory.name, known.accountId));
      return other === undefined ? undefined : null;
    }
    if (!user.said.isActive) return null;
    if (known === undefined) {
      if (!(await identities.link(user.id, { issuer, subject }))) return null;
    } else if (known.accountId !== user.id) {
      await identities.move(known, user.id);
      // Whoever came in by it there is out: it was never theirs.
      await accounts.signOutEverywhere(known.accountId);
      await lessen(known.accountId);
    }
    await this.#learnRoles(provider, person);
    return (await accounts.show(user.id)) ?? null;
  }

  /** As somebody who is signed in wants it. `known`: it was theirs already. */
  async link(
    account: string,
    provider: FederatedProvider,
    person: ForeignPerson,
  ): Promise<'linked' | 'known' | 'taken'> {
    const { identities } = this.#ports;
    const { issuer, subject } = person;
    const known = await identities.find({ issuer, subject });
    const isTheirs = known?.accountId === account;
    if (!isTheirs && !(await identities.link(account, { issuer, subject }))) return 'taken';
    await this.#learnRoles(provider, person);
    return isTheirs ? 'known' : 'linked';
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

/** Of what it says, signed, what it may say. */
function rolesSaid(
  { roles }: FederatedProvider,
  claims: Readonly<Record<string, unknown>>,
): readonly string[] {
  if (roles === null || !Object.hasOwn(claims, roles.claim)) return [];
  const said = [claims[roles.claim]].flat();
  const given = Object.entries(roles.values).flatMap(([value, names]) =>
    said.includes(value) ? names : [],
  );
  return [...new Set(given)].sort();
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
