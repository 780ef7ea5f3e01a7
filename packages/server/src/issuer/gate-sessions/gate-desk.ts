import { hash, timingSafeEqual } from 'node:crypto';
import { type CalledFrom, pageFault } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type {
  AskedByBrowser,
  BeginQuestion,
  EndAnswer,
  FinishQuestion,
  SessionRefusal,
  ShowAnswer,
} from '../../messages/gate-sessions.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { formOf, type Handle, NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import type { GateSessions } from './gate-sessions.ts';
import type { SigningIn } from './signing-in.ts';

export interface GateDeskPorts {
  readonly snapshot: IssuerSnapshot;
  readonly sessions: GateSessions;
  readonly signingIn: SigningIn;
  /** By which a gate shows that it is one of ours. */
  readonly secret: string;
  readonly onLate: (error: NotEverywhereYet) => void;
}

const CODES: Readonly<Record<SessionRefusal['refused'], IssuerCodeName>> = {
  ...{ no_such_operation: 'unauthorized_client', page_not_allowed: 'invalid_request' },
  ...{ request_invalid: 'invalid_request', sign_in_invalid: 'interaction_over' },
};

/** Where gates ask, and nobody else: what they are told of a session is as good as a token. */
export class GateDesk {
  readonly #ports: GateDeskPorts;
  readonly #handlers: Readonly<Record<string, Handle>>;
  readonly #credentials: Buffer;

  constructor(ports: GateDeskPorts) {
    this.#ports = ports;
    this.#credentials = digest(`Basic ${Buffer.from(`gate:${ports.secret}`).toString('base64')}`);
    this.#handlers = {
      resolveGateSession: (asked) => this.#forGate(asked, () => this.#resolve(asked)),
      beginGateSession: (asked) =>
        this.#forGate(asked, async () => {
          const question = questionOf<BeginQuestion>(asked);
          return this.#told(asked, question, await ports.signingIn.begin(question));
        }),
      finishGateSession: (asked) =>
        this.#forGate(asked, async () => {
          const question = questionOf<FinishQuestion>(asked);
          const answer = await ports.signingIn.finish(question);
          const session = 'session' in answer ? (answer.session ?? undefined) : undefined;
          return this.#told(asked, question, answer, session);
        }),
      showGateSession: (asked) => this.#forGate(asked, () => this.#show(asked)),
      endGateSession: (asked) => this.#forGate(asked, () => this.#end(asked)),
    };
  }

  /** Null: it is none of these. */
  handlerOf(operation: string): Handle | null {
    return this.#handlers[operation] ?? null;
  }

  async #forGate(asked: PageCall, answer: () => Promise<ToldOfCall>): Promise<ToldOfCall> {
    const shown = asked.request.headers.authorization ?? '';
    if (timingSafeEqual(digest(shown), this.#credentials)) return answer();
    sendJson(asked, 401, { error: 'invalid_client' });
    return { ...NOBODY, error: 'invalid_client' };
  }

  /** RFC 7662 §2.1. `token` is the session, behind the API that is called. */
  async #resolve(asked: PageCall): Promise<ToldOfCall> {
    const { sessions } = this.#ports;
    const [, audience = '', id = ''] = /^(\S+) (\S+)$/.exec(formOf(asked).get('token') ?? '') ?? [];
    const said = await sessions.resolve(id, audience);
    sendJson(asked, 200, said);
    return said['active'] === true ? this.#nameOf(id) : NOBODY;
  }

  async #show(asked: PageCall): Promise<ToldOfCall> {
    const { sessions } = this.#ports;
    const question = questionOf<AskedByBrowser>(asked);
    const judged = await this.#judge(question, 'read');
    if ('refused' in judged) return this.#told(asked, question, judged);
    const shown = await sessions.show(question.session, judged.client);
    const answer: ShowAnswer = { page: judged.page, shown };
    return this.#told(asked, question, answer, question.session);
  }

  async #end(asked: PageCall): Promise<ToldOfCall> {
    const { sessions, onLate } = this.#ports;
    const question = questionOf<AskedByBrowser>(asked);
    const judged = await this.#judge(question, 'write');
    if ('refused' in judged) return this.#told(asked, question, judged);
    const who = await this.#nameOf(question.session);
    const session = await sessions.find(question.session);
    const isGone = session === undefined || session.client === question.client;
    try {
      if (isGone) await sessions.end(question.session);
    } catch (error) {
      if (!(error instanceof NotEverywhereYet)) throw error;
      onLate(error);
      sendJson(asked, 503, { error: 'temporarily_unavailable' });
      return { ...who, error: 'temporarily_unavailable' };
    }
    const signOutAt = this.#leaveAt(judged);
    const answer: EndAnswer = { page: judged.page, signOutAt, isGone };
    sendJson(asked, 200, answer);
    return { ...who, client: question.client };
  }

  /** OpenID Connect RP-Initiated Logout 1.0 §2: people are asked there. */
  #leaveAt({ client }: Judged): string {
    const [back] = client.postLogoutRedirectUris;
    const asked = new URLSearchParams({
      client_id: client.id,
      ...(back !== undefined && { post_logout_redirect_uri: back }),
    });
    return `${this.#ports.snapshot.origin}/session/end?${asked}`;
  }

  async #judge(question: AskedByBrowser, kind: 'read' | 'write'): Promise<Judged | SessionRefusal> {
    const { sessions, snapshot } = this.#ports;
    const client = await sessions.clientOf(question.client);
    if (client === null) return { refused: 'no_such_operation', reason: 'no such application' };
    const page = sessions.pageOf(client);
    const own = snapshot.gateSessions?.origin ?? '';
    const from: CalledFrom = { origin: question.origin, site: question.site };
    const fault = pageFault(from, { own, page }, kind);
    return fault === null ? { client, page } : { refused: 'page_not_allowed', reason: fault };
  }

  async #told(
    asked: PageCall,
    { client }: AskedByBrowser,
    answer: object,
    session?: string,
  ): Promise<ToldOfCall> {
    const who = await this.#nameOf(session);
    sendJson(asked, 200, answer);
    if (!('refused' in answer)) return { ...who, client };
    const { refused, reason } = answer as SessionRefusal;
    return { ...who, client: null, error: CODES[refused], reason };
  }

  /** For the record. */
  async #nameOf(id: string | undefined): Promise<ToldOfCall> {
    const session = await this.#ports.sessions.find(id);
    if (session === undefined) return NOBODY;
    return { client: session.client, subject: session.account, error: null };
  }
}

interface Judged {
  readonly client: NonNullable<Awaited<ReturnType<GateSessions['clientOf']>>>;
  readonly page: string;
}

/** A gate of ours wrote it; the contract has checked its form. */
function questionOf<Question>({ call }: PageCall): Question {
  return parseJsonText(Buffer.from(call.body ?? []).toString('utf8')) as Question;
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
