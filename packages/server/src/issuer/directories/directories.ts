import { createHash, timingSafeEqual } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import { type Handle, NOBODY, type PageCall } from '../pages/page-call.ts';
import { discoveryAnswers } from './discovery.ts';
import type { Groups } from './groups.ts';
import { objectOf } from './resource-values.ts';
import type { Answered, Asked } from './scim-call.ts';
import { ScimError } from './scim-error.ts';
import { scimErrorOf } from './store-faults.ts';
import type { Users } from './users.ts';

export interface DirectoriesPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'directories' | 'origin'>;
  readonly users: Users;
  readonly groups: Groups;
  readonly onLate: (error: NotEverywhereYet) => void;
  /** It showed its token. */
  readonly heard: (directory: string) => Promise<void>;
}

type Answer = (asked: Asked) => Promise<Answered> | Answered;

export const SCIM_PATH = '/scim/v2';
const MEDIA_TYPE = 'application/scim+json';
const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error';

/**
 * Directories say who may sign in here, and in which groups they are. SCIM 2.0: RFC 7643, RFC 7644. Each shows a token
 * of its own, and sees what came from it.
 */
export class Directories {
  readonly #ports: DirectoriesPorts;
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(ports: DirectoriesPorts) {
    this.#ports = ports;
    const { users, groups } = ports;
    this.#answers = {
      ...discoveryAnswers(`${ports.snapshot.origin}${SCIM_PATH}`),
      scimListUsers: (asked) => users.list(asked),
      scimSearchUsers: (asked) => users.list(searched(asked)),
      scimCreateUser: (asked) => users.create(asked),
      scimShowUser: (asked) => users.show(asked),
      scimReplaceUser: (asked) => users.replace(asked),
      scimPatchUser: (asked) => users.patch(asked),
      scimRemoveUser: (asked) => users.remove(asked),
      scimListGroups: (asked) => groups.list(asked),
      scimSearchGroups: (asked) => groups.list(searched(asked)),
      scimCreateGroup: (asked) => groups.create(asked),
      scimShowGroup: (asked) => groups.show(asked),
      scimReplaceGroup: (asked) => groups.replace(asked),
      scimPatchGroup: (asked) => groups.patch(asked),
      scimRemoveGroup: (asked) => groups.remove(asked),
    };
  }

  handlerOf(operation: string): Handle | null {
    const answer = Object.hasOwn(this.#answers, operation) ? this.#answers[operation] : undefined;
    return answer === undefined ? null : (asked) => this.#answer(asked, answer);
  }

  async #answer(asked: PageCall, answer: Answer): ReturnType<Handle> {
    const directory = this.#directoryOf(asked);
    if (directory === null) {
      asked.response.setHeader('www-authenticate', 'Bearer realm="scim", error="invalid_token"');
      send(asked, errorAnswer(new ScimError(401, null, 'a token of a directory was expected')));
      return { ...NOBODY, error: 'invalid_token' };
    }
    // Nobody is refused because it cannot be written when a directory was last heard of.
    void this.#ports.heard(directory).catch(() => undefined);
    const client = `directory:${directory}`;
    try {
      const answered = await answer(readAsked(asked, directory));
      send(asked, answered);
      return { client, subject: answered.subject ?? null, error: null };
    } catch (error) {
      if (error instanceof NotEverywhereYet) {
        this.#ports.onLate(error);
        asked.response.setHeader('retry-after', '5');
        const detail = 'this is kept, and a gateway has not confirmed it: ask once more';
        send(asked, errorAnswer(new ScimError(503, null, detail)));
        return { client, subject: null, error: 'not_everywhere_yet', reason: error.message };
      }
      const known = error instanceof ScimError ? error : scimErrorOf(error);
      if (known === null) throw error;
      send(asked, errorAnswer(known));
      return { client, subject: null, error: 'scim_refused', reason: known.message };
    }
  }

  /** Null: whoever asks shows no token of a directory. */
  #directoryOf({ request }: PageCall): string | null {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) return null;
    const shown = createHash('sha256').update(token).digest();
    let found: string | null = null;
    // Each of them, whichever fits: the time says nothing of it.
    for (const { name, tokenHashes } of this.#ports.snapshot.directories) {
      for (const hash of tokenHashes) {
        if (timingSafeEqual(shown, Buffer.from(hash, 'base64url'))) found = name;
      }
    }
    return found;
  }
}

function readAsked({ call, request }: PageCall, directory: string): Asked {
  const { pathname, search } = new URL(request.url ?? '', 'http://scim.invalid');
  return {
    ...{ directory, query: new URLSearchParams(search) },
    // The contract has checked its form.
    id: decodeURIComponent(pathname.split('/').at(-1) ?? ''),
    body:
      call.body === null ? {} : objectOf(parseJsonText(Buffer.from(call.body).toString('utf8'))),
    ifMatch: request.headers['if-match'] ?? null,
    ifNoneMatch: request.headers['if-none-match'] ?? null,
  };
}

/** RFC 7644 §3.4.3: what would stand in the query stands in the body. */
function searched(asked: Asked): Asked {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.body)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (['string', 'number'].includes(typeof text)) query.set(name, String(text));
  }
  return { ...asked, query };
}

function errorAnswer({ status, scimType, message }: ScimError): Answered {
  const body = {
    schemas: [ERROR_SCHEMA],
    status: String(status),
    ...(scimType !== null && { scimType }),
    detail: message,
  };
  return { status, body };
}

function send({ response }: PageCall, { status, body, location, tag }: Answered): void {
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  if (location !== undefined) response.setHeader('location', location);
  if (tag !== undefined) response.setHeader('etag', tag);
  if (body === null) {
    response.end();
    return;
  }
  response.setHeader('content-type', MEDIA_TYPE);
  response.end(JSON.stringify(body));
}
