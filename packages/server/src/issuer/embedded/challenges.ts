import { createHash, X509Certificate } from 'node:crypto';
import type { ClientStore, StoredClient } from '../../access/clients/index.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { IncomingMessage, ServerResponse } from '../../platform/http/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { giveBody } from '../given-body.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { formOf, NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import { clientCertificates } from '../protocol/client-certificates.ts';
import { LED_TO_WEB, markChallenged } from '../protocol/flows.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import { HashingBusy } from '../sign-in/password-hashes.ts';
import { answered, type ChallengeAnswer, refusedBy } from './answers.ts';
import { decidedOnOurPages, mayShowPassword } from './asked-strength.ts';
import type { AuthSession, AuthSessions } from './auth-sessions.ts';
import type { ChallengeContext, ChallengeRefusal } from './challenge-context.ts';
import {
  type ChallengeForm,
  claimedClient,
  differenceFrom,
  readChallengeForm,
} from './challenge-form.ts';
import type { Factors, Judged } from './factors.ts';
import { type CodePorts, claimsOf, codeFor } from './give-code.ts';
import type { GivenCodes } from './given-codes.ts';
import type { Installation } from './known-applications.ts';

export interface ChallengePorts {
  readonly clients: Pick<ClientStore, 'show'>;
  readonly artefacts: Pick<ArtefactStore, 'put'>;
  readonly sessions: AuthSessions;
  readonly factors: Factors;
  readonly passkeys: Pick<Passkeys, 'signInOptions'>;
  readonly codes: GivenCodes;
  readonly code: CodePorts;
  /** The protocol. Resolves to what it made of the call. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<ToldOfCall>;
}

/** A call that is with the library. */
interface Begun {
  readonly form: ChallengeForm;
  readonly client: StoredClient | undefined;
  readonly session: AuthSession | null;
  readonly asked: AuthSession['asked'];
}

/** Where the library takes a request from the client itself: RFC 9126. */
const PUSH_PATH = '/request';
const ASKED_CHARS_MAX = 8_192;

/**
 * The authorization challenge endpoint (draft-ietf-oauth-first-party-apps): somebody signs in within an application of
 * the provider's own. Everything about the request itself is judged by the library, as of a pushed one, anew each time:
 * who the client is, its proof, where it leads, what it may ask for. What is left to us is the person.
 */
export class Challenges {
  readonly #ports: ChallengePorts;
  readonly #begun = new WeakMap<object, Begun>();

  constructor(ports: ChallengePorts) {
    this.#ports = ports;
  }

  async answer(asked: PageCall): Promise<ToldOfCall> {
    const { request, response } = asked;
    const form = readChallengeForm(formOf(asked));
    if (typeof form === 'string') return refuse(asked, 'invalid_request', form);
    const begun = await this.#begin(form, request);
    if ('error' in begun) return refuse(asked, begun.error, begun.reason);
    this.#begun.set(request, begun);
    markChallenged(request);
    request.url = PUSH_PATH;
    request.headers.accept = 'application/json';
    giveBody(request, Buffer.from(formFor(begun).toString()));
    return this.#ports.answer(request, response);
  }

  /** When the library has judged the request. Null: it was none of ours, or nothing is refused by us. */
  async finish(ctx: ChallengeContext): Promise<ChallengeRefusal | null> {
    const begun = this.#begun.get(ctx.req);
    const pushed = ctx.oidc?.entities.PushedAuthorizationRequest;
    if (begun === undefined || pushed === undefined || ctx.status !== 201) return null;
    const expiresIn = (ctx.body as { readonly expires_in: number }).expires_in;
    const requestUri = (ctx.body as { readonly request_uri: string }).request_uri;
    const answer = await this.#judge(ctx, begun).catch(refusedBy);
    const isLed = answer.kind === 'web' && leadsSomewhere(begun);
    if (isLed) {
      const expiresAt = this.#ports.code.now() + expiresIn * 1000;
      await this.#ports.artefacts.put(LED_TO_WEB, pushed.jti, { payload: {}, expiresAt });
    } else await pushed.destroy();
    return answered(ctx, answer, isLed ? { requestUri, expiresIn } : null);
  }

