import type {
  AccountStore,
  CredentialStore,
  GrantStore,
  RecoveryCodeStore,
  StoredAccount,
} from '../../access/accounts/index.ts';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { timeIn } from '../pages/moment.ts';
import { type Page, sendPage } from '../pages/page.ts';
import {
  formOf,
  type Handle,
  isOwnPage,
  jsonOf,
  NOBODY,
  type PageCall,
  sendJson,
  sendTo,
} from '../pages/page-call.ts';
import { rightsIn } from '../pages/rights.ts';
import { languageOf, words } from '../pages/words.ts';
import type { KnownDevices } from '../sign-in/known-devices.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import { PASSKEY_SHOWN } from '../sign-in/sign-in.ts';
import type { AccountDoor } from './account-door.ts';
import {
  accountPage,
  accountSignInPage,
  grantsPage,
  type Said,
  type ShownGrant,
  sessionsPage,
} from './account-views.ts';
import { accountWords } from './account-words.ts';
import type { BrowserSessions, SignedIn } from './browser-sessions.ts';
import { PLACES, placeOf } from './places.ts';

export interface AccountPagesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly door: AccountDoor;
  readonly sessions: BrowserSessions;
  readonly passkeys: Pick<Passkeys, 'signInOptions' | 'signIn'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly credentials: Pick<CredentialStore, 'list'>;
  readonly grants: Pick<GrantStore, 'list' | 'heldAs'>;
  readonly recoveryCodes: Pick<RecoveryCodeStore, 'left'>;
  readonly roles: Pick<RolesOfPeople, 'asOperator'>;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly known: Pick<KnownDevices, 'remember'>;
  /** No gate accepts a token of it when it resolves. Throws NotEverywhereYet. */
  readonly endGrant: (grant: string) => Promise<void>;
  readonly now: () => number;
}

