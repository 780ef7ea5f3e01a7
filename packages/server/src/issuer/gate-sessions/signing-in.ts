import { createHash } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import type { StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type {
  BeginAnswer,
  BeginQuestion,
  FinishAnswer,
  FinishQuestion,
  SessionRefusal,
} from '../../messages/gate-sessions.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { Detail } from '../details/index.ts';
import { gateCallback, OWN_SCOPES, PERSONAL_SCOPES } from '../protocol/client-metadata.ts';
import { PUSHED_BY_GATE } from '../protocol/flows.ts';
import type { Provider } from '../protocol/library.ts';
import { wordsOf } from '../protocol/space-delimited.ts';
import type { GateSessions } from './gate-sessions.ts';
import { readReturnPath } from './return-path.ts';
import { type GateSignIns, SIGN_IN_LIFE_SECONDS } from './sign-ins.ts';

export interface SigningInPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly artefacts: Pick<ArtefactStore, 'put'>;
  readonly sessions: GateSessions;
  readonly signIns: GateSignIns;
  readonly now: () => number;
  readonly endQuietly: (session: string | undefined) => Promise<void>;
}

/** RFC 9126 §2.2: as long as the library gives one that a client pushes. */
const PUSHED_SECONDS = 60;
const PUSHED_URN = 'urn:ietf:params:oauth:request_uri:';
/** What a page may say of the sign-in that it asks for. Who sends people there from another site may say where they go on, and no more. */
const ASKED = [
  ...['scope', 'acr_values', 'max_age', 'prompt', 'login_hint', 'ui_locales'],
  'authorization_details',
];

/** As the library keeps it. */
interface Code {
  readonly clientId?: string;
  readonly accountId?: string;
  readonly grantId?: string;
  readonly sessionUid?: string;
  readonly redirectUri?: string;
  readonly nonce?: string;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
  readonly scope?: string;
  readonly resource?: string | readonly string[];
  readonly rar?: readonly Detail[];
  readonly acr?: string;
  readonly authTime?: number;
  readonly isExpired: boolean;
  consume(): Promise<void>;
}

type Pushed = new (payload: object) => { save(seconds: number): Promise<string> };

/** From a page to our pages, and back to it, with a session. The gate is the client; the code comes to nobody else. */
export class SigningIn {
  readonly #ports: SigningInPorts;

  constructor(ports: SigningInPorts) {
    this.#ports = ports;
  }

