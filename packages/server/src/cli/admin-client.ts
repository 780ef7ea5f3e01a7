import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import type { Agent, Response } from 'undici';
import { type Operations, operations, type Problem } from '../messages/admin-contract.generated.ts';
import { certificateFault, SYSTEM_AUTHORITIES } from '../platform/certificates/index.ts';
import {
  BYTES_MAX,
  readTextFile,
  requireOwnFile,
  UntrustedPathError,
} from '../platform/files/index.ts';
import { shownPath } from './definition/usage-error.ts';
import type { CommandWorld } from './definition/world.ts';
import { expectedInWords, operatorWords } from './operator-words.ts';

const CREDENTIAL_FILE = 'operator-credential.json';
const TIMEOUT_MS = 60_000;
const PAGE = 200;

/** What the server said no to, as a sentence. */
export class AdminRefusal extends Error {
  readonly status: number;
  /** Null: it said no more. */
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, waitSeconds: number | null = null) {
    super(sentenceOf(status, problem, waitSeconds));
    this.status = status;
    this.problem = problem;
  }
}

type OperationId = keyof Operations;
type Answers<Id extends OperationId> = Operations[Id]['answers'];

export interface AdminReply<Id extends OperationId> {
  readonly body: Answers<Id>[keyof Answers<Id>];
  readonly etag: string | null;
}

/** All that an operation needs, and nothing that it does not take. */
type CallOf<Id extends OperationId> = Part<'path', Operations[Id]['path']> &
  Part<'query', Operations[Id]['query']> &
  Part<'header', Operations[Id]['header']> &
  BodyPart<Operations[Id]['body']>;

type Part<Name extends string, Values> = keyof Values extends never
  ? { readonly [Part in Name]?: never }
  : Partial<Values> extends Values
    ? { readonly [Part in Name]?: Values }
    : { readonly [Part in Name]: Values };

type BodyPart<Body> = [Body] extends [undefined]
  ? { readonly body?: never }
  : undefined extends Body
    ? { readonly body?: Body }
    : { readonly body: Body };

type CallArguments<Id extends OperationId> =
  Partial<CallOf<Id>> extends CallOf<Id> ? [given?: CallOf<Id>] : [given: CallOf<Id>];

/** As it is sent, whatever the operation is. */
interface AnyCall {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: object;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Operations that answer page by page. */
type ListId = {
  readonly [Id in OperationId]: AdminReply<Id>['body'] extends Page<unknown> ? Id : never;
}[OperationId];
type ItemOf<Id extends ListId> = AdminReply<Id>['body'] extends Page<infer Item> ? Item : never;

/** Speaks the admin API of a running server. */
export class AdminClient {
  readonly #url: string;
  readonly #key: string;
  /** The server's own, where it wrote one down. */
  readonly #certificate: string | undefined;
  #dispatcher: Agent | undefined;

