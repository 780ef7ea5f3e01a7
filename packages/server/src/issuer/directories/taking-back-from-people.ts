import type { AccountStore, TokenEnds } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { World } from '../../platform/world/index.ts';
import type { BrowserSessions } from '../account/browser-sessions.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { shownUntil } from '../taking-back.ts';

export interface TakingBackFromPeoplePorts {
  readonly snapshot: Pick<IssuerSnapshot, 'origin' | 'tokens'>;
  readonly accounts: Pick<AccountStore, 'lessen'>;
  readonly artefacts: Pick<ArtefactStore, 'remove' | 'removeGrant'>;
  readonly onLate: (error: NotEverywhereYet) => void;
  readonly sessions: Pick<BrowserSessions, 'clear'>;
  /** Throws NotEverywhereYet. */
  readonly whenEnforced: (what: string) => Promise<void>;
  readonly world: Pick<World, 'now'>;
}

/** What people had, whose directory says that they no longer have it. */
export class TakingBackFromPeople {
  readonly #ports: TakingBackFromPeoplePorts;

  constructor(ports: TakingBackFromPeoplePorts) {
    this.#ports = ports;
  }

  ends(): TokenEnds {
    const { snapshot, world } = this.#ports;
    const { origin: issuer, tokens } = snapshot;
    return { issuer, until: shownUntil(tokens, world.now()) };
  }

  /** Nobody is signed in by it, and no gate lets anything pass that came of it, when it resolves. Throws NotEverywhereYet. */
  async endAccount(id: string, grants: readonly string[]): Promise<void> {
    const { artefacts, sessions, whenEnforced } = this.#ports;
    await sessions.clear(id);
    for (const grant of grants) {
      await artefacts.removeGrant(grant);
      await artefacts.remove('Grant', grant);
    }
    await whenEnforced('an account');
  }

  /** Somebody may do less than before. It is kept; a gate that is silent hears of it as soon as it listens. */
  async lessen(account: string): Promise<void> {
    const { accounts, onLate } = this.#ports;
    await accounts.lessen([account], this.ends());
    await this.whenLessened().catch((error: unknown) => {
      if (!(error instanceof NotEverywhereYet)) throw error;
      onLate(error);
    });
  }

  /**
   * No gate lets pass what was given before to whoever has lost a role, by this request or by the one before, of which the
   * directory had no answer. Throws NotEverywhereYet.
   */
  whenLessened(): Promise<void> {
    return this.#ports.whenEnforced('a role');
  }

  /** The same of an account that is not there any more. Throws NotEverywhereYet. */
  whenGone(): Promise<void> {
    return this.#ports.whenEnforced('an account');
  }
}
