import type { AccountStore, StoredAccount } from '../../access/accounts/index.ts';
import type { StandingSession } from '../../messages/between-issuer.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { browserOf } from '../pages/browser.ts';
import type { PageCall } from '../pages/page-call.ts';
import { Provider } from '../protocol/library.ts';
import { isSignedIn } from '../protocol/signed-in.ts';
import { type EndedThere, givenIn, tellApplications } from '../protocol/told-applications.ts';

/** How somebody has shown who they are. */
export interface Shown {
  /** OpenID Connect Core §2. */
  readonly acr: string;
  /** RFC 8176. */
  readonly amr: readonly string[];
  /** When, in seconds; absent: now. */
  readonly ts?: number;
  /** Where, if not here. */
  readonly federated?: FederatedFrom;
}

/** At which provider somebody signed in, and in which session of it. */
export interface FederatedFrom {
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | null;
}

/** Of somebody at our pages: the name of their session, which stands in no cookie. */
export interface EndedSignIn {
  readonly uid: string;
  readonly account: string;
}

/** Whoever asks, with the session that their browser has. */
export interface SignedIn {
  readonly account: StoredAccount;
  /** Of the session; stands in no cookie. */
  readonly session: string;
  /** Milliseconds since the epoch, to the second. */
  readonly signedInAt: number;
  readonly acr: string | null;
  /** Somebody else says so. */
  readonly isFederated: boolean;
}

export interface BrowserSessionPorts {
  readonly provider: Provider;
  readonly accounts: Pick<AccountStore, 'show' | 'signOutEverywhere'>;
  readonly artefacts: Pick<ArtefactStore, 'listOfAccount'>;
  readonly isSecure: boolean;
  readonly lifeSeconds: number;
  /** An application could not be told that somebody is signed out. */
  readonly onUntold: (client: string, error: Error) => void;
}

/** As the library keeps it, with what `rememberBrowsers` adds. */
type LibrarySession = InstanceType<Provider['Session']> & {
  browser?: string;
  /** In milliseconds. */
  begunAt?: number;
  federated?: FederatedFrom | undefined;
};
type LibraryContext = ReturnType<Provider['createContext']>;

const SESSION = 'Session';

/**
 * Where people are signed in. There is one kind of session, that of the protocol library: whoever signs in here is
 * signed in for applications, and the other way round, and one act ends both.
 */
export class BrowserSessions {
  readonly #ports: BrowserSessionPorts;

  constructor(ports: BrowserSessionPorts) {
    this.#ports = ports;
  }

  /** Null: nobody, or somebody whose session was ended. */
  async read(asked: PageCall): Promise<SignedIn | null> {
    const session = await this.#sessionOf(this.#contextOf(asked));
    const { accountId, loginTs = 0, uid, acr = null } = session;
    if (accountId === undefined) return null;
    const account = await this.#ports.accounts.show(accountId);
    if (account === undefined || !isSignedIn(account, session)) return null;
    const isFederated = session.federated !== undefined;
    return { account, session: uid, signedInAt: loginTs * 1000, acr, isFederated };
  }

  /** Another name for the session from now on: whoever knew the one before has nothing. What goes with it stays. */
  async begin(asked: PageCall, { id }: StoredAccount, shown: Shown): Promise<void> {
    const { acr, amr, ts, federated } = shown;
    const { provider, lifeSeconds } = this.#ports;
    const context = this.#contextOf(asked);
    let session = await this.#sessionOf(context);
    if (session.accountId !== undefined && session.accountId !== id) {
      await this.#destroy(session);
      session = new provider.Session() as LibrarySession;
    }
    const loginTs = ts === undefined ? {} : { loginTs: ts };
    session.loginAccount({ accountId: id, acr, amr: [...amr], ...loginTs });
    session.federated = federated;
    session.resetIdentifier();
    session.browser = browserOf(asked.request);
    await session.save(lifeSeconds);
    context.cookies.set(provider.cookieName('session'), session.jti, {
      ...this.#cookie,
      expires: new Date(session.exp * 1000),
    });
  }

