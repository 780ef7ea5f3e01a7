import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { BrowserSessions } from '../account/browser-sessions.ts';
import { PLACES, placeOf } from '../account/places.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { leadsTo, sendPage } from '../pages/page.ts';
import {
  formOf,
  type Handle,
  isOwnPage,
  NOBODY,
  type PageCall,
  sendTo,
} from '../pages/page-call.ts';
import { errorPage } from '../pages/pages.ts';
import type { Provider } from '../protocol/library.ts';
import { type Interaction, interactionOf, languageFor } from './interaction.ts';
import { HashingBusy } from './password-hashes.ts';
import { PASSWORD_SHOWN, type PasswordSignIn } from './password-sign-in.ts';
import { type PasswordForm, passwordSignInPage } from './password-views.ts';

export interface PasswordPagesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly passwords: PasswordSignIn;
  readonly sessions: Pick<BrowserSessions, 'begin'>;
}

const RETRY_AFTER_SECONDS = 30;

/** Where people sign in with a password and a code, where a deployment wants that: to an application, or to their account. */
export class PasswordPages {
  readonly #ports: PasswordPagesPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>> = {
    showPasswordSignIn: (asked) => this.#forApplication(asked, false),
    sendPasswordSignIn: (asked) => this.#forApplication(asked, true),
    showAccountPasswordSignIn: (asked) => this.#forAccount(asked, false),
    sendAccountPasswordSignIn: (asked) => this.#forAccount(asked, true),
  };

  constructor(ports: PasswordPagesPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #forApplication(asked: PageCall, isSent: boolean): Promise<ToldOfCall> {
    const { snapshot, provider } = this.#ports;
    const interaction = await interactionOf(provider, asked);
    const isWanted = snapshot.passwords && (!isSent || isOwnPage(asked, snapshot));
    if (!isWanted || interaction?.prompt.name !== 'login') return this.#over(asked, interaction);
    const { uid, params } = interaction;
    const client = String(params['client_id']);
    const at = `/sign-in/${uid}`;
    const known = await this.#ports.clients.show(client);
    const form = {
      ...{ path: `${at}/password`, passkeyPath: at },
      leadsTo: leadsTo(params['redirect_uri'], known?.page),
    };
    const found = isSent ? await this.#check(asked) : { problem: null };
    if ('problem' in found)
      return { ...(await this.#show(asked, form, found.problem, interaction)), client };
    const login = { accountId: found.account.id, ...PASSWORD_SHOWN, amr: [...PASSWORD_SHOWN.amr] };
    await provider.interactionFinished(asked.request, asked.response, { login });
    return { client, subject: found.account.id, error: null };
  }

  async #forAccount(asked: PageCall, isSent: boolean): Promise<ToldOfCall> {
    const { snapshot, sessions } = this.#ports;
    const isWanted = snapshot.passwords && (!isSent || isOwnPage(asked, snapshot));
    if (!isWanted) return this.#over(asked, null);
    const place = placeOf(asked);
    const at = '/account/sign-in';
    const form = { path: `${at}/password?to=${place}`, passkeyPath: `${at}?to=${place}` };
    const found = isSent ? await this.#check(asked) : { problem: null };
    if ('problem' in found) return this.#show(asked, form, found.problem);
    await sessions.begin(asked, found.account, PASSWORD_SHOWN);
    sendTo(asked, PLACES[place]);
    return { ...NOBODY, subject: found.account.id };
  }

  async #check(asked: PageCall) {
    const form = formOf(asked);
    const typed = (name: string) => form.get(name) ?? '';
    const wish = { login: typed('login'), password: typed('password'), code: typed('code') };
    try {
      const account = await this.#ports.passwords.check(asked, wish);
      return account === null ? { problem: 'failed' as const } : { account };
    } catch (error) {
      if (error instanceof HashingBusy) return { problem: 'busy' as const };
      throw error;
    }
  }

  async #show(
    { request, response }: PageCall,
    form: Omit<PasswordForm, 'problem'>,
    problem: PasswordForm['problem'],
    interaction: Interaction | undefined = undefined,
  ): Promise<ToldOfCall> {
    const status = { failed: 401, busy: 503 } as const;
    if (problem === 'busy') response.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
    const page = passwordSignInPage(languageFor(request, interaction), { ...form, problem });
    await sendPage(response, problem === null ? 200 : status[problem], page, this.#isSecure);
    const error = { failed: 'password_refused', busy: 'temporarily_unavailable' } as const;
    return { ...NOBODY, error: problem === null ? null : error[problem] };
  }

  async #over(
    { request, response, call }: PageCall,
    interaction: Interaction | null,
  ): Promise<ToldOfCall> {
    const page = errorPage(languageFor(request, interaction ?? {}), call.id, 'over');
    await sendPage(response, 400, page, this.#isSecure);
    return { ...NOBODY, error: 'interaction_over' };
  }
}
