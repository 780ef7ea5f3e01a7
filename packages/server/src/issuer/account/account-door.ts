import type { CredentialStore } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { sendPage } from '../pages/page.ts';
import { type Handle, isOwnPage, NOBODY, type PageCall, sendTo } from '../pages/page-call.ts';
import { errorPage } from '../pages/pages.ts';
import { languageOf } from '../pages/words.ts';
import { PASSKEY_ACR } from '../sign-in/sign-in.ts';
import type { BrowserSessions, SignedIn } from './browser-sessions.ts';
import type { Place } from './places.ts';

export interface AccountDoorPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'origin' | 'passwords'>;
  readonly sessions: Pick<BrowserSessions, 'read'>;
  readonly credentials: Pick<CredentialStore, 'list'>;
  readonly now: () => number;
}

/** Whoever is at the desk of somebody who went for a coffee changes nothing of how they come in. */
const FRESH_MS = 300_000;

type Work = (asked: PageCall, who: SignedIn) => Promise<Partial<ToldOfCall>>;

/** Lets in whoever is signed in. Others are sent to sign in, and come back. */
export class AccountDoor {
  readonly #ports: AccountDoorPorts;

  constructor(ports: AccountDoorPorts) {
    this.#ports = ports;
  }

  /** A page to look at. */
  page(place: Place, work: Work): Handle {
    return this.#guard(place, work, { isAct: false, isFresh: false });
  }

  /** What is sent from a page of ours. */
  act(place: Place, work: Work): Handle {
    return this.#guard(place, work, { isAct: true, isFresh: false });
  }

  /** The same for whoever has shown a moment ago who they are. */
  freshPage(place: Place, work: Work): Handle {
    return this.#guard(place, work, { isAct: false, isFresh: true });
  }

  freshAct(place: Place, work: Work): Handle {
    return this.#guard(place, work, { isAct: true, isFresh: true });
  }

  /**
   * Five minutes, and with a passkey by whoever has one: what is guessed or phished opens no lasting way in. What another
   * provider says does for whoever has nothing of their own here.
   */
  async isFresh({ account, signedInAt, acr, isFederated }: SignedIn): Promise<boolean> {
    const { snapshot, credentials, now } = this.#ports;
    // Ask for the allowed side, so that a NaN is not fresh.
    if (!(now() - signedInAt <= FRESH_MS)) return false;
    if (acr === PASSKEY_ACR && !isFederated) return true;
    const kinds = (await credentials.list(account.id)).map(({ kind }) => kind);
    const hasBoth = snapshot.passwords && kinds.includes('password') && kinds.includes('totp');
    return !kinds.includes('passkey') && !(isFederated && hasBoth);
  }

  #guard(place: Place, work: Work, needs: { isAct: boolean; isFresh: boolean }): Handle {
    return async (asked) => {
      const { snapshot, sessions } = this.#ports;
      if (needs.isAct && !isOwnPage(asked, snapshot)) return this.#refuseOther(asked);
      const who = await sessions.read(asked);
      if (who === null || (needs.isFresh && !(await this.isFresh(who)))) {
        sendTo(asked, `/account/sign-in?to=${place}`);
        return { ...NOBODY, subject: who?.account.id ?? null, error: 'login_required' };
      }
      return { ...NOBODY, subject: who.account.id, ...(await work(asked, who)) };
    };
  }

  async #refuseOther({ request, response, call }: PageCall): Promise<ToldOfCall> {
    const language = languageOf(request.headers['accept-language']);
    const isSecure = this.#ports.snapshot.origin.startsWith('https:');
    await sendPage(response, 403, errorPage(language, call.id, 'over'), isSecure);
    return { ...NOBODY, error: 'other_origin' };
  }
}