  async #begin(form: ChallengeForm, request: IncomingMessage): Promise<Begun | ChallengeRefusal> {
    const { sessions, clients } = this.#ports;
    const value = form.authSession;
    const session = value === undefined ? null : await sessions.find(value);
    if (session === undefined) return INVALID_SESSION;
    const claimed = claimedClient(form, request.headers.authorization);
    // draft §5.1: the session says whose it is, and nobody else may say otherwise.
    const id = claimed === '' ? (session?.client ?? '') : claimed;
    if (session !== null && session.client !== id) return INVALID_SESSION;
    const difference = session === null ? null : differenceFrom(session.asked, form);
    if (difference !== null) return { error: 'invalid_request', reason: difference };
    const asked = session?.asked ?? form.asked;
    const names = new Set(asked.map(([name]) => name));
    if (names.has('request')) return { error: 'request_not_supported' };
    if (names.has('request_uri')) return { error: 'request_uri_not_supported' };
    return { form, session, asked, client: await clients.show(id) };
  }

  async #judge(ctx: ChallengeContext, begun: Begun): Promise<ChallengeAnswer> {
    const { sessions, factors } = this.#ports;
    const { form, client } = begun;
    if (client === undefined || client.id !== ctx.oidc.client.clientId) return NO_SESSION;
    const key = keyOf(ctx, client);
    if (key === null) return { kind: 'refused', ...NO_KEY[client.binding] };
    if (begun.session !== null && begun.session.key !== key) return NO_SESSION;
    // Of all who show it at once, one.
    if (form.authSession !== undefined && !(await sessions.use(form.authSession))) {
      return NO_SESSION;
    }
    ctx.oidc.claims = claimsOf(ctx.oidc.params);
    const onPages = decidedOnOurPages(ctx.oidc, this.#ports.code.snapshot);
    if (onPages !== null) return onPages;
    if (charsOf(begun.asked) > ASKED_CHARS_MAX) return TOO_LONG;
    if (begun.session === null && (await sessions.isFull(client.id))) {
      return { kind: 'web', reason: 'too many people sign in by this client at this moment' };
    }
    const session = begun.session ?? sessions.begin({ client: client.id, key, asked: begun.asked });
    const installation = { client: client.id, key };
    const terms = {
      ...{ installation, session },
      mayPassword: mayShowPassword(ctx.oidc, this.#ports.code.snapshot),
    };
    const judged = await factors.judge(typedIn(begun), terms).catch(nullIfBusy);
    // Nothing was looked at: the same is sent again, with another value.
    if (judged === null) return { kind: 'busy', authSession: await sessions.goOn(session) };
    return judged.kind === 'shown'
      ? this.#shown(ctx, judged, installation, begun)
      : this.#goOn(judged);
  }

  async #shown(
    ctx: ChallengeContext,
    { account, how }: Extract<Judged, { kind: 'shown' }>,
    installation: Installation,
    { client, asked }: Begun,
  ): Promise<ChallengeAnswer> {
    const { factors, codes, code: ports } = this.#ports;
    if (!(await factors.isKnown(installation, account))) {
      return { kind: 'web', reason: 'it is a new device: they sign in on our own page first' };
    }
    const redirectUri = String(ctx.oidc.params['redirect_uri']);
    const code = await codeFor(
      ctx,
      { accountId: account.id, ...how, grant: await factors.grantOf(installation, account) },
      {
        ...{ redirectUri, isLasting: isLastingAsked(asked) },
        thumbprint: client?.binding === 'dpop' ? installation.key : null,
      },
      ports,
    );
    if (code === null) {
      return { kind: 'web', reason: 'it is to be decided on our own page' };
    }
    await codes.remember(code, redirectUri);
    return { kind: 'code', code };
  }

