import type { ProtectedCall } from '@poorter/middleware/guard';
import { type AdminProblem, adminProblems } from '../messages/admin-problems.ts';
import type { AnyAnswer } from './act.ts';

/** An answer as it leaves. */
export interface Written {
  readonly status: number;
  readonly head: readonly string[];
  readonly body: Buffer;
}

export function written({ id, decision }: ProtectedCall, answer: AnyAnswer): Written {
  const body = Buffer.from(JSON.stringify(answer.body), 'utf8');
  const head = [
    ...['content-type', isProblem(answer) ? 'application/problem+json' : 'application/json'],
    ...['content-length', String(body.byteLength), 'cache-control', 'no-store'],
    ...['x-content-type-options', 'nosniff', 'poorter-call', id],
    ...(answer.version === undefined ? [] : ['etag', `"${answer.version}"`]),
    ...decision.answerHeaders,
  ];
  return { status: answer.status, head, body };
}

export const UNRECORDED: AnyAnswer = {
  status: 503,
  body: {
    type: 'urn:poorter:problem:record_unavailable',
    title: 'The call cannot be recorded at this moment, so it is not accepted.',
    status: 503,
    code: 'record_unavailable',
  },
};

export function problem({ code, details }: AdminProblem, id: string): AnyAnswer {
  const { status, title, remedy } = adminProblems[code];
  const type = `urn:poorter:problem:${code}`;
  const instance = `urn:poorter:call:${id}`;
  return { status, body: { type, title, status, code, detail: remedy, instance, ...details } };
}

function isProblem({ status }: AnyAnswer): boolean {
  return status >= 400;
}
