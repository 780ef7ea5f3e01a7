import type {
  AccountNoticeStore,
  AccountStore,
  CredentialKind,
  CredentialStore,
  ForeignIdentity,
  LeftCredential,
  RecoveryCodeStore,
  StoredCredential,
} from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { browserOf } from '../pages/browser.ts';
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
import { errorPage } from '../pages/pages.ts';
import { languageOf, words } from '../pages/words.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import type { AccountDoor } from './account-door.ts';
import {
  credentialsPage,
  newPasskeyPage,
  recoverPage,
  recoveryCodesPage,
  type Said,
} from './account-views.ts';
import { accountWords } from './account-words.ts';
import type { BrowserSessions, SignedIn } from './browser-sessions.ts';
import { PLACES } from './places.ts';

export interface CredentialPagesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly door: AccountDoor;
  readonly passkeys: Pick<Passkeys, 'enrolmentOptions' | 'verifyNew' | 'keep'>;
  readonly accounts: Pick<AccountStore, 'show' | 'issueLink'>;
  readonly credentials: Pick<CredentialStore, 'list' | 'remove'>;
  readonly recoveryCodes: Pick<RecoveryCodeStore, 'make' | 'left' | 'use'>;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  readonly sessions: Pick<BrowserSessions, 'endFederated'>;
  readonly now: () => number;
}

/** DESIGN: a link that lets somebody in lives for a quarter of an hour. */
const LINK_LIFE_MS = 900_000;

/** Where people see and change what they sign in with. */
export class CredentialPages {
  readonly #ports: CredentialPagesPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: CredentialPagesPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
    const { door } = ports;
    this.#handlers = {
      showCredentials: door.page('credentials', (asked, who) => this.#show(asked, who, null)),
      removeCredential: door.freshAct('credentials', (asked, who) => this.#remove(asked, who)),
      showNewPasskey: door.freshPage('passkey', (asked) => this.#showNewPasskey(asked)),
      beginNewPasskey: door.freshAct('passkey', (asked, who) => this.#beginNewPasskey(asked, who)),
      finishNewPasskey: door.freshAct('passkey', (asked, who) =>
        this.#finishNewPasskey(asked, who),
      ),
      showRecoveryCodes: door.page('recovery-codes', (asked, who) =>
        this.#showRecoveryCodes(asked, who),
      ),
      makeRecoveryCodes: door.freshAct('recovery-codes', (asked, who) =>
        this.#makeRecoveryCodes(asked, who),
      ),
      showRecovery: (asked) => this.#showRecovery(asked, 200),
      recoverAccount: (asked) => this.#recover(asked),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #show(asked: PageCall, { account }: SignedIn, said: Said) {
    const known = await this.#ports.credentials.list(account.id);
    const { passwords, federation: providers } = this.#ports.snapshot;
    const shown = { said, passwords, providers };
    await this.#send(asked, 200, credentialsPage(languageFor(asked), known, shown));
    return {};
  }

  async #remove(asked: PageCall, who: SignedIn) {
    const { credentials, notices, snapshot, now } = this.#ports;
    const { id: account } = who.account;
    const id = formOf(asked).get('credential') ?? '';
    const say = accountWords[languageFor(asked)];
    const all = await credentials.list(account);
    const known = all.find((one) => one.id === id);
    if (known === undefined) return this.#show(asked, who, say.endedBefore);
    const outcome = await credentials.remove(account, id, (left) => isEnough(left, all, snapshot));
    if (outcome === 'needed') {
      await this.#show(asked, who, say.needed);
      return { error: 'credential_needed' };
    }
    if (outcome === 'absent') return this.#show(asked, who, say.endedBefore);
    await notices.add(account, `${known.kind}-removed`);
    if (known.kind === 'identity') await this.#endSessionsOf(who, known);
    return this.#show(asked, who, say.removed(timeIn(languageFor(asked), now())));
  }

  /** Whoever has somebody's account elsewhere has nothing here from now on. */
  async #endSessionsOf({ account }: SignedIn, { data }: StoredCredential): Promise<void> {
    const { issuer, subject } = data as unknown as ForeignIdentity;
    await this.#ports.sessions.endFederated(account, { issuer, subject, sid: null });
  }

  async #showNewPasskey(asked: PageCall) {
    await this.#send(asked, 200, newPasskeyPage(languageFor(asked)));
    return {};
  }

