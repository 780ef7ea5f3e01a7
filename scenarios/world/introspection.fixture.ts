import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AUDIENCE } from './issuer.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import { startService } from './service.fixture.ts';

/** What was asked about a token: by whom, and with what. */
export interface Question {
  readonly path: string;
  readonly token: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

/** A real introspection endpoint over HTTP (RFC 7662), for as many issuers as it has paths. */
export interface Introspection {
  readonly url: string;
  readonly questions: Question[];
  /** An opaque token of `sub: alice`, `client_id: app` and this audience; claims set to undefined are left out. */
  token(claims?: Record<string, unknown>, prefix?: string): string;
  takeBack(token: string): void;
  /** From now on, questions at this path are answered so. */
  answer(path: string, how: (response: ServerResponse, question: Question) => void): void;
}

export async function startIntrospection(t: Lifetime): Promise<Introspection> {
  const good = new Map<string, Record<string, unknown>>();
  const ways = new Map<string, (response: ServerResponse, question: Question) => void>();
  const questions: Question[] = [];
  const service = await startService(t, (response, { target, body, headers }) => {
    const form = new URLSearchParams(body.toString());
    const token = form.get('token') ?? '';
    const { authorization } = headers;
    const question = { path: target, token, authorization, form };
    questions.push(question);
    const way = ways.get(target);
    if (way !== undefined) return way(response, question);
    const claims = good.get(token);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(claims === undefined ? { active: false } : claims));
  });
  return {
    ...{ url: service.url, questions },
    token(claims = {}, prefix = '') {
      const token = `${prefix}${randomUUID()}`;
      const seconds = Math.floor(Date.now() / 1000);
      good.set(token, {
        ...{ active: true, token_type: 'Bearer', sub: 'alice', client_id: 'app', aud: AUDIENCE },
        ...{ scope: 'accounts:read', iat: seconds, exp: seconds + 300, jti: randomUUID() },
        ...claims,
      });
      return token;
    },
    takeBack: (token) => void good.delete(token),
    answer: (path, how) => void ways.set(path, how),
  };
}