  /** Throws a sentence for people when there is no way to a server. */
  static find(
    { url: elsewhere, data }: { readonly data: string; readonly url: string | undefined },
    environment: CommandWorld['environment'],
  ): AdminClient {
    const { POORTER_OPERATOR_KEY: given } = environment;
    if (elsewhere !== undefined) {
      if (given === undefined) throw new Error('--url needs a credential in POORTER_OPERATOR_KEY');
      return new AdminClient(elsewhere, given);
    }
    const file = join(data, CREDENTIAL_FILE);
    let text: string;
    try {
      // A file that others can write names a server of theirs, which is then sent our credential.
      requireOwnFile(file);
      text = readTextFile(file, BYTES_MAX.credential);
    } catch (cause) {
      if (cause instanceof UntrustedPathError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : code;
      const at = join(shownPath(data), CREDENTIAL_FILE);
      throw new Error(
        `reading ${at}: ${why}; start the server first, or name its data directory with --data`,
        { cause },
      );
    }
    const { url, key, certificate } = parseJsonText(text) as {
      url: string;
      key: string;
      certificate?: string;
    };
    return new AdminClient(url, given ?? key, certificate);
  }

  private constructor(url: string, key: string, certificate?: string) {
    this.#url = url.replace(/\/$/, '');
    this.#key = key;
    this.#certificate = certificate;
  }

  /** Throws AdminRefusal where the server says no. */
  call<Id extends OperationId>(id: Id, ...given: CallArguments<Id>): Promise<AdminReply<Id>>;
  async call(
    id: OperationId,
    given: AnyCall = {},
  ): Promise<{ body: unknown; etag: string | null }> {
    const { method } = operations[id];
    const { header = {}, body } = given;
    // Commands are listed and explained without it.
    const { Agent, fetch } = await import('../platform/http-client/index.ts');
    // A connection of its own for each: one that is kept may be closed by the server in the moment in which it is used again.
    this.#dispatcher ??= new Agent({
      pipelining: 0,
      ...(this.#certificate !== undefined && { connect: exactly(this.#certificate) }),
    });
    let answer: Response;
    try {
      answer = await fetch(this.#url + targetOf(id, given), {
        method,
        headers: {
          'poorter-operator-key': this.#key,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...header,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        dispatcher: this.#dispatcher,
      });
    } catch (cause) {
      const distrust = certificateFault(cause, SYSTEM_AUTHORITIES);
      const why =
        distrust === null
          ? `no server answers at ${this.#url}; is it running?`
          : `the server at ${this.#url} is not believed: ${distrust}`;
      throw new Error(why, { cause });
    }
    const text = await answer.text();
    if (answer.ok) {
      const body = text === '' ? null : parseJsonText(text);
      return { body, etag: answer.headers.get('etag') };
    }
    const after = answer.headers.get('retry-after') ?? '';
    const waitSeconds = /^\d{1,9}$/.test(after) ? Number(after) : null;
    throw new AdminRefusal(answer.status, problemIn(text), waitSeconds);
  }

  /** All items of a list, page by page. */
  list<Id extends ListId>(
    id: Id,
    query?: Omit<Operations[Id]['query'], 'limit' | 'cursor'>,
  ): AsyncGenerator<ItemOf<Id>>;
  async *list(id: ListId, query: AnyCall['query'] = {}): AsyncGenerator<unknown> {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const asked = { limit: PAGE, ...query, ...(cursor !== undefined && { cursor }) };
      const { body } = await this.call(id, { query: asked });
      yield* body.items;
      cursor = body.next;
    }
  }
}

/** Path and query, with what is given in its place. */
function targetOf(id: OperationId, { path = {}, query = {} }: AnyCall): string {
  const filled = operations[id].path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ''),
  );
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  ).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

/** This certificate and no other, whatever names it carries: the server itself wrote it down. */
function exactly(certificate: string) {
  return { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

/** Null: whoever stands in front of the server answered in words of its own. */
function problemIn(text: string): Problem | null {
  try {
    const read = parseJsonText(text);
    return typeof read === 'object' ? (read as Problem | null) : null;
  } catch {
    return null;
  }
}

function sentenceOf(status: number, problem: Problem | null, waitSeconds: number | null): string {
  if (problem?.title === undefined) return `the server answered ${status}`;
  const { instance = null } = problem;
  const words = operatorWords(problem.code, { waitSeconds, instance });
  const { title = problem.title, remedy } = words ?? { remedy: problem.detail ?? '' };
  const more = [
    problem.reason,
    problem.gateways?.join(', '),
    ...(problem.errors ?? []).map(({ pointer, name, rule, expected }) =>
      `${pointer?.slice(1) || name || ''} ${expected === undefined ? rule : `is ${expectedInWords(expected)}`}`.trim(),
    ),
  ].filter((part) => part !== undefined && part !== '');
  return `${title}${more.length > 0 ? ` (${more.join('; ')})` : ''} ${remedy}`.trim();
}
