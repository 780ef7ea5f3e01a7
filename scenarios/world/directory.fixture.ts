import { call } from './calls.fixture.ts';

type Json = Record<string, unknown>;

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** {} where there is none. */
  readonly body: Json;
}

/** Asks as a directory does. */
export class Directory {
  readonly #origin: string;
  readonly #token: string | null;

  constructor(origin: string, token: string | null) {
    this.#origin = origin;
    this.#token = token;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ScimAnswer> {
    return this.ask('GET', path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<ScimAnswer> {
    return this.ask('POST', path, body);
  }

  put(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    return this.ask('PUT', path, body, headers);
  }

  /** RFC 7644 §3.5.2. */
  patch(path: string, ...operations: readonly object[]): Promise<ScimAnswer> {
    return this.ask('PATCH', path, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: operations,
    });
  }

  delete(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ScimAnswer> {
    return this.ask('DELETE', path, undefined, headers);
  }

  async ask(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ScimAnswer> {
    const answered = await call(`${this.#origin}/scim/v2${path}`, {
      method,
      headers: {
        ...(this.#token !== null && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      ...{ status: answered.status, headers: answered.headers },
      body: answered.text === '' ? {} : (JSON.parse(answered.text) as Json),
    };
  }
}

/** As Entra sends somebody. */
export function entraUser(name: string, externalId: string) {
  return {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:User',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
    ],
    ...{ externalId, userName: `${name}@bank.example`, active: true, displayName: name },
    emails: [{ primary: true, type: 'work', value: `${name}@bank.example` }],
    name: { formatted: `${name} Maes`, familyName: 'Maes', givenName: name },
    meta: { resourceType: 'User' },
    title: 'Clerk',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Credit' },
  };
}
