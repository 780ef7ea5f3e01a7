import type { IncomingMessage } from 'node:http';
import {
  type BodyPort,
  type Counters,
  type Deny,
  decide,
  deny,
  type Forwarding,
  type Gate,
  hostName,
  LiveRights,
  type RequestFacts,
} from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';
import {
  APPLICATION_PATH,
  type AskedByBrowser,
  type BeginAnswer,
  type EndAnswer,
  type FinishAnswer,
  type GateSessionsSnapshot,
  type SessionRefusal,
  type ShowAnswer,
} from '../../messages/gate-sessions.ts';
import { openOwnGate } from '../../platform/contracts/index.ts';
import type { World } from '../../platform/world/index.ts';
import type { Call } from '../call.ts';
import type { Runtime } from '../runtime.ts';
import { askAuthorizationServer, NotAnswered } from './ask-authorization-server.ts';
import { SessionCookies } from './session-cookies.ts';

export interface ApplicationsPorts {
  readonly contract: CompiledApi;
  readonly sessions: GateSessionsSnapshot;
  readonly counters: Counters;
  readonly inFlight: () => number;
  /** Calls under way at once, as the gate has it. */
  readonly capacity: number;
  readonly world: Pick<World, 'fetch' | 'after'>;
}

/** What a browser is told: a place to go to, or what its page wants to know. */
interface Told {
  readonly status: 200 | 303;
  readonly fields: readonly string[];
  readonly body: object | null;
}

interface Asked {
  readonly question: AskedByBrowser;
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: RequestFacts;
}

const BODY_BYTES_MAX = 1_024;
const RETRY_SECONDS = '5';

/**
 * Where browsers sign in and out at this gate, so that their pages call APIs by a cookie: our own contract decides who may
 * ask what, and the authorization server what comes of it.
 */
export class Applications {
  readonly #ports: ApplicationsPorts;
  readonly #gate: Gate;
  readonly #cookies: SessionCookies;

