import type { AccountStore, StoredAccount } from '../../access/accounts/index.ts';
import type { StandingSession } from '../../messages/between-issuer.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { browserOf } from '../pages/browser.ts';
import type { PageCall } from '../pages/page-call.ts';
import { Provider } from '../protocol/library.ts';
import { isSignedIn } from '../protocol/signed-in.ts';

/** How somebody has shown who they are. */
export interface Shown {
  /** OpenID Connect Core §2. */
  readonly acr: string;
  /** RFC 8176. */
  readonly amr: readonly string[];
}

/** Whoever asks, with the session that their browser has. */
export interface SignedIn {
  readonly account: StoredAccount;
  /** Of the session; stands in no cookie. */
  readonly session: string;
  /** Milliseconds since the epoch, to the second. */
  readonly signedInAt: number;
  readonly acr: string | null;
}

export interface BrowserSessionPorts {
  readonly provider: Provider;
  readonly accounts: Pick<AccountStore, 'show' | 'signOutEverywhere'>;
  readonly artefacts: Pick<ArtefactStore, 'listOfAccount'>;
  readonly isSecure: boolean;
  readonly lifeSeconds: number;
}

/** As the library keeps it, with what `rememberBrowsers` adds. */
type LibrarySession = InstanceType<Provider['Session']> & { browser?: string };
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
    const { accountId, loginTs, uid, acr } = await this.#sessionOf(this.#contextOf(asked));
    if (accountId === undefined) return null;
    const account = await this.#ports.accounts.show(accountId);
    if (account === undefined || !isSignedIn(account, loginTs)) return null;
    return { account, session: uid, signedInAt: (loginTs ?? 0) * 1000, acr: acr ?? null };
  }

  /** Another name for the session from now on: whoever knew the one before has nothing. What goes with it stays. */
  async begin(asked: PageCall, { id }: StoredAccount, { acr, amr }: Shown): Promise<void> {
    const { provider, lifeSeconds } = this.#ports;
    const context = this.#contextOf(asked);
    let session = await this.#sessionOf(context);
    if (session.accountId !== undefined && session.accountId !== id) {
      await session.destroy();
      session = new provider.Session() as LibrarySession;
    }
    session.loginAccount({ accountId: id, acr, amr: [...amr] });
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
    if (session.accountId !== undefined) await session.destroy();
    context.cookies.set(provider.cookieName('session'), null, this.#cookie);
  }

  /** The latest used first. */
  async list(account: StoredAccount): Promise<StandingSession[]> {
    const kept = await this.#ports.artefacts.listOfAccount(SESSION, account.id);
    return kept
      .map((payload) => payload as unknown as LibrarySession)
      .filter(({ loginTs }) => isSignedIn(account, loginTs))
      .map(({ uid, loginTs, iat, exp, browser, acr }) => ({
        ...{ id: uid, signedInAt: (loginTs ?? 0) * 1000, lastUsedAt: iat * 1000 },
        ...{ expiresAt: exp * 1000, browser: browser ?? '', acr: acr ?? null },
      }))
      .toSorted((one, other) => other.lastUsedAt - one.lastUsedAt);
  }

  /** Undefined: it is not there, or not theirs. */
  async endOne(account: StoredAccount, id: string): Promise<StandingSession | undefined> {
    const ended = (await this.list(account)).find((session) => session.id === id);
    if (ended !== undefined) await (await this.#ports.provider.Session.findByUid(id))?.destroy();
    return ended;
  }

  async endAll(account: StoredAccount): Promise<void> {
    const { provider, accounts } = this.#ports;
    const standing = await this.list(account);
    // First of all: it holds for those that begin meanwhile, and whatever happens to the rest.
    await accounts.signOutEverywhere(account.id);
    for (const { id } of standing) await (await provider.Session.findByUid(id))?.destroy();
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

/** With each session stays by which browser it was used last: people know by that which one is theirs. */
export function rememberBrowsers({ Session }: Provider): void {
  const names = (Session as unknown as { readonly IN_PAYLOAD: readonly string[] }).IN_PAYLOAD;
  Object.defineProperty(Session, 'IN_PAYLOAD', { value: [...names, 'browser'] });
  const { save } = Session.prototype;
  Session.prototype.save = function saveWithBrowser(this: LibrarySession, ...given) {
    const request = Provider.ctx?.req;
    if (request !== undefined) this.browser = browserOf(request);
    return save.apply(this, given);
  };
}
