import type { Provider } from './library.ts';

/** What an application had of a session. */
export interface GivenInSession {
  readonly sid?: string;
  readonly grantId?: string;
  /** It was asked for while nobody is there, too, and stays. */
  readonly persistsLogout?: boolean;
}

export interface EndedThere extends GivenInSession {
  readonly client: string;
}

/** What the types of the library leave out. */
interface ToldClient {
  backchannelLogout(account: string, sid: string): Promise<void>;
}

/** What applications had of it. */
export function givenIn(session: InstanceType<Provider['Session']>): readonly EndedThere[] {
  const given = Object.entries(session.authorizations ?? {});
  return given.map(([client, one]) => ({ client, ...(one as GivenInSession) }));
}

/**
 * OpenID Connect Back-Channel Logout 1.0 §2.5: applications that asked for it are told that a session of theirs is over, whoever
 * ended it. Nobody waits for them.
 */
export function tellApplications(
  { provider, onUntold }: TellPorts,
  account: string,
  ended: readonly EndedThere[],
): void {
  const tell = async ({ client: id, sid }: EndedThere) => {
    const client = await provider.Client.find(id);
    if (client?.backchannelLogoutUri === undefined) return;
    await (client as unknown as ToldClient).backchannelLogout(account, sid ?? '');
  };
  for (const one of ended) {
    tell(one).catch((error: unknown) => onUntold(one.client, error as Error));
  }
}

export interface TellPorts {
  readonly provider: Provider;
  /** An application could not be told. */
  readonly onUntold: (client: string, error: Error) => void;
}
