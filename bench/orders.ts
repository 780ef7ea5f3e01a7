import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** What is called in every scenario: a small order service. */
export const SMALL_ANSWER = '{"status":"ok"}';
const DOCUMENT_BYTES = 2_048;

export const ISSUER = 'https://login.example';
export const AUDIENCE = 'https://orders.example';
export const SCOPE = 'orders:write';
/** So many callers take turns, each with a token of its own. */
const CALLERS = 100;

const orderLine = {
  type: 'object',
  additionalProperties: false,
  required: ['sku', 'quantity', 'unitPrice', 'currency'],
  properties: {
    sku: { type: 'string', pattern: '^[A-Z]{3}-[0-9]{6}$' },
    title: { type: 'string', minLength: 1, maxLength: 120 },
    quantity: { type: 'integer', minimum: 1, maximum: 1000 },
    unitPrice: { type: 'number', minimum: 0 },
    currency: { enum: ['EUR', 'USD', 'GBP'] },
    isGift: { type: 'boolean' },
  },
};

/** Without `format`, which validators disagree about: all do the same work. */
export const ORDER_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'customer', 'lines', 'total'],
  properties: {
    id: { type: 'string', pattern: '^ord_[0-9a-f]{16}$' },
    customer: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'country'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 80 },
        country: { type: 'string', pattern: '^[A-Z]{2}$' },
        tags: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 20 } },
      },
    },
    lines: { type: 'array', minItems: 1, maxItems: 100, items: orderLine },
    total: { type: 'number', minimum: 0 },
    note: { type: 'string', maxLength: 500 },
  },
} as const;

/** An order of exactly 2 KB. */
export const ORDER = orderText();
/** The same with one fault, deep inside, and of the same length. */
export const WRONG_ORDER = lastReplaced(ORDER, '"quantity":3', '"quantity":0');

function orderText(): string {
  const lines = Array.from({ length: 13 }, (_, index) => ({
    sku: `ABC-${String(100_000 + index * 7)}`,
    title: `Garden chair, oak, number ${index + 1}`,
    quantity: 3,
    unitPrice: 49.95,
    currency: 'EUR',
    isGift: index % 2 === 0,
  }));
  const order = {
    id: 'ord_0123456789abcdef',
    customer: { name: 'An Peeters', country: 'BE', tags: ['retail', 'garden', 'returning'] },
    lines,
    total: 1948.05,
    note: '',
  };
  order.note = '.'.repeat(DOCUMENT_BYTES - JSON.stringify(order).length);
  return JSON.stringify(order);
}

function lastReplaced(text: string, part: string, other: string): string {
  const at = text.lastIndexOf(part);
  return text.slice(0, at) + other + text.slice(at + part.length);
}

/** The issuer: RS256, which most issuers use and which is the cheapest to verify on every call. */
export class Issuer {
  readonly #key: KeyObject;
  readonly publicKeyPem: string;
  readonly jwks: { keys: object[] };
  readonly #kid: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#key = privateKey;
    this.publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    this.#kid = createHash('sha256').update(this.publicKeyPem).digest('base64url').slice(0, 16);
    const jwk = publicKey.export({ format: 'jwk' });
    this.jwks = { keys: [{ ...jwk, kid: this.#kid, alg: 'RS256', use: 'sig' }] };
  }

  /** One for each caller, and more where more are asked for. */
  tokens(count = CALLERS): string[] {
    return Array.from({ length: count }, (_, index) =>
      this.token(`caller-${index % CALLERS}`, SCOPE, `token-${index}`),
    );
  }

  token(client: string, scope: string, id = 'one'): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: client,
      client_id: client,
      jti: id,
      scope,
      iat: now,
      exp: now + 7_200,
    };
    const head = encode({ alg: 'RS256', typ: 'JWT', kid: this.#kid });
    const signed = `${head}.${encode(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#key).toString('base64url')}`;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
