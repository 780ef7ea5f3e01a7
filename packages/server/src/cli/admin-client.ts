import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import type { Agent, Response } from 'undici';
import {
  BYTES_MAX,
  readTextFile,
  requireOwnFile,
  UntrustedPathError,
} from '../platform/files/index.ts';
import type { CommandWorld } from './definition/world.ts';

const TIMEOUT_MS = 60_000;

/** What the server said no to, as a sentence. */
export class AdminRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface AdminReply<Body> {
  readonly body: Body;
  readonly etag: string | null;
}

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
    const file = join(data, 'operator-credential.json');
    let text: string;
    try {
      // A file that others can write names a server of theirs, which is then sent our credential.
      requireOwnFile(file);
      text = readTextFile(file, BYTES_MAX.credential);
    } catch (cause) {
      if (cause instanceof UntrustedPathError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : code;
      throw new Error(
        `reading ${file}: ${why}; start the server first, or name its data directory with --data`,
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

  async call<Body>(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AdminReply<Body>> {
    // Commands are listed and explained without it.
    const { Agent, fetch } = await import('undici');
    this.#dispatcher ??=
      this.#certificate === undefined
        ? undefined
        : new Agent({ connect: exactly(this.#certificate) });
    let answer: Response;
    try {
      answer = await fetch(this.#url + path, {
        method,
        headers: {
          'poorter-operator-key': this.#key,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(this.#dispatcher !== undefined && { dispatcher: this.#dispatcher }),
      });
    } catch (cause) {
      throw new Error(`no server answers at ${this.#url}; is it running?`, { cause });
    }
    const text = await answer.text();
    const read = (text === '' ? null : parseJsonText(text)) as Body & Problem;
    if (answer.ok) return { body: read, etag: answer.headers.get('etag') };
    throw new AdminRefusal(answer.status, read?.code ?? '', sentenceOf(answer.status, read));
  }

  /** All items of a list, page by page. */
  async *list<Item>(
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<Item> {
    let cursor: string | null = null;
    do {
      const search = new URLSearchParams({
        limit: '200',
        ...query,
        ...(cursor !== null && { cursor }),
      });
      const { body }: AdminReply<{ items: Item[]; next: string | null }> = await this.call(
        'GET',
        `${path}?${search}`,
      );
      yield* body.items;
      cursor = body.next;
    } while (cursor !== null);
  }
}

/** This certificate and no other, whatever names it carries: the server itself wrote it down. */
function exactly(certificate: string) {
  return { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly reason?: string;
  readonly gateways?: readonly string[];
  readonly errors?: readonly {
    pointer?: string;
    rule?: string;
    name?: string;
    expected?: string;
  }[];
}

function sentenceOf(status: number, problem: Problem | null): string {
  if (problem?.title === undefined) return `the server answered ${status}`;
  const more = [
    problem.reason,
    problem.gateways?.join(', '),
    ...(problem.errors ?? []).map(({ pointer, name, rule, expected }) =>
      `${pointer?.slice(1) || name || ''} ${expected === undefined ? rule : `is ${expected}`}`.trim(),
    ),
  ].filter((part) => part !== undefined && part !== '');
  return `${problem.title}${more.length > 0 ? ` (${more.join('; ')})` : ''} ${problem.detail ?? ''}`.trim();
}
