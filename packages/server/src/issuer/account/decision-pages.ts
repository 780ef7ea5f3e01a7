import { randomInt } from 'node:crypto';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { Decided, Decisions, Pending } from '../decisions/index.ts';
import type { DetailTypes } from '../details/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { shownDetail } from '../pages/detail-words.ts';
import { sendPage } from '../pages/page.ts';
import { type Handle, jsonOf, type PageCall, sendJson } from '../pages/page-call.ts';
import { rightsIn } from '../pages/rights.ts';
import { languageOf, words } from '../pages/words.ts';
import { OWN_SCOPES, PERSONAL_SCOPES } from '../protocol/client-metadata.ts';
import type { AccountDoor } from './account-door.ts';
import type { SignedIn } from './browser-sessions.ts';
import {
  decidedPage,
  decisionPage,
  nothingAskedPage,
  type ShownDecision,
} from './decision-views.ts';

export interface DecisionPagesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly door: AccountDoor;
  readonly decisions: Decisions;
  readonly details: DetailTypes;
  readonly clients: Pick<ClientStore, 'show'>;
}

/** Where somebody decides about what an application asked for on another device. */
export class DecisionPages {
  readonly #ports: DecisionPagesPorts;
  readonly #isSecure: boolean;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: DecisionPagesPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
    const { door } = ports;
    this.#handlers = {
      showDecision: door.page('decision', (asked, who) => this.#show(asked, who)),
      refuseDecision: door.act('decision', (asked, who) => this.#refuse(asked, who)),
      beginDecision: door.act('decision', (asked, who) => this.#begin(asked, who)),
      finishDecision: door.act('decision', (asked, who) => this.#finish(asked, who)),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #show(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const pending = await this.#ports.decisions.pending(account.id);
    const language = languageFor(asked);
    const page =
      pending === undefined
        ? nothingAskedPage(language)
        : decisionPage(language, await this.#shown(pending, language));
    await sendPage(asked.response, 200, page, this.#isSecure);
    return { client: pending?.clientId ?? null };
  }

  async #refuse(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const { decisions } = this.#ports;
    const pending = await decisions.pending(account.id);
    const decided = pending === undefined ? 'over' : await decisions.refuse(pending);
    await sendPage(asked.response, 200, decidedPage(languageFor(asked), decided), this.#isSecure);
    return toldOf(decided, pending);
  }

  async #begin(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const { decisions } = this.#ports;
    const pending = await decisions.pending(account.id);
    if (pending === undefined) return this.#say(asked, 400, 'over', pending);
    sendJson(asked, 200, await decisions.approvalOptions(pending));
    return { client: pending.clientId };
  }

  async #finish(asked: PageCall, { account }: SignedIn): Promise<Partial<ToldOfCall>> {
    const { decisions } = this.#ports;
    const pending = await decisions.pending(account.id);
    if (pending === undefined) return this.#say(asked, 400, 'over', pending);
    const { credential = {}, number } = jsonOf(asked);
    const decided = await decisions.approve(pending, credential, number);
    if (decided === 'failed') return this.#say(asked, 401, decided, pending);
    if (decided === 'over') return this.#say(asked, 400, decided, pending);
    sendJson(asked, 200, { done: words[languageFor(asked)][decided] });
    return toldOf(decided, pending);
  }

  #say(asked: PageCall, status: number, decided: 'over' | 'failed', pending: Pending | undefined) {
    const say = words[languageFor(asked)];
    sendJson(asked, status, { said: decided === 'over' ? say.nothingAsked : say.failed });
    return toldOf(decided, pending);
  }

  async #shown(pending: Pending, language: keyof typeof words): Promise<ShownDecision> {
    const { clients, details, snapshot } = this.#ports;
    const { scopes, resources, message, number } = pending;
    const own = scopes.filter((one) => OWN_SCOPES.includes(one) || PERSONAL_SCOPES.includes(one));
    const ofApis = snapshot.resources.filter(({ identifier }) => resources.includes(identifier));
    const apis = Object.fromEntries(
      ofApis.map(({ identifier, scopes: offered }) => [
        identifier,
        scopes.filter((one) => offered.includes(one)),
      ]),
    );
    const client = await clients.show(pending.clientId);
    return {
      client: client?.name ?? pending.clientId,
      message,
      rights: rightsIn(language, snapshot, { own, apis }),
      details: pending.details.map((one) =>
        shownDetail(language, one, details.find(one.type)?.titles ?? null),
      ),
      numbers: number === null ? [] : numbersWith(number),
    };
  }
}

function toldOf(decided: Decided, pending: Pending | undefined): Partial<ToldOfCall> {
  const codes = { approved: null, refused: 'access_denied' } as const;
  const others = { over: 'interaction_over', failed: 'passkey_refused' } as const;
  return { client: pending?.clientId ?? null, error: { ...codes, ...others }[decided] };
}

const NUMBERS = 3;

/** The one that the application shows, among others: whoever did not ask can only guess. */
function numbersWith(number: string): string[] {
  const numbers = new Set([number]);
  while (numbers.size < NUMBERS) numbers.add(String(randomInt(10, 100)));
  return [...numbers].toSorted();
}

function languageFor({ request }: PageCall): keyof typeof words {
  return languageOf(request.headers['accept-language']);
}
