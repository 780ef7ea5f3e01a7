import type {
  AccountNoticeStore,
  AccountStore,
  StoredAccount,
} from '../../access/accounts/index.ts';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { readAsset } from '../pages/assets.ts';
import { browserOf } from '../pages/browser.ts';
import { sendPage } from '../pages/page.ts';
import {
  type Handle,
  isOwnPage,
  jsonOf,
  NOBODY,
  type PageCall,
  sendJson,
} from '../pages/page-call.ts';
import { enrolPage, errorPage, signInPage } from '../pages/pages.ts';
import { words } from '../pages/words.ts';
import type { Provider } from '../protocol/library.ts';
import type { Consent } from './consent.ts';
import { interactionOf, languageFor, say } from './interaction.ts';
import type { KnownDevices } from './known-devices.ts';
import type { Passkeys } from './passkeys.ts';

export interface SignInPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly accounts: AccountStore;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly passkeys: Passkeys;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  readonly consent: Consent;
  readonly known: Pick<KnownDevices, 'remember'>;
}

/** OpenID Connect EAP ACR Values: resistant to phishing, because a passkey holds for one host alone. */
export const PASSKEY_ACR = 'phr';
export const PASSKEY_SHOWN = { acr: PASSKEY_ACR, amr: ['swk', 'user'] } as const;

/** The pages of people: they enrol, sign in, and say yes or no. */
export class SignIn {
  readonly #ports: SignInPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>> = {
    showEnrolment: (asked) => this.#showEnrolment(asked),
    beginEnrolment: (asked) => this.#beginEnrolment(asked),
    finishEnrolment: (asked) => this.#finishEnrolment(asked),
    showSignIn: (asked) => this.#showSignIn(asked),
    beginSignIn: (asked) => this.#beginSignIn(asked),
    finishSignIn: (asked) => this.#finishSignIn(asked),
    decideConsent: (asked) => this.#ports.consent.decide(asked),
    beginApproval: (asked) => this.#ports.consent.beginApproval(asked),
    finishApproval: (asked) => this.#ports.consent.finishApproval(asked),
    readAsset: (asked) => this.#readAsset(asked),
  };

  constructor(ports: SignInPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
  }

  /** Null: it is the protocol's. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #showEnrolment({ request, response }: PageCall): Promise<ToldOfCall> {
    await sendPage(response, 200, enrolPage(languageFor(request)), this.#isSecure);
    return NOBODY;
  }

  async #beginEnrolment(asked: PageCall): Promise<ToldOfCall> {
    if (!this.#isOwnPage(asked)) return say(asked, 403, 'failed', 'other_origin');
    const account = await this.#linked(jsonOf(asked));
    if (account === null) return say(asked, 403, 'linkOver', 'invalid_link');
    sendJson(asked, 200, await this.#ports.passkeys.enrolmentOptions(account));
    return NOBODY;
  }

  /** The passkey is verified before the link is used up: whoever fails tries again. Of two at once one is let in. */
  async #finishEnrolment(asked: PageCall): Promise<ToldOfCall> {
    if (!this.#isOwnPage(asked)) return say(asked, 403, 'failed', 'other_origin');
    const { accounts, passkeys } = this.#ports;
    const body = jsonOf(asked);
    const account = await this.#linked(body);
    if (account === null) return say(asked, 403, 'linkOver', 'invalid_link');
    const passkey = await passkeys.verifyNew(account, body.credential ?? {});
    if (passkey === null) return say(asked, 422, 'failed', 'passkey_refused');
    if (!(await accounts.useLink(String(body.link)))) {
      return say(asked, 403, 'linkOver', 'invalid_link');
    }
    const label = browserOf(asked.request);
    if (!(await passkeys.keep(account, passkey, label))) {
      return say(asked, 422, 'failed', 'passkey_refused');
    }
    await this.#ports.notices.add(account.id, 'passkey-added');
    sendJson(asked, 200, { done: words[languageFor(asked.request)].enrolled });
    return { ...NOBODY, subject: account.id };
  }

  async #showSignIn(asked: PageCall): Promise<ToldOfCall> {
    const { request, response, call } = asked;
    const interaction = await interactionOf(this.#ports.provider, asked);
    const language = languageFor(request, interaction ?? {});
    if (interaction === null) {
      await sendPage(response, 400, errorPage(language, call.id, 'over'), this.#isSecure);
      return { ...NOBODY, error: 'interaction_over' };
    }
    const { uid, prompt, params } = interaction;
    const client = await this.#ports.clients.show(String(params['client_id']));
    if (prompt.name === 'consent' && client !== undefined) {
      const page = this.#ports.consent.pageFor(interaction, client, asked);
      await sendPage(response, 200, page, this.#isSecure);
    } else {
      const { passwords, federation: providers } = this.#ports.snapshot;
      const wish = { uid, client: client?.name ?? null, passwords, providers };
      const page = signInPage(language, wish);
      await sendPage(response, 200, page, this.#isSecure);
    }
    return { ...NOBODY, client: client?.id ?? null };
  }

  async #beginSignIn(asked: PageCall): Promise<ToldOfCall> {
    if (!this.#isOwnPage(asked)) return say(asked, 403, 'failed', 'other_origin');
    if ((await interactionOf(this.#ports.provider, asked)) === null) {
      return say(asked, 400, 'over', 'interaction_over');
    }
    sendJson(asked, 200, await this.#ports.passkeys.signInOptions());
    return NOBODY;
  }

  async #finishSignIn(asked: PageCall): Promise<ToldOfCall> {
    if (!this.#isOwnPage(asked)) return say(asked, 403, 'failed', 'other_origin');
    const interaction = await interactionOf(this.#ports.provider, asked);
    if (interaction === null) return say(asked, 400, 'over', 'interaction_over');
    const { passkeys, accounts, provider } = this.#ports;
    const accountId = await passkeys.signIn(jsonOf(asked).credential ?? {});
    const account = accountId === null ? undefined : await accounts.show(accountId);
    // Whoever is disabled hears what everybody hears whose passkey is not known.
    if (account === undefined || account.disabledAt !== null) {
      return say(asked, 401, 'failed', 'passkey_refused', interaction);
    }
    const { request, response } = asked;
    const login = { accountId: account.id, ...PASSKEY_SHOWN, amr: [...PASSKEY_SHOWN.amr] };
    const location = await provider.interactionResult(request, response, { login });
    if (this.#ports.snapshot.passwords) this.#ports.known.remember(response, account.login);
    sendJson(asked, 200, { location });
    return { client: String(interaction.params['client_id']), subject: account.id, error: null };
  }

  async #readAsset({ call, response }: PageCall): Promise<ToldOfCall> {
    const asset = readAsset(call.decision.pathValues[0] ?? '');
    if (asset === null) response.statusCode = 404;
    else {
      response.setHeader('content-type', asset.type);
      response.setHeader('cache-control', 'public, max-age=300');
      response.setHeader('x-content-type-options', 'nosniff');
    }
    response.end(asset?.bytes);
    return NOBODY;
  }

  async #linked({ link }: { readonly link?: unknown }): Promise<StoredAccount | null> {
    if (typeof link !== 'string') return null;
    const { accounts } = this.#ports;
    const found = await accounts.linkOf(link);
    const account = found === undefined ? undefined : await accounts.show(found.accountId);
    return account === undefined || account.disabledAt !== null ? null : account;
  }

  #isOwnPage(asked: PageCall): boolean {
    return isOwnPage(asked, this.#ports.snapshot);
  }
}
