import { html } from 'hono/html';
import type { AccountLanguage, AccountNoticeStore } from '../../access/accounts/index.ts';
import type { OperatorStore } from '../../access/operators/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { OperatorRole } from '../../messages/operator-roles.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import { momentIn } from '../pages/moment.ts';
import { sendPage } from '../pages/page.ts';
import type { Handle, PageCall } from '../pages/page-call.ts';
import { languageOf } from '../pages/words.ts';
import { SESSION_LIFE_SECONDS } from '../protocol/grant-life.ts';
import type { AccountDoor } from './account-door.ts';
import { framed } from './account-views.ts';
import type { SignedIn } from './browser-sessions.ts';
import { operatorWords } from './operator-words.ts';
import { PLACES } from './places.ts';

export interface OperatorPagesPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'origin'>;
  readonly door: AccountDoor;
  readonly roles: Pick<RolesOfPeople, 'asOperator'>;
  readonly operators: Pick<OperatorStore, 'create'>;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  readonly now: () => number;
  /** What is stored is known to whoever decides by it. */
  readonly whenEnforced: () => Promise<void>;
}

/** A credential that was just made; null: none is shown. */
type Made = { readonly credential: string; readonly expiresAt: number } | null;

/**
 * Where people who run this server come by a credential for the admin API: by the same sign-in as everybody, with the
 * roles that their directory or their provider gives them.
 */
export class OperatorPages {
  readonly #ports: OperatorPagesPorts;
  readonly #handlers: Readonly<Record<string, Handle>>;

  constructor(ports: OperatorPagesPorts) {
    this.#ports = ports;
    const { door } = ports;
    this.#handlers = {
      showOperator: door.page('operator', (asked, who) => this.#show(asked, who)),
      makeOperatorCredential: door.freshAct('operator', (asked, who) => this.#make(asked, who)),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #show(asked: PageCall, { account }: SignedIn) {
    const roles = await this.#ports.roles.asOperator(account.id);
    await this.#send(asked, 200, roles, null);
    return {};
  }

  async #make(asked: PageCall, { account }: SignedIn) {
    const { roles: known, operators, notices, now } = this.#ports;
    const roles = await known.asOperator(account.id);
    if (roles.length === 0) {
      await this.#send(asked, 403, roles, null);
      return { error: 'access_denied' } as const;
    }
    const expiresAt = now() + SESSION_LIFE_SECONDS * 1000;
    // By the account: an erasure of the person leaves no name among operators.
    const wish = { name: account.id, accountId: account.id, roles, expiresAt };
    const { credential } = await operators.create(wish);
    // It is shown when it is good.
    await this.#ports.whenEnforced().catch(() => undefined);
    await notices.add(account.id, 'operator-credential');
    await this.#send(asked, 200, roles, { credential, expiresAt });
    return {};
  }

  #send(asked: PageCall, status: number, roles: readonly OperatorRole[], made: Made) {
    const language = languageOf(asked.request.headers['accept-language']);
    const isSecure = this.#ports.snapshot.origin.startsWith('https:');
    return sendPage(asked.response, status, operatorPage(language, roles, made), isSecure);
  }
}

function operatorPage(language: AccountLanguage, roles: readonly OperatorRole[], made: Made) {
  const say = operatorWords[language];
  const body =
    roles.length === 0
      ? html`<p>${say.mayNothing}</p>`
      : html`<p>${say.may}</p>
<ul>${roles.map((role) => html`<li><code>${role}</code></li>`)}</ul>
${made === null ? form(language) : shown(language, made)}`;
  return framed(language, { title: say.title, body });
}

function form(language: AccountLanguage) {
  const say = operatorWords[language];
  return html`<form method="post" action="${PLACES.operator}">
<p>${say.makeWhat}</p>
<button class="first">${say.make}</button>
</form>`;
}

function shown(language: AccountLanguage, { credential, expiresAt }: NonNullable<Made>) {
  const say = operatorWords[language];
  return html`<p>${say.once}</p>
<p><code>${credential}</code></p>
<p class="muted">${say.until} ${momentIn(language, expiresAt)}</p>`;
}
