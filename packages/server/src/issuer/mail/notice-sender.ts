import type {
  AccountNotice,
  AccountNoticeStore,
  AccountStore,
} from '../../access/accounts/index.ts';
import { notice } from '../../messages/notices.ts';
import type { Notify } from '../../platform/notices/index.ts';
import type { Timer, World } from '../../platform/world/index.ts';
import type { Letter } from './mailer.ts';
import { letterFor } from './notice-letter.ts';

export interface NoticeSenderPorts {
  readonly notices: Pick<AccountNoticeStore, 'due' | 'claim' | 'remove'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly world: Pick<World, 'now' | 'every'>;
  readonly notify: Notify;
}

/** Where it goes out. */
export interface Outlet {
  /** Of the pages that a mail names. */
  readonly origin: string;
  /** Throws MailFault, and nothing else. */
  readonly send: (letter: Letter) => Promise<void>;
}

const LOOK_EVERY_MS = 2_000;
const AT_ONCE = 20;
const MINUTE_MS = 60_000;
/** After the first try, the second … what is still not told then is no news. */
const AGAIN_MS = [1, 5, 15, 60, 240].map((minutes) => minutes * MINUTE_MS);
/** RFC 5321 §4.1.2, without what needs quotes: nothing that a parser could read as two. */
const ADDRESS = /^[^\s<>(),;:"\\[\]@\p{Cc}]{1,64}@[^\s<>(),;:"\\[\]@\p{Cc}]{1,189}$/u;

/**
 * Tells people by mail what happened to their account. What is to be told was written down with what happened; it is told
 * afterwards, so that nobody who signs in waits for a mail server.
 */
export class NoticeSender {
  readonly #ports: NoticeSenderPorts;
  #outlet: Outlet | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  #isAway = false;

  constructor(ports: NoticeSenderPorts) {
    this.#ports = ports;
  }

  /** From now on; null: nobody is told, and what waits is forgotten with its time. */
  use(outlet: Outlet | null): void {
    this.#outlet = outlet;
    this.#timer?.cancel();
    this.#timer = null;
    if (outlet !== null)
      this.#timer = this.#ports.world.every(LOOK_EVERY_MS, () => void this.look());
  }

  /** Done when what is under way is. */
  async close(): Promise<void> {
    this.use(null);
    await this.#looking;
  }

  /** One look at a time; whoever asks meanwhile waits for that one. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      // The database: it says so itself wherever it is asked, and is asked again.
      .catch(() => undefined)
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    for (const due of await this.#ports.notices.due(AT_ONCE)) {
      const outlet = this.#outlet;
      // A server that hangs holds up one of them, and is left alone until the next look.
      if (outlet === null || !(await this.#tell(due, outlet))) return;
    }
  }

  /** False: mails do not go out now. */
  async #tell(due: AccountNotice, outlet: Outlet): Promise<boolean> {
    const { notices, accounts, world } = this.#ports;
    const again = AGAIN_MS[due.attempts];
    // Before it is sent: two processes do not tell it twice, and one that dies has it told again.
    if (!(await notices.claim(due, world.now() + (again ?? MINUTE_MS)))) return true;
    const account = await accounts.show(due.accountId);
    const address = account?.email ?? null;
    if (account === undefined || address === null) {
      await notices.remove(due.id);
      return true;
    }
    if (!ADDRESS.test(address)) return this.#drop(due, 'its address is none that mail goes to');
    try {
      await outlet.send(letterFor(account, address, due, outlet.origin));
    } catch (error) {
      const { isRefused, message } = error as { isRefused?: boolean; message: string };
      if (isRefused === true || again === undefined) return this.#drop(due, message);
      this.#away(message);
      return false;
    }
    await notices.remove(due.id);
    this.#back();
    return true;
  }

  async #drop({ id, accountId }: AccountNotice, why: string): Promise<true> {
    const { notices, notify } = this.#ports;
    await notices.remove(id);
    notify(notice('mail_dropped', `a mail to the holder of ${accountId} was given up: ${why}`));
    return true;
  }

  /** Once, until it goes again. */
  #away(why: string): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#ports.notify(notice('mail_away', `mails cannot be sent: ${why}`));
  }

  #back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#ports.notify(notice('mail_back', 'mails are sent again'));
  }
}