  constructor(ports: ApplicationsPorts) {
    this.#ports = ports;
    const { contract, sessions, counters, inFlight, capacity } = ports;
    this.#cookies = new SessionCookies(sessions);
    this.#gate = openOwnGate(contract, {
      ...{ name: 'applications', hosts: [new URL(sessions.origin).hostname], inFlight },
      ...{ bodyBytesMax: BODY_BYTES_MAX, itemsMax: 10, callsMax: capacity },
      ...{ counters: apart(counters), live: new LiveRights() },
    });
  }

  isFor({ path }: RequestFacts): boolean {
    return path.startsWith(`${APPLICATION_PATH}/`);
  }

  /** Like any call: who may come in at all, our contract, an answer, a record. */
  async answer(
    call: Call,
    request: RequestFacts,
    body: BodyPort,
    { gate }: Pick<Runtime, 'gate'>,
    native: IncomingMessage,
  ): Promise<void> {
    const admission = gate.admit(request);
    if (admission !== null) return call.refuse('admit', admission, native);
    const elsewhere = this.#elsewhere(request);
    if (elsewhere !== null) return call.refuse('match', elsewhere, native);
    const decision = await decide(this.#gate, request, body);
    call.decided(decision);
    if (decision.kind === 'refuse') return call.refuseDecided(decision, native);
    if (decision.kind === 'preflight') return call.answerPreflight(decision);
    const told = await this.#tell(decision, request);
    if ('kind' in told) return call.refuse('identify', told, native);
    const { status, fields, body: document } = told;
    const { operation: name } = decision.operation.names;
    call.answerApplication({ name, status, fields, body: document });
  }

  /**
   * Under another name the browser would keep no cookie of this gate. It is told so before anything is looked up: the answer is one for
   * all applications, real or not, and names nothing that the metadata of the API does not say to anybody.
   */
  #elsewhere({ headers }: RequestFacts): Deny | null {
    const { origin } = this.#ports.sessions;
    if (hostName(headers.get('host')) === new URL(origin).hostname) return null;
    return deny('other_host', {}, { details: { expected: origin } });
  }

  async #tell(decision: Forwarding, request: RequestFacts): Promise<Told | Deny> {
    const asked = this.#askedOf(decision, request);
    if (typeof asked === 'string') {
      return wrongParameter({ name: asked, expected: 'one value' }, 'a parameter stands twice');
    }
    try {
      switch (decision.operation.names.operation) {
        case 'signIn':
          return await this.#signIn(asked);
        case 'finishSignIn':
          return await this.#finish(asked);
        case 'showSession':
          return await this.#show(asked);
        case 'signOut':
          return await this.#signOut(asked);
        default:
          return deny('no_such_operation');
      }
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error;
      const answerHeaders = ['retry-after', RETRY_SECONDS];
      return deny('sign_in_unavailable', { failure: error.message }, { answerHeaders });
    }
  }

  async #signIn({ question, parameters, request }: Asked): Promise<Told | Deny> {
    // What is no document cannot be led to where somebody signs in: a frame, an image, a call of a script.
    const destination = request.headers.joined('sec-fetch-dest');
    if (destination !== undefined && destination !== 'document') {
      return deny('page_not_allowed', { reason: 'no-document' });
    }
    const browser = this.#cookies.browserOf(request);
    const answer = await this.#ask<BeginAnswer>('begin', {
      ...{ ...question, parameters },
      ...(browser !== undefined && { browser }),
    });
    if ('refused' in answer) return this.#refusal(answer);
    const { location, lifeSeconds } = answer;
    return leadTo(location, this.#cookies.leave(answer.browser, lifeSeconds));
  }

  async #finish({ question, parameters, request }: Asked): Promise<Told | Deny> {
    const browser = this.#cookies.browserOf(request);
    const answer = await this.#ask<FinishAnswer>('finish', {
      ...{ ...question, parameters },
      ...(browser !== undefined && { browser }),
    });
    if ('refused' in answer) return this.#refusal(answer);
    const { location, session } = answer;
    return leadTo(location, session === null ? [] : this.#cookies.begin(session));
  }

  async #show({ question, request }: Asked): Promise<Told | Deny> {
    const answer = await this.#ask<ShowAnswer>('show', question);
    if ('refused' in answer) return this.#refusal(answer);
    return { status: 200, fields: this.#readableBy(answer.page, request), body: answer.shown };
  }

  async #signOut({ question, request }: Asked): Promise<Told | Deny> {
    const answer = await this.#ask<EndAnswer>('end', question);
    if ('refused' in answer) return this.#refusal(answer);
    const { page, signOutAt, isGone } = answer;
    const fields = [...this.#readableBy(page, request), ...(isGone ? this.#cookies.end() : [])];
    return { status: 200, fields, body: { signOutAt } };
  }

  #ask<Answer>(
    act: 'begin' | 'finish' | 'show' | 'end',
    question: AskedByBrowser,
  ): Promise<Answer> {
    const { sessions, world } = this.#ports;
    return askAuthorizationServer<Answer>(act, question, sessions, world);
  }

  #refusal({ refused, reason, parameter }: SessionRefusal): Deny {
    return parameter === undefined ? deny(refused, { reason }) : wrongParameter(parameter, reason);
  }

  /** A text: the name of a parameter that has two values, of which nobody knows which one counts. */
  #askedOf({ pathValues }: Forwarding, request: RequestFacts): Asked | string {
    const parameters: Record<string, string> = Object.create(null);
    for (const [name, value] of new URLSearchParams(request.query)) {
      if (Object.hasOwn(parameters, name)) return name;
      parameters[name] = value;
    }
    const { headers } = request;
    const said = {
      origin: headers.joined('origin'),
      site: headers.joined('sec-fetch-site'),
      session: this.#cookies.sessionOf(request),
    };
    const known = Object.entries(said).filter(([, value]) => value !== undefined);
    const question = { client: String(pathValues[0]), ...Object.fromEntries(known) };
    return { question, parameters: { ...parameters }, request };
  }

  /** The page of another origin may read it, and no other page. Fetch §3.3.3. */
  #readableBy(page: string, { headers }: RequestFacts): readonly string[] {
    if (page === this.#ports.sessions.origin) return [];
    const vary = ['vary', 'origin'];
    if (headers.joined('origin') !== page) return vary;
    const allowed = ['access-control-allow-origin', page];
    return [...vary, ...allowed, 'access-control-allow-credentials', 'true'];
  }
}

function wrongParameter(
  { name, expected }: NonNullable<SessionRefusal['parameter']>,
  reason: string,
): Deny {
  const errors = [{ in: 'query', name, rule: 'form', expected }];
  return deny('request_invalid', { reason }, { details: { errors } });
}

function leadTo(location: string, fields: readonly string[]): Told {
  // The address that somebody comes back to has a code in it, which is used up; nobody needs to see it all the same.
  const own = ['location', location, 'referrer-policy', 'no-referrer'];
  return { status: 303, fields: [...own, ...fields], body: null };
}

/** Another allowance than that of the gate, which counts the same addresses by a rate of its own. */
function apart(counters: Counters): Counters {
  const named = (key: string) => `applications ${key}`;
  return {
    take: (key, ...rest) => counters.take(named(key), ...rest),
    peek: (key, ...rest) => counters.peek(named(key), ...rest),
    count: (key, ...rest) => counters.count(named(key), ...rest),
    lease: (key, max) => counters.lease(named(key), max),
    release: (key) => counters.release(named(key)),
  };
}
