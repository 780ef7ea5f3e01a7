import type {
  AccountLanguage,
  AccountNoticeStore,
  StoredAccount,
} from '../../access/accounts/index.ts';
import type { FederatedProvider, IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { AccountDoor } from '../account/account-door.ts';
import type { BrowserSessions, SignedIn } from '../account/browser-sessions.ts';
import { PLACES, placeOf } from '../account/places.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { sendPage } from '../pages/page.ts';
import {
  formOf,
  type Handle,
  isOwnPage,
  NOBODY,
  type PageCall,
  sendTo,
} from '../pages/page-call.ts';
import { errorPage } from '../pages/pages.ts';
import { leavingPage, notSignedInPage } from '../pages/provider-pages.ts';
import type { NotSignedIn } from '../pages/provider-words.ts';
import type { Provider } from '../protocol/library.ts';
import { interactionOf, languageFor } from '../sign-in/interaction.ts';
import { askedOf, type OwnWays } from './asked-levels.ts';
import type { FederatedProviders } from './federated-providers.ts';
import type { ForeignPerson, ForeignSignIn, Wish } from './foreign-sign-in.ts';
import type { Identities } from './identities.ts';
import { ProviderFailure } from './provider-failure.ts';
import type { FederationRequest, FederationRequests, Purpose } from './requests.ts';

export interface FederationPagesPorts {
  readonly snapshot: IssuerSnapshot;
  /** The protocol. */
  readonly provider: Provider;
  readonly providers: FederatedProviders;
  readonly foreign: ForeignSignIn;
  readonly requests: FederationRequests;
  readonly identities: Identities;
  readonly own: OwnWays;
  readonly sessions: Pick<BrowserSessions, 'begin' | 'read'>;
  readonly door: AccountDoor;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  /** So that the provider can end what comes of it. */
  readonly remember: (person: ForeignPerson, account: string) => Promise<void>;
}

const STATUS: Readonly<Record<NotSignedIn, number>> = {
  ...{ provider_unavailable: 503, provider_answer_wrong: 400, identity_taken: 409 },
  ...{ provider_refused: 403, provider_not_fresh: 403, provider_too_weak: 403 },
  provider_unlinked: 403,
};

/** Where people leave for another provider, and where they come back. */
export class FederationPages {
  readonly #ports: FederationPagesPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: FederationPagesPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
    this.#handlers = {
      signInElsewhere: (asked) => this.#forApplication(asked),
      signInToAccountElsewhere: (asked) => this.#forAccount(asked),
      linkIdentity: ports.door.freshAct('credentials', (asked, who) => this.#forLink(asked, who)),
      comeBackFromProvider: (asked) => this.#comeBack(asked),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #forApplication(asked: PageCall): Promise<ToldOfCall> {
    const interaction = isOwnPage(asked, this.#ports.snapshot)
      ? await interactionOf(this.#ports.provider, asked)
      : null;
    if (interaction?.prompt.name !== 'login') return this.#over(asked);
    const { uid, params } = interaction;
    const { levels, isAgain, maxAge } = askedOf(interaction);
    const language = languageFor(asked.request, interaction);
    const wish = { levels, isAgain, maxAge, language };
    const told = await this.#leave(asked, { ...wish, purpose: { kind: 'application', uid } });
    return { ...told, client: String(params['client_id']) };
  }

  async #forAccount(asked: PageCall): Promise<ToldOfCall> {
    if (!isOwnPage(asked, this.#ports.snapshot)) return this.#over(asked);
    const isAgain = (await this.#ports.sessions.read(asked)) !== null;
    const purpose = { kind: 'account', place: placeOf(asked) } as const;
    const language = languageFor(asked.request);
    return this.#leave(asked, { levels: [], isAgain, maxAge: null, language, purpose });
  }

  async #forLink(asked: PageCall, { account, session }: SignedIn): Promise<ToldOfCall> {
    const purpose = { kind: 'link', account: account.id, session } as const;
    const language = languageFor(asked.request);
    const wish = { levels: [], isAgain: false, maxAge: null, language, purpose };
    return { ...(await this.#leave(asked, wish)), subject: account.id };
  }

  async #leave(asked: PageCall, wish: Wish): Promise<ToldOfCall> {
    const { providers, foreign } = this.#ports;
    const provider = providers.byId(formOf(asked).get('provider') ?? '');
    if (provider === undefined) return this.#over(asked);
    try {
      const url = await foreign.begin(asked, provider, wish);
      asked.response.setHeader('refresh', `0; url=${url.href}`);
      const page = leavingPage(wish.language, provider, url);
      await sendPage(asked.response, 200, page, this.#isSecure);
      return NOBODY;
    } catch (error) {
      return this.#notSignedIn(asked, provider, wish, failureIn(error));
    }
  }

  async #comeBack(asked: PageCall): Promise<ToldOfCall> {
    const { requests, providers, foreign } = this.#ports;
    const answer = new URL(asked.request.url ?? '', 'http://here').searchParams;
    const request = await requests.take(asked, answer.get('state') ?? '');
    const provider = providers.byId(asked.call.decision.pathValues[0] ?? '');
    if (request === null || provider === undefined) return this.#over(asked);
    try {
      // RFC 9700 §4.4: whoever was sent to one does not come back from another.
      if (request.provider !== provider.id || request.issuer !== provider.issuer) {
        throw new ProviderFailure('provider_answer_wrong', 'it is the answer to another provider');
      }
      const person = await foreign.finish(provider, request, answer);
      const told = await this.#letIn(asked, provider, request, person);
      return { ...told, reason: `at ${provider.id}` };
    } catch (error) {
      return this.#notSignedIn(asked, provider, request, failureIn(error));
    }
  }

  #letIn(
    asked: PageCall,
    provider: FederatedProvider,
    { purpose, language }: FederationRequest,
    person: ForeignPerson,
  ): Promise<ToldOfCall> {
    const find = () => this.#accountOf(provider, person, language);
    switch (purpose.kind) {
      case 'application':
        return this.#toApplication(asked, purpose.uid, person, find);
      case 'account':
        return this.#toAccount(asked, purpose, person, find);
      case 'link':
        return this.#link(asked, purpose, provider, person);
      default:
        return purpose satisfies never;
    }
  }

  async #toApplication(
    asked: PageCall,
    uid: string,
    person: ForeignPerson,
    find: () => Promise<StoredAccount>,
  ): Promise<ToldOfCall> {
    const { provider: protocol, own } = this.#ports;
    const interaction = await interactionOf(protocol, asked, uid);
    if (interaction?.prompt.name !== 'login') return this.#over(asked);
    const account = await find();
    const wanted = askedOf(interaction);
    if (await own.isTooWeak(account, person.acr, wanted)) {
      throw new ProviderFailure('provider_too_weak', `it said acr ${person.acr}`);
    }
    await this.#ports.remember(person, account.id);
    const login = { accountId: account.id, ...shownBy(person) };
    await protocol.interactionFinished(asked.request, asked.response, { login } as never);
    const client = String(interaction.params['client_id']);
    return { client, subject: account.id, error: null };
  }

  async #toAccount(
    asked: PageCall,
    { place }: Extract<Purpose, { kind: 'account' }>,
    person: ForeignPerson,
    find: () => Promise<StoredAccount>,
  ): Promise<ToldOfCall> {
    const account = await find();
    await this.#ports.remember(person, account.id);
    await this.#ports.sessions.begin(asked, account, shownBy(person));
    sendTo(asked, PLACES[place]);
    return { ...NOBODY, subject: account.id };
  }

  /** Whoever began it is still the one who is signed in, in the same session. */
  async #link(
    asked: PageCall,
    purpose: Extract<Purpose, { kind: 'link' }>,
    provider: FederatedProvider,
    person: ForeignPerson,
  ): Promise<ToldOfCall> {
    const { sessions, identities, notices } = this.#ports;
    const who = await sessions.read(asked);
    const isStill = who?.account.id === purpose.account && who.session === purpose.session;
    if (who === null || !isStill) return this.#over(asked);
    const linked = await identities.link(who.account.id, provider, person);
    if (linked === 'taken') throw new ProviderFailure('identity_taken', 'it is linked already');
    if (linked === 'linked') await notices.add(who.account.id, 'identity-added');
    sendTo(asked, PLACES.credentials);
    return { ...NOBODY, subject: who.account.id };
  }

  async #accountOf(
    provider: FederatedProvider,
    person: ForeignPerson,
    language: AccountLanguage,
  ): Promise<StoredAccount> {
    const account = await this.#ports.identities.accountOf(provider, person, language);
    // Whoever is disabled hears what everybody hears who is not known.
    if (account === undefined) throw new ProviderFailure('provider_unlinked', 'nobody is linked');
    return account;
  }

  async #notSignedIn(
    asked: PageCall,
    provider: FederatedProvider,
    { purpose, language }: Pick<FederationRequest, 'purpose' | 'language'>,
    { code, message }: ProviderFailure,
  ): Promise<ToldOfCall> {
    const { response, call } = asked;
    const why = { provider, code, call: call.id, back: waysOf(purpose) };
    await sendPage(response, STATUS[code], notSignedInPage(language, why), this.#isSecure);
    return { ...NOBODY, error: code, reason: `${provider.id}: ${message}` };
  }

  async #over({ request, response, call }: PageCall): Promise<ToldOfCall> {
    const page = errorPage(languageFor(request), call.id, 'over');
    await sendPage(response, 400, page, this.#isSecure);
    return { ...NOBODY, error: 'interaction_over' };
  }
}

/** Anything else is a fault of ours. */
function failureIn(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  throw error;
}

function shownBy({ acr, amr, signedInAt, issuer, subject, sid }: ForeignPerson) {
  return { acr, amr: [...amr], ts: signedInAt, federated: { issuer, subject, sid } };
}

/** Where somebody finds another way. */
function waysOf(purpose: Purpose): string {
  const ways = {
    application: () => `/sign-in/${(purpose as { uid: string }).uid}`,
    account: () => `/account/sign-in?to=${(purpose as { place: string }).place}`,
    link: () => PLACES.credentials,
  };
  return ways[purpose.kind]();
}
