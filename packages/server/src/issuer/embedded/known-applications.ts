import type { AccountNoticeStore, StoredAccount } from '../../access/accounts/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';

export interface KnownApplicationPorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'remove'>;
  readonly notices: Pick<AccountNoticeStore, 'add'>;
  readonly now: () => number;
}

/** One installation of an application, by the key that never leaves it. */
export interface Installation {
  readonly client: string;
  readonly key: string;
}

/** By what somebody has signed in. */
export interface SignedInBy {
  /** Null: it was for one thing alone. */
  readonly grant: string | null;
  /** Null: it is that of a browser. */
  readonly session: string | null;
}

const KIND = 'KnownApplication';
const NOTHING: SignedInBy = { grant: null, session: null };
/** Whoever was away for half a year shows once more who they are. */
const LIFE_MS = 180 * 86_400_000;
/** Of nobody, so that as much is looked up for a name that is nobody's. */
const NOBODY_ID = 'account_nobody';

/**
 * By which installations somebody has signed in before: the first time on our own page, where they see where they are.
 * Nothing is given within others, and no password is looked at, so that whoever installs the application and guesses is
 * told nothing, about anybody.
 */
export class KnownApplications {
  readonly #ports: KnownApplicationPorts;

  constructor(ports: KnownApplicationPorts) {
    this.#ports = ports;
  }

  /** Signed out everywhere is also signed out here. */
  async isKnown(installation: Installation, account: StoredAccount | undefined): Promise<boolean> {
    const id = idOf(installation, account?.id ?? NOBODY_ID);
    const found = await this.#ports.artefacts.find(KIND, id);
    return account !== undefined && isStanding(account, found?.payload['since']);
  }

  /** What its person allowed it the last time; null: nobody knows. */
  async grantOf(installation: Installation, account: string): Promise<string | null> {
    const found = await this.#ports.artefacts.find(KIND, idOf(installation, account));
    const grant = found?.payload['grant'];
    return typeof grant === 'string' ? grant : null;
  }

  /** Its person is told of the first time. Resolves to a session that this one takes the place of; null: there is none. */
  async remember(
    installation: Installation,
    account: StoredAccount,
    { grant, session }: SignedInBy,
  ): Promise<string | null> {
    const { artefacts, notices, now } = this.#ports;
    const place = idOf(installation, account.id);
    const isNew = !(await this.isKnown(installation, account));
    const found = isNew ? undefined : await artefacts.find(KIND, place);
    const before = (found?.payload ?? NOTHING) as unknown as SignedInBy;
    const payload = {
      ...{ since: now(), grant: grant ?? before.grant, session: session ?? before.session },
    };
    const expiresAt = now() + LIFE_MS;
    await artefacts.put(KIND, place, { payload, account: account.id, expiresAt });
    if (isNew) await notices.add(account.id, 'application-new');
    return session === null || session === before.session ? null : before.session;
  }

  forget(installation: Installation, account: string): Promise<void> {
    return this.#ports.artefacts.remove(KIND, idOf(installation, account));
  }
}

/** To the millisecond: what was known in the moment of a sign-out is not known after it. */
function isStanding({ disabledAt, signedOutAt }: StoredAccount, since: unknown): boolean {
  return disabledAt === null && typeof since === 'number' && since > signedOutAt;
}

function idOf({ client, key }: Installation, account: string): string {
  return JSON.stringify([client, key, account]);
}