/** Where people see what is theirs: where they are signed in, and what they have allowed. */
export class AccountPages {
  readonly #ports: AccountPagesPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: AccountPagesPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
    const { door } = ports;
    this.#handlers = {
      showAccountSignIn: (asked) => this.#showSignIn(asked),
      beginAccountSignIn: (asked) => this.#beginSignIn(asked),
      finishAccountSignIn: (asked) => this.#finishSignIn(asked),
      signOutHere: door.act('account', (asked) => this.#signOutHere(asked)),
      showAccount: door.page('account', (asked, who) => this.#showAccount(asked, who)),
      showSessions: door.page('sessions', (asked, who) => this.#showSessions(asked, who, null)),
      endSession: door.act('sessions', (asked, who) => this.#endSession(asked, who)),
      signOutEverywhere: door.act('sessions', (asked, who) => this.#signOutEverywhere(asked, who)),
      showGrants: door.page('grants', (asked, who) => this.#showGrants(asked, who, null)),
      takeBackGrant: door.act('grants', (asked, who) => this.#takeBackGrant(asked, who)),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #showSignIn(asked: PageCall): Promise<ToldOfCall> {
    const isAgain = (await this.#ports.sessions.read(asked)) !== null;
    const { passwords, federation: providers } = this.#ports.snapshot;
    const wish = { place: placeOf(asked), isAgain, passwords, providers };
    await this.#send(asked, accountSignInPage(languageFor(asked), wish));
    return NOBODY;
  }

  async #beginSignIn(asked: PageCall): Promise<ToldOfCall> {
    if (!isOwnPage(asked, this.#ports.snapshot)) return refused(asked, 403, 'other_origin');
    sendJson(asked, 200, await this.#ports.passkeys.signInOptions());
    return NOBODY;
  }

  async #finishSignIn(asked: PageCall): Promise<ToldOfCall> {
    const { snapshot, passkeys, accounts, sessions } = this.#ports;
    if (!isOwnPage(asked, snapshot)) return refused(asked, 403, 'other_origin');
    const accountId = await passkeys.signIn(jsonOf(asked).credential ?? {});
    const account = accountId === null ? undefined : await accounts.show(accountId);
    // Whoever is disabled hears what everybody hears whose passkey is not known.
    if (account === undefined || account.disabledAt !== null) {
      return refused(asked, 401, 'passkey_refused');
    }
    await sessions.begin(asked, account, PASSKEY_SHOWN);
    if (snapshot.passwords) this.#ports.known.remember(asked.response, account.login);
    sendJson(asked, 200, { location: PLACES[placeOf(asked)] });
    return { ...NOBODY, subject: account.id };
  }

  async #signOutHere(asked: PageCall) {
    await this.#ports.sessions.end(asked);
    sendTo(asked, '/account/sign-in');
    return {};
  }

  async #showAccount(asked: PageCall, { account }: SignedIn) {
    const { sessions, credentials, grants, recoveryCodes, roles } = this.#ports;
    const known = await credentials.list(account.id);
    const overview = {
      name: account.name,
      sessions: (await sessions.list(account)).length,
      passkeys: known.filter(({ kind }) => kind === 'passkey').length,
      grants: (await grants.list(account.id)).length,
      recoveryCodes: await recoveryCodes.left(account.id),
      isOperator: (await roles.asOperator(account.id)).length > 0,
    };
    await this.#send(asked, accountPage(languageFor(asked), overview));
    return {};
  }

  async #showSessions(asked: PageCall, { account, session }: SignedIn, said: Said) {
    const standing = await this.#ports.sessions.list(account);
    const shown = { current: session, said };
    await this.#send(asked, sessionsPage(languageFor(asked), standing, shown));
    return {};
  }

  async #endSession(asked: PageCall, who: SignedIn) {
    const { sessions, now } = this.#ports;
    const id = formOf(asked).get('session') ?? '';
    if (id === who.session) return this.#signOutHere(asked);
    const ended = await sessions.endOne(who.account, id);
    const language = languageFor(asked);
    const say = accountWords[language];
    const said = ended === undefined ? say.endedBefore : say.ended(timeIn(language, now()));
    return this.#showSessions(asked, who, said);
  }

  async #signOutEverywhere(asked: PageCall, { account }: SignedIn) {
    await this.#ports.sessions.endAll(account);
    await this.#ports.sessions.end(asked);
    sendTo(asked, '/account/sign-in');
    return {};
  }

  async #showGrants(asked: PageCall, { account }: SignedIn, said: Said) {
    const shown = await this.#grantsOf(account, languageFor(asked));
    await this.#send(asked, grantsPage(languageFor(asked), shown, said));
    return {};
  }

  /** It is theirs, or there is nothing to take back. Told when no gate accepts a token of it. */
  async #takeBackGrant(asked: PageCall, who: SignedIn) {
    const { endGrant, now } = this.#ports;
    const language = languageFor(asked);
    const say = accountWords[language];
    const id = formOf(asked).get('grant') ?? '';
    const shown = (await this.#grantsOf(who.account, language)).find((one) => one.id === id);
    if (shown === undefined) return this.#showGrants(asked, who, say.endedBefore);
    try {
      const held = await this.#ports.grants.heldAs(who.account.id, id);
      await Promise.all(held.map((one) => endGrant(one)));
    } catch (error) {
      if (!(error instanceof NotEverywhereYet)) throw error;
      await this.#showGrants(asked, who, say.notEverywhere(shown.client));
      return { error: 'not_everywhere_yet' };
    }
    return this.#showGrants(asked, who, say.takenBack(shown.client, timeIn(language, now())));
  }

  async #grantsOf({ id }: StoredAccount, language: keyof typeof words): Promise<ShownGrant[]> {
    const { grants, clients, snapshot } = this.#ports;
    const shown: ShownGrant[] = [];
    for (const grant of await grants.list(id)) {
      const client = await clients.show(grant.clientId);
      shown.push({
        ...{ id: grant.id, givenAt: grant.givenAt, expiresAt: grant.expiresAt },
        client: client?.name ?? accountWords[language].unknownClient,
        rights: rightsIn(language, snapshot, grant.rights),
      });
    }
    return shown;
  }

  #send({ response }: PageCall, page: Page): Promise<void> {
    return sendPage(response, 200, page, this.#isSecure);
  }
}

function languageFor({ request }: PageCall): keyof typeof words {
  return languageOf(request.headers['accept-language']);
}

function refused(asked: PageCall, status: number, error: IssuerCodeName): ToldOfCall {
  sendJson(asked, status, { said: words[languageFor(asked)].failed });
  return { ...NOBODY, error };
}