  /** Signs out this browser. */
  async end(asked: PageCall): Promise<void> {
    const { provider } = this.#ports;
    const context = this.#contextOf(asked);
    const session = await this.#sessionOf(context);
    if (session.accountId !== undefined) await this.#destroy(session);
    context.cookies.set(provider.cookieName('session'), null, this.#cookie);
  }

  /** The latest used first. */
  async list(account: StoredAccount): Promise<StandingSession[]> {
    const kept = await this.#kept(account.id);
    return kept
      .filter((session) => isSignedIn(account, session))
      .map(({ uid, loginTs, iat, exp, browser, acr }) => ({
        ...{ id: uid, signedInAt: (loginTs ?? 0) * 1000, lastUsedAt: iat * 1000 },
        ...{ expiresAt: exp * 1000, browser: browser ?? '', acr: acr ?? null },
      }))
      .toSorted((one, other) => other.lastUsedAt - one.lastUsedAt);
  }

  /** Undefined: it is not there, or not theirs. */
  async endOne(account: StoredAccount, id: string): Promise<StandingSession | undefined> {
    const ended = (await this.list(account)).find((session) => session.id === id);
    if (ended === undefined) return undefined;
    for (const session of await this.#kept(account.id)) {
      if (session.uid === id) await this.#destroy(session);
    }
    return ended;
  }

  async endAll(account: StoredAccount): Promise<void> {
    const standing = await this.#kept(account.id);
    // First of all: it holds for those that begin meanwhile, and whatever happens to the rest.
    await this.#ports.accounts.signOutEverywhere(account.id);
    for (const session of standing) await this.#destroy(session);
  }

  /** Of somebody whom an operator has signed out, or who may come in no more: what is left of them here. */
  async clear(accountId: string): Promise<void> {
    for (const session of await this.#kept(accountId)) await this.#destroy(session);
  }

  /** Those that came from there. Returns what each application was given in them, and is told of. */
  async endFederated(
    account: StoredAccount,
    { issuer, subject, sid }: FederatedFrom,
  ): Promise<EndedThere[]> {
    const ended: EndedThere[] = [];
    for (const session of await this.#kept(account.id)) {
      const { federated } = session;
      // A session of which the provider had named none to us is one of them as well.
      const isNamed = sid !== null && federated?.sid != null;
      const isTheirs = federated?.issuer === issuer && federated.subject === subject;
      const isIt = isTheirs && (!isNamed || federated.sid === sid);
      if (isIt) ended.push(...(await this.#destroy(session)));
    }
    return ended;
  }

  /** With those that count no more, which the library would not find. */
  async #kept(accountId: string): Promise<readonly LibrarySession[]> {
    const { artefacts, provider } = this.#ports;
    const Kept = provider.Session as unknown as new (payload: object) => LibrarySession;
    return (await artefacts.listOfAccount(SESSION, accountId)).map((payload) => new Kept(payload));
  }

  /** Whoever ended it: applications are told. */
  async #destroy(session: LibrarySession): Promise<readonly EndedThere[]> {
    const { accountId } = session;
    const given = givenIn(session);
    await session.destroy();
    if (accountId !== undefined) tellApplications(this.#ports, accountId, given);
    return given;
  }

  #contextOf({ request, response }: PageCall): LibraryContext {
    const context = this.#ports.provider.createContext(request, response);
    // A proxy in front may have ended TLS: the configuration says how browsers come.
    context.cookies.secure = this.#ports.isSecure;
    return context;
  }

  async #sessionOf(context: LibraryContext): Promise<LibrarySession> {
    return (await this.#ports.provider.Session.get(context as never)) as LibrarySession;
  }

  get #cookie() {
    const { isSecure } = this.#ports;
    return { httpOnly: true, sameSite: 'lax', secure: isSecure, signed: true, path: '/' } as const;
  }
}

/** One that no browser has: people know it by what asked for it. */
export function nameSession(session: InstanceType<Provider['Session']>, name: string): void {
  (session as LibrarySession).browser = name;
}

interface ResumedResult {
  readonly login?: { readonly federated?: FederatedFrom };
}

/**
 * With each session stays by which browser it was used last (people know by that which one is theirs), when it began, and
 * at which provider. `ended`: nobody is signed in by it any more, for applications as little as here.
 */
export function extendSessions(
  { Session }: Provider,
  now: () => number,
  ended: (session: EndedSignIn) => Promise<void>,
): void {
  const names = (Session as unknown as { readonly IN_PAYLOAD: readonly string[] }).IN_PAYLOAD;
  Object.defineProperty(Session, 'IN_PAYLOAD', {
    value: [...names, 'browser', 'begunAt', 'federated'],
  });
  const { save, persist, loginAccount, destroy } = Session.prototype;
  // A page that says what went wrong writes to the session, also to that of a browser that has shown none, whose cookie
  // is not given any more: nobody could come back to it.
  Session.prototype.persist = async function persistKept(this: LibrarySession) {
    return this.exp === undefined ? '' : persist.call(this);
  };
  // Not where the library drops the name that a session had before: that one goes on.
  Session.prototype.destroy = async function destroyWithGates(this: LibrarySession) {
    await destroy.call(this);
    const { uid, accountId } = this;
    if (accountId !== undefined) await ended({ uid, account: accountId });
  };
  Session.prototype.loginAccount = function loginBegun(this: LibrarySession, details) {
    this.begunAt = now();
    // Of the interaction that is resumed, as whoever finished it said; the library passes on what it knows alone.
    const result = Provider.ctx?.oidc?.entities?.Interaction?.result as ResumedResult | undefined;
    this.federated = result?.login?.federated;
    return loginAccount.call(this, details);
  };
  Session.prototype.save = function saveWithBrowser(this: LibrarySession, ...given) {
    const request = Provider.ctx?.req;
    if (request !== undefined) this.browser = browserOf(request);
    return save.apply(this, given);
  };
}