  /** The request is made here, and known here alone: none can be made from outside, nor changed on its way (RFC 9126). */
  async begin(question: BeginQuestion): Promise<BeginAnswer> {
    const { sessions, signIns, snapshot } = this.#ports;
    const client = await sessions.clientOf(question.client);
    if (client === null) return refusal('no_such_operation', 'no such application');
    const { parameters } = question;
    const page = sessions.pageOf(client);
    const returnPath = readReturnPath(parameters['return'] ?? '/', page);
    if (returnPath === null) {
      const expected = 'a path of the page itself, such as /orders?page=2#top';
      const reason = 'return is no path of the page';
      return { ...refusal('request_invalid', reason), parameter: { name: 'return', expected } };
    }
    const isMore = ASKED.some((name) => parameters[name] !== undefined);
    if (isMore && !isSentByPage(question, page, this.#own)) {
      return refusal('page_not_allowed', 'asked in detail from elsewhere');
    }
    const request = this.#requestOf(client, parameters);
    if (request === null) {
      const parameter = { name: 'authorization_details', expected: 'JSON (RFC 9396)' };
      return { ...refusal('request_invalid', 'authorization_details is no JSON'), parameter };
    }
    const [state, verifier, nonce] = [signIns.draw(), signIns.draw(), signIns.draw()];
    const browser = signIns.browserOf(question.browser);
    await signIns.keep(state, browser, { client: client.id, verifier, nonce, returnPath });
    const pushed = await this.#push(client, {
      ...{ ...request, state, nonce, code_challenge: challengeOf(verifier) },
      code_challenge_method: 'S256',
    });
    const asked = new URLSearchParams({ client_id: client.id, request_uri: pushed });
    const location = `${snapshot.origin}/auth?${asked}`;
    return { location, browser, lifeSeconds: SIGN_IN_LIFE_SECONDS };
  }

  async finish(question: FinishQuestion): Promise<FinishAnswer> {
    const { sessions, signIns, snapshot } = this.#ports;
    const { parameters, browser } = question;
    const client = await sessions.clientOf(question.client);
    if (client === null) return refusal('no_such_operation', 'no such application');
    // RFC 9207: what another server says is not for us.
    if (parameters['iss'] !== snapshot.origin) return refusal('sign_in_invalid', 'iss');
    const { state = '' } = parameters;
    const signIn = await signIns.take(state, browser, (one) => one.client === client.id);
    if (signIn === null) return refusal('sign_in_invalid', 'state');
    const page = sessions.pageOf(client);
    const leadTo = (error: string | null) => goOn(page, signIn.returnPath, error);
    const { code: shown, error } = parameters;
    if (shown === undefined) return { location: leadTo(codeOf(error)), session: null };
    const code = await this.#redeem(shown, client, signIn);
    if (code === null) return refusal('sign_in_invalid', 'code');
    const session = await sessions.begin({
      ...{ client: client.id, account: code.accountId, grant: code.grantId },
      ...{ signedIn: code.sessionUid, scopes: wordsOf(code.scope) },
      resources: [code.resource ?? []].flat(),
      ...{ details: code.rar ?? [], acr: code.acr ?? null, signedInAt: code.authTime ?? null },
    });
    if (session === null) return { location: leadTo('login_required'), session: null };
    // Whoever had another one here, had it until now.
    await this.#ports.endQuietly(question.session);
    return { location: leadTo(null), session: session.id };
  }

  get #own(): string {
    return this.#ports.snapshot.gateSessions?.origin ?? '';
  }

  /** Null: what is asked in detail cannot be read. */
  #requestOf(client: StoredClient, parameters: BeginQuestion['parameters']): object | null {
    const resources = this.#ports.sessions.resourcesOf(client);
    const offered = new Set(resources.flatMap(({ scopes }) => scopes));
    const usual = client.scopes.filter(
      (scope) => offered.has(scope) || PERSONAL_SCOPES.includes(scope),
    );
    const { authorization_details: details, ...asked } = Object.fromEntries(
      ASKED.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]])),
    ) as Readonly<Record<string, string>>;
    const known = details === undefined ? undefined : jsonOrNull(details);
    if (known === null) return null;
    return {
      scope: [OWN_SCOPES[0], ...usual].join(' '),
      ...asked,
      ...(known !== undefined && { authorization_details: known }),
      ...{ client_id: client.id, response_type: 'code' },
      redirect_uri: gateCallback(this.#own, client.id),
      resource: resources.map(({ identifier }) => identifier),
    };
  }

  async #push({ id }: StoredClient, request: object): Promise<string> {
    const { provider, artefacts, snapshot, now } = this.#ports;
    const seconds = Math.floor(now() / 1_000);
    const claims = { iss: id, aud: snapshot.origin, iat: seconds, nbf: seconds };
    const text = unsigned({ ...request, ...claims, exp: seconds + PUSHED_SECONDS });
    const Request = provider.PushedAuthorizationRequest as unknown as Pushed;
    const pushed = await new Request({ request: text, trusted: true }).save(PUSHED_SECONDS);
    const expiresAt = now() + PUSHED_SECONDS * 1_000;
    await artefacts.put(PUSHED_BY_GATE, pushed, { payload: {}, expiresAt });
    return `${PUSHED_URN}${pushed}`;
  }

  /** Null: it is no code of this sign-in, or was used. */
  async #redeem(
    shown: string,
    client: StoredClient,
    { nonce, verifier }: { readonly nonce: string; readonly verifier: string },
  ) {
    const { provider } = this.#ports;
    const code = (await provider.AuthorizationCode.find(shown)) as unknown as Code | undefined;
    const isOurs =
      code !== undefined &&
      !code.isExpired &&
      code.clientId === client.id &&
      code.redirectUri === gateCallback(this.#own, client.id) &&
      code.nonce === nonce &&
      code.codeChallengeMethod === 'S256' &&
      code.codeChallenge === challengeOf(verifier);
    if (!isOurs) return null;
    const { accountId, grantId, sessionUid } = code;
    if (accountId === undefined || grantId === undefined || sessionUid === undefined) return null;
    try {
      await code.consume();
    } catch {
      // Somebody was first: what came of it has ended.
      return null;
    }
    const { scope, resource, rar, acr, authTime } = code;
    return { accountId, grantId, sessionUid, scope, resource, rar, acr, authTime };
  }
}

/** A browser names no origin where it goes by a link; where it says from what site it comes, no page can choose that. */
function isSentByPage({ site }: Pick<BeginQuestion, 'site'>, page: string, own: string): boolean {
  if (site === 'same-site') return page !== own;
  return site === 'same-origin';
}

/** RFC 6749 §4.1.2.1: it stands in an address, and comes back by one. */
function codeOf(error: string | undefined): string {
  return error !== undefined && /^[a-z_]{1,60}$/.test(error) ? error : 'server_error';
}

/** RFC 6749 §4.1.2.1, for the page: why nobody is signed in. */
function goOn(page: string, path: string, error: string | null): string {
  const url = new URL(path, page);
  if (error !== null) url.searchParams.set('sign_in_error', error);
  return url.href;
}

/** RFC 7519 §6.1: as the library keeps what a client pushed. It goes from us to us. */
function unsigned(claims: object): string {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encoded({ alg: 'none' })}.${encoded(claims)}.`;
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

function jsonOrNull(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}

function refusal(refused: SessionRefusal['refused'], reason: string): SessionRefusal {
  return { refused, reason };
}
