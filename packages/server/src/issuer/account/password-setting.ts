import type { AccountNoticeStore, CredentialStore } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { type Page, sendPage } from '../pages/page.ts';
import { formOf, type Handle, type PageCall, sendTo } from '../pages/page-call.ts';
import { errorPage } from '../pages/pages.ts';
import { languageOf, type words } from '../pages/words.ts';
import { CODE_SECRET_BYTES, secretOf, stepOfCode } from '../sign-in/one-time-codes.ts';
import { HashingBusy, type PasswordHashes } from '../sign-in/password-hashes.ts';
import { faultOfPassword, normalPassword } from '../sign-in/password-rules.ts';
import { passwordWords } from '../sign-in/password-words.ts';
import type { AccountDoor } from './account-door.ts';
import type { SignedIn } from './browser-sessions.ts';
import { codeSettingPage, passwordSettingPage } from './password-setting-views.ts';
import { PLACES } from './places.ts';

export interface PasswordSettingPorts {
  readonly snapshot: IssuerSnapshot;
  readonly door: AccountDoor;
  readonly hashes: PasswordHashes;
  readonly credentials: Pick<CredentialStore, 'list' | 'put'>;
  readonly artefacts: Pick<ArtefactStore, 'find' | 'put' | 'remove'>;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
}

/** A key that is shown, until the first code shows that an app has it. */
const OFFER_KIND = 'CodeOffer';
const OFFER_LIFE_MS = 600_000;

/** Where people set a password and the codes that go with it. */
export class PasswordSetting {
  readonly #ports: PasswordSettingPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: PasswordSettingPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
    const { door } = ports;
    this.#handlers = {
      showPassword: door.freshPage('password', (asked) =>
        this.#wanted(asked, () => this.#show(asked, null)),
      ),
      setPassword: door.freshAct('password', (asked, who) =>
        this.#wanted(asked, () => this.#set(asked, who)),
      ),
      showCode: door.freshPage('code', (asked, who) =>
        this.#wanted(asked, () => this.#showCode(asked, who)),
      ),
      setCode: door.freshAct('code', (asked, who) =>
        this.#wanted(asked, () => this.#setCode(asked, who)),
      ),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  /** Only where a deployment has passwords at all. */
  async #wanted(
    asked: PageCall,
    work: () => Promise<Partial<ToldOfCall>>,
  ): Promise<Partial<ToldOfCall>> {
    if (this.#ports.snapshot.passwords) return work();
    await this.#send(asked, 404, errorPage(languageFor(asked), asked.call.id, 'over'));
    return { error: 'passwords_off' };
  }

  async #show(
    asked: PageCall,
    problem: string | null,
    status = problem === null ? 200 : 422,
  ): Promise<Partial<ToldOfCall>> {
    await this.#send(asked, status, passwordSettingPage(languageFor(asked), problem));
    return problem === null ? {} : { error: 'password_unfit' };
  }

  async #set(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const { credentials, notices } = this.#ports;
    const say = passwordWords[languageFor(asked)];
    const password = normalPassword(formOf(asked).get('password') ?? '');
    const fault = faultOfPassword(password, account.login);
    if (fault !== null) return this.#show(asked, say.faults[fault]);
    const hash = await this.#hashed(password);
    if (hash === null) {
      await this.#show(asked, say.busy, 503);
      return { error: 'temporarily_unavailable' };
    }
    const whose = { accountId: account.id, lookup: account.id, label: '' } as const;
    await credentials.put({ ...whose, kind: 'password', data: { hash } });
    await notices.add(account.id, 'password-set');
    const hasCode = (await credentials.list(account.id)).some(({ kind }) => kind === 'totp');
    // Alone it is nothing: its other half comes next.
    sendTo(asked, hasCode ? PLACES.credentials : PLACES.code);
    return {};
  }

  async #hashed(password: string): Promise<string | null> {
    const { hashes } = this.#ports;
    try {
      const place = hashes.enter();
      return await hashes.make(password).finally(() => place.release());
    } catch (error) {
      if (error instanceof HashingBusy) return null;
      throw error;
    }
  }

  async #showCode(asked: PageCall, who: SignedIn): Promise<Partial<ToldOfCall>> {
    await this.#sendCode(asked, who, await this.#offer(who), false);
    return {};
  }

  /** The code that shows that an app has the key is used with that: it does not sign in as well. */
  async #setCode(asked: PageCall, who: SignedIn): Promise<Partial<ToldOfCall>> {
    const { credentials, artefacts, notices, now } = this.#ports;
    const secret = await this.#offer(who);
    const step = stepOfCode(secret, formOf(asked).get('code') ?? '', now());
    if (step === null) {
      await this.#sendCode(asked, who, secret, true);
      return { error: 'code_refused' };
    }
    const { id } = who.account;
    const whose = { accountId: id, lookup: id, label: '' } as const;
    await credentials.put({ ...whose, kind: 'totp', data: { secret }, uses: step });
    await artefacts.remove(OFFER_KIND, who.session);
    await notices.add(id, 'totp-set');
    sendTo(asked, PLACES.credentials);
    return {};
  }

  /** The one that this session was shown, or another. */
  async #offer({ session, account }: SignedIn): Promise<string> {
    const { artefacts, random, now } = this.#ports;
    const known = (await artefacts.find(OFFER_KIND, session))?.payload['secret'];
    if (typeof known === 'string') return known;
    const secret = secretOf(random(CODE_SECRET_BYTES));
    const expiresAt = now() + OFFER_LIFE_MS;
    await artefacts.put(OFFER_KIND, session, {
      payload: { secret },
      expiresAt,
      account: account.id,
    });
    return secret;
  }

  #sendCode(asked: PageCall, { account }: SignedIn, secret: string, isWrong: boolean) {
    const issuer = new URL(this.#ports.snapshot.origin).hostname;
    const offer = { issuer, login: account.login, secret };
    const page = codeSettingPage(languageFor(asked), offer, isWrong);
    return this.#send(asked, isWrong ? 422 : 200, page);
  }

  #send({ response }: PageCall, status: number, page: Page): Promise<void> {
    return sendPage(response, status, page, this.#isSecure);
  }
}

function languageFor({ request }: PageCall): keyof typeof words {
  return languageOf(request.headers['accept-language']);
}
