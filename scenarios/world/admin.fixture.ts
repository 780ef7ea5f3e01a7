import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningPoorter } from './poorter.fixture.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the contract promises.
  readonly body: any;
}

export type AdminCall = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<AdminAnswer>;

type Reached = Pick<RunningPoorter, 'controlUrl' | 'folder'>;

/** The admin API as the command line of this machine reaches it, or with another credential. */
export function adminOf(poorter: Reached, key?: string | null): AdminCall {
  return async (method, path, body, headers = {}) => {
    const credential = key === undefined ? operatorCredential(poorter) : key;
    const answer = await fetch(`${poorter.controlUrl}${path}`, {
      method,
      headers: {
        ...(credential !== null && { 'poorter-operator-key': credential }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };
}

export function operatorCredential(poorter: Reached): string {
  const file = join(poorter.folder, 'data/operator-credential.json');
  if ((statSync(file).mode & 0o777) !== 0o600)
    throw new Error('the credential file is not private');
  return (JSON.parse(readFileSync(file, 'utf8')) as { key: string }).key;
}