  async #goOn(judged: Exclude<Judged, { kind: 'shown' }>): Promise<ChallengeAnswer> {
    const { sessions, passkeys } = this.#ports;
    if (judged.kind === 'web') return judged;
    const { session, factors, refused } = judged;
    const authSession = await sessions.goOn(session);
    if (authSession === null) return { kind: 'web', reason: 'too many steps' };
    const passkey = factors.includes('passkey') ? await passkeys.signInOptions(session.id) : null;
    return { kind: 'needed', authSession, factors, passkey, refused };
  }
}

/** Throws whatever it is besides HashingBusy. */
function nullIfBusy(thrown: unknown): null {
  if (thrown instanceof HashingBusy) return null;
  throw thrown;
}

/** What is kept of it, for each who signs in at this moment. */
function charsOf(asked: AuthSession['asked']): number {
  return asked.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

const TOO_LONG: ChallengeAnswer = {
  ...{ kind: 'refused', error: 'invalid_request', reason: 'the request is too long' },
};
const INVALID_SESSION: ChallengeRefusal = { error: 'invalid_session' };
const NO_SESSION: ChallengeAnswer = { kind: 'refused', ...INVALID_SESSION };
const NO_KEY: Readonly<Record<StoredClient['binding'], ChallengeRefusal>> = {
  dpop: { error: 'invalid_dpop_proof', reason: 'a DPoP proof is needed with each call' },
  certificate: { error: 'invalid_request', reason: 'the certificate of the client is needed' },
  none: { error: 'unauthorized_client', reason: 'the tokens of this client are bound to nothing' },
};

/** draft §9.6.1: what the application shows each time, and nobody who has copied a session can. */
function keyOf(ctx: ChallengeContext, { binding }: StoredClient): string | null {
  // The library has verified the proof, where there is one, and that it is of this key.
  if (binding === 'dpop')
    return ctx.get('dpop') === '' ? null : String(ctx.oidc.params['dpop_jkt']);
  const shown = clientCertificates.getCertificate(ctx);
  if (binding === 'none' || shown === undefined) return null;
  return createHash('sha256').update(new X509Certificate(shown).raw).digest('base64url');
}

/** As a request that is pushed. */
function formFor({ form, client, asked }: Begun): URLSearchParams {
  const pairs = [...form.authentication, ...asked].map(([name, value]) => [name, value]);
  const names = new Set(pairs.map(([name]) => name));
  const [first] = client?.redirectUris ?? [];
  if (client !== undefined && !names.has('client_id')) pairs.push(['client_id', client.id]);
  // draft §6: nobody is sent anywhere, until they are led to our pages.
  if (first !== undefined && !names.has('redirect_uri')) pairs.push(['redirect_uri', first]);
  return new URLSearchParams(pairs as string[][]);
}

/** Which of several addresses it is, nobody guesses. */
function leadsSomewhere({ asked, client }: Begun): boolean {
  return client?.redirectUris.length === 1 || asked.some(([name]) => name === 'redirect_uri');
}

/** draft §5.1 has an example where the first hint is the name. */
function typedIn({ form, session }: Begun): ChallengeForm['typed'] {
  const hint = form.asked.find(([name]) => name === 'login_hint')?.[1];
  if (session !== null || hint === undefined) return form.typed;
  return { username: hint, ...form.typed };
}

/** The library leaves it out where nobody is asked for it anew; here it may have been allowed before. */
function isLastingAsked(asked: AuthSession['asked']): boolean {
  const scope = asked.find(([name]) => name === 'scope')?.[1] ?? '';
  return scope.split(' ').includes('offline_access');
}

function refuse(asked: PageCall, error: IssuerCodeName, reason?: string): ToldOfCall {
  const body = { error, ...(reason !== undefined && { error_description: reason }) };
  sendJson(asked, 400, body);
  return { ...NOBODY, error, ...(reason !== undefined && { reason }) };
}
