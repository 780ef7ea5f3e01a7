import type { IntrospectionSnapshot } from './runtime-snapshot.ts';

/** Where a gate asks the authorization server about sessions of browsers. */
export const GATE_SESSION_PATH = '/gate/sessions';
/** Where browsers sign in and out at a gate. */
export const APPLICATION_PATH = '/.poorter/app';

/** Purpose of the secret by which a gate shows that it is one of ours: both ends draw it from their key ring. */
export const GATE_SECRET = 'gates ask about sessions';

/** Sessions that browsers have at a gate. */
export interface GateSessionsSnapshot {
  /** Of the gate, as browsers know it. */
  readonly origin: string;
  readonly issuer: string;
  /** By which a session is found. */
  readonly cookie: string;
  /** By which a browser comes back that was sent to sign in. */
  readonly signInCookie: string;
  /** How it is asked whether a session stands. */
  readonly asking: IntrospectionSnapshot;
}

/** What a gate cannot judge by itself about a call to one of its addresses: who asks, and from where. */
export interface AskedByBrowser {
  readonly client: string;
  /** `Origin`. */
  readonly origin?: string;
  /** `Sec-Fetch-Site`. */
  readonly site?: string;
  /** Of the session, where there is one. */
  readonly session?: string;
}

export interface BeginQuestion extends AskedByBrowser {
  /** Of an earlier sign-in of this browser that may be under way. */
  readonly browser?: string;
  /** As they were sent. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface FinishQuestion extends AskedByBrowser {
  readonly browser?: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What is wrong, in words of the gate; `no_such_operation`: there is no such application. */
export type SessionRefusal = {
  readonly refused:
    | ('no_such_operation' | 'page_not_allowed' | 'request_invalid')
    | 'sign_in_invalid';
  /** For the record. */
  readonly reason: string;
  /** Which parameter of the address is wrong, and what was expected in its place. */
  readonly parameter?: { readonly name: string; readonly expected: string };
};

export type BeginAnswer =
  | { readonly location: string; readonly browser: string; readonly lifeSeconds: number }
  | SessionRefusal;

export type FinishAnswer =
  /** Null: nobody is signed in, and the page is told why. */
  { readonly location: string; readonly session: string | null } | SessionRefusal;

/** Who is signed in, as the page may know. */
export type ShownSession =
  | { readonly signedIn: false }
  | {
      readonly signedIn: true;
      readonly subject: string;
      readonly name?: string;
      readonly email?: string;
      readonly scopes: readonly string[];
      readonly acr: string | null;
      readonly signedInAt: string;
      readonly endsAt: string;
    };

export type ShowAnswer = { readonly page: string; readonly shown: ShownSession } | SessionRefusal;

export type EndAnswer =
  | {
      readonly page: string;
      /** Where people leave the authorization server, too. */
      readonly signOutAt: string;
      /** False: what the browser has here is the session of another application, which stays. */
      readonly isGone: boolean;
    }
  | SessionRefusal;
