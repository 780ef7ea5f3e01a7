import type { AccountStore, IdentityStore } from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { BrowserSessions } from '../account/browser-sessions.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { formOf, NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import type { FederatedProviders } from './federated-providers.ts';
import type { ForeignPerson } from './foreign-sign-in.ts';
import type { LogoutTokens, SignedOutThere } from './logout-tokens.ts';
import { ProviderFailure } from './provider-failure.ts';

export interface SignOutTherePorts {
  readonly providers: FederatedProviders;
  readonly tokens: LogoutTokens;
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find'>;
  readonly sessions: Pick<BrowserSessions, 'endFederated'>;
  readonly sessionLifeMs: number;
  readonly now: () => number;
  /** No gate accepts what came of it until now. Throws NotEverywhereYet. */
  readonly endTokens: (grant: string) => Promise<void>;
  readonly onLate: (error: NotEverywhereYet) => void;
}

/** Whose session of a provider it is: it may name that alone. */
const KIND = 'FederatedSession';

/** OpenID Connect Back-Channel Logout 1.0: whoever signed out at a provider is signed out of what came of it here. */
export class SignOutThere {
  readonly #ports: SignOutTherePorts;

  constructor(ports: SignOutTherePorts) {
    this.#ports = ports;
  }

  /** Before somebody is let in: from then on it can be ended. */
  async remember({ issuer, subject, sid }: ForeignPerson, account: string): Promise<void> {
    if (sid === null) return;
    const { artefacts, now, sessionLifeMs } = this.#ports;
    const name = JSON.stringify([issuer, sid]);
    const expiresAt = now() + sessionLifeMs;
    await artefacts.put(KIND, name, { payload: { subject }, account, expiresAt });
  }

  /** §2.7, §2.8: 200 when it is done, also where there was nothing to end; 400 for what is not right. */
  async answer(asked: PageCall): Promise<ToldOfCall> {
    const { providers, tokens } = this.#ports;
    const provider = providers.byId(asked.call.decision.pathValues[0] ?? '');
    const token = formOf(asked).get('logout_token');
    try {
      if (provider === undefined || token === null) {
        throw new ProviderFailure('provider_answer_wrong', 'no such provider, or no logout_token');
      }
      const ended = await this.#end(provider, await tokens.take(provider, token));
      sendJson(asked, 200, {});
      return { ...NOBODY, subject: ended };
    } catch (error) {
      if (error instanceof NotEverywhereYet) {
        this.#ports.onLate(error);
        sendJson(asked, 503, { error: 'temporarily_unavailable' });
        return { ...NOBODY, error: 'not_everywhere_yet' };
      }
      if (!(error instanceof ProviderFailure)) throw error;
      const isAway = error.code === 'provider_unavailable';
      sendJson(asked, isAway ? 503 : 400, {
        error: isAway ? 'temporarily_unavailable' : 'invalid_request',
      });
      const code = isAway ? error.code : 'logout_token_refused';
      const from = provider === undefined ? '' : `${provider.id}: `;
      return { ...NOBODY, error: code, reason: `${from}${error.message}` };
    }
  }

  /** Whose it was; null: nobody's here. */
  async #end(
    { issuer }: FederatedProvider,
    { subject, sid }: SignedOutThere,
  ): Promise<string | null> {
    const { identities, accounts, sessions } = this.#ports;
    const whose = subject ?? (sid === null ? null : await this.#subjectOf(issuer, sid));
    if (whose === null) return null;
    const known = await identities.find({ issuer, subject: whose });
    const account = known === undefined ? undefined : await accounts.show(known.accountId);
    if (account === undefined) return null;
    const ended = await sessions.endFederated(account, { issuer, subject: whose, sid });
    for (const { grantId, persistsLogout } of ended) {
      if (grantId !== undefined && persistsLogout !== true) await this.#ports.endTokens(grantId);
    }
    return account.id;
  }

  async #subjectOf(issuer: string, sid: string): Promise<string | null> {
    const found = await this.#ports.artefacts.find(KIND, JSON.stringify([issuer, sid]));
    const subject = found?.payload['subject'];
    return typeof subject === 'string' ? subject : null;
  }
}
