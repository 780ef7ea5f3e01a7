import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { leadsTo } from '../pages/page.ts';
import { otherPersonPage, signedOutPage, signOutPage } from '../pages/sign-out-pages.ts';
import { type PageContext, showPage } from './show-page.ts';

export interface SignOutContext extends PageContext {
  readonly oidc: {
    readonly client?: { readonly clientName?: string };
    readonly params?: Readonly<Record<string, unknown>>;
    readonly entities?: {
      readonly Interaction?: {
        readonly params?: Readonly<Record<string, unknown>>;
        readonly result?: { readonly login?: { readonly accountId: string } };
      };
    };
    readonly session?: {
      readonly accountId?: string;
      readonly state?: { readonly secret?: string; readonly postLogoutRedirectUri?: string };
    };
  };
}

/** OpenID Connect RP-Initiated Logout 1.0: nobody is signed out by a link that somebody else made. */
export function signOutSettings(snapshot: IssuerSnapshot) {
  return {
    logoutSource: (ctx: SignOutContext) => showSignOut(ctx, snapshot),
    postLogoutSuccessSource: (ctx: SignOutContext) =>
      showPage(ctx, snapshot, (language) => signedOutPage(language)),
  };
}

/** Also for whoever is signed in nowhere: the library would send its form by a script within the page. */
export function showSignOut(ctx: SignOutContext, snapshot: IssuerSnapshot): Promise<void> {
  const { client, session } = ctx.oidc;
  const { secret = '', postLogoutRedirectUri: back } = session?.state ?? {};
  return showPage(ctx, snapshot, (language) =>
    signOutPage(language, {
      secret,
      client: client?.clientName ?? null,
      isSignedIn: session?.accountId !== undefined,
      leadsTo: leadsTo(back),
    }),
  );
}

/** Whoever has just signed in is not who is signed in still in this browser. */
export function isOtherPerson({ oidc: { entities, session } }: SignOutContext): boolean {
  const come = entities?.Interaction?.result?.login?.accountId;
  const there = session?.accountId;
  return come !== undefined && there !== undefined && come !== there;
}

/**
 * Somebody has signed in where another person is signed in still, who goes first; the library would do it by a script within
 * its page, which no policy of ours lets run. `pageOf`: where a client leads on that comes back to the gate.
 */
export async function showOtherPerson(
  ctx: SignOutContext,
  snapshot: IssuerSnapshot,
  pageOf: (client: string) => Promise<string | null>,
): Promise<void> {
  const { entities, session } = ctx.oidc;
  const { client_id: client, redirect_uri: back } = entities?.Interaction?.params ?? {};
  // What comes next may lead back to the application.
  const target = leadsTo(back, await pageOf(String(client)));
  await showPage(ctx, snapshot, (language) =>
    otherPersonPage(language, { secret: session?.state?.secret ?? '', leadsTo: target }),
  );
}