  async #beginNewPasskey(asked: PageCall, { account }: SignedIn) {
    sendJson(asked, 200, await this.#ports.passkeys.enrolmentOptions(account));
    return {};
  }

  async #finishNewPasskey(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const { passkeys, notices } = this.#ports;
    const passkey = await passkeys.verifyNew(account, jsonOf(asked).credential ?? {});
    const label = browserOf(asked.request);
    if (passkey === null || !(await passkeys.keep(account, passkey, label))) {
      sendJson(asked, 422, { said: words[languageFor(asked)].failed });
      return { error: 'passkey_refused' };
    }
    await notices.add(account.id, 'passkey-added');
    sendJson(asked, 200, { location: PLACES.credentials });
    return {};
  }

  async #showRecoveryCodes(asked: PageCall, { account }: SignedIn) {
    const left = await this.#ports.recoveryCodes.left(account.id);
    await this.#send(asked, 200, recoveryCodesPage(languageFor(asked), left, null));
    return {};
  }

  async #makeRecoveryCodes(asked: PageCall, { account }: SignedIn) {
    const { recoveryCodes, notices } = this.#ports;
    const codes = await recoveryCodes.make(account.id);
    await notices.add(account.id, 'recovery-made');
    await this.#send(asked, 200, recoveryCodesPage(languageFor(asked), codes.length, codes));
    return {};
  }

  async #showRecovery(asked: PageCall, status: 200 | 401): Promise<ToldOfCall> {
    await this.#send(asked, status, recoverPage(languageFor(asked), status === 401));
    return NOBODY;
  }

  /**
   * The code is used up, and becomes a link as an operator gives one: it opens once, and what stands behind it is one
   * page, on which a passkey is made.
   */
  async #recover(asked: PageCall): Promise<ToldOfCall> {
    const { snapshot, accounts, recoveryCodes, notices, now } = this.#ports;
    if (!isOwnPage(asked, snapshot)) {
      await this.#send(asked, 403, errorPage(languageFor(asked), asked.call.id, 'over'));
      return { ...NOBODY, error: 'other_origin' };
    }
    const id = await recoveryCodes.use(formOf(asked).get('code') ?? '');
    const account = id === undefined ? undefined : await accounts.show(id);
    if (account === undefined || account.disabledAt !== null) {
      await this.#showRecovery(asked, 401);
      return { ...NOBODY, error: 'recovery_refused' };
    }
    await notices.add(account.id, 'recovery-used');
    const link = await accounts.issueLink(account.id, 'recover', now() + LINK_LIFE_MS);
    sendTo(asked, `/enrol#${link}`);
    return { ...NOBODY, subject: account.id };
  }

  #send({ response }: PageCall, status: number, page: Page): Promise<void> {
    return sendPage(response, status, page, this.#isSecure);
  }
}

/**
 * With a passkey alone; a password needs a code, and a code a password. Whom another provider knows comes in while it is one
 * of ours.
 */
function isEnough(
  left: readonly LeftCredential[],
  known: readonly StoredCredential[],
  { passwords, federation }: Pick<IssuerSnapshot, 'passwords' | 'federation'>,
): boolean {
  const has = (wanted: CredentialKind) => left.some(({ kind }) => kind === wanted);
  const opens = known.flatMap(({ id, kind, data }) =>
    kind === 'identity' && federation.some(({ issuer }) => issuer === data['issuer']) ? [id] : [],
  );
  return (
    has('passkey') ||
    (passwords && has('password') && has('totp')) ||
    left.some(({ id }) => opens.includes(id))
  );
}

function languageFor({ request }: PageCall): keyof typeof words {
  return languageOf(request.headers['accept-language']);
}
