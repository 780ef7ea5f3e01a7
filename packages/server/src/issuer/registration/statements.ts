import { parseJsonText } from '@poorter/openapi/json';
import { compactVerify, createLocalJWKSet } from 'jose';
import type { InvitationTerms } from '../../access/clients/index.ts';
import type { StatementSnapshot } from '../../messages/between-issuer.ts';
import { CLIENT_SIGNATURES } from '../protocol/client-metadata.ts';
import { errors } from '../protocol/library.ts';

/** What somebody who is believed says of a client, and what it may be at most. */
export interface Stated {
  /** As an invitation is known by its id. */
  readonly id: string;
  readonly terms: InvitationTerms;
  readonly clientsMax: number;
  /** They stand in the place of what the client says itself. RFC 7591 §3.1.1. */
  readonly claims: Readonly<Record<string, unknown>>;
}

const ALGORITHMS = [...CLIENT_SIGNATURES, 'RS256'];
const CLOCK_SKEW_SECONDS = 15;
/** One without an end is believed for so long. */
const LIFE_MAX_SECONDS = 30 * 86_400;
/** Of the statement, and not of the client. */
const OWN_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

/** Software statements (RFC 7591 §2.3), by those who are trusted to make them. */
export class Statements {
  readonly #trusted: readonly StatementSnapshot[];
  readonly #now: () => number;

  constructor(trusted: readonly StatementSnapshot[], now: () => number) {
    this.#trusted = trusted;
    this.#now = now;
  }

  get areBelieved(): boolean {
    return this.#trusted.length > 0;
  }

  /** Throws as RFC 7591 §3.2.2 has it. */
  async read(statement: string): Promise<Stated> {
    const issuer = issuerOf(statement);
    const trusted = this.#trusted.find((one) => one.issuer === issuer);
    if (trusted === undefined)
      throw refusal('unapproved_software_statement', 'its issuer is not believed');
    const claims = await this.#verified(statement, trusted);
    const { id, profile, flows, scopes, detailTypes, clients } = trusted;
    return {
      ...{ id, terms: { name: id, profile, flows, scopes, detailTypes }, clientsMax: clients },
      claims: Object.fromEntries(
        Object.entries(claims).filter(([claim]) => !OWN_CLAIMS.includes(claim)),
      ),
    };
  }

  async #verified(statement: string, { keys }: StatementSnapshot): Promise<Claims> {
    let claims: Claims | null;
    try {
      const options = { algorithms: ALGORITHMS };
      const { payload } = await compactVerify(statement, createLocalJWKSet(keys), options);
      claims = claimsIn(payload);
    } catch {
      throw refusal('invalid_software_statement', 'it is not signed as it should be');
    }
    if (claims === null || !isOfNow(claims, this.#now() / 1000)) {
      throw refusal('invalid_software_statement', 'it is not of now');
    }
    // Whoever signs these signs other things, too, of which none is about a program.
    if (typeof claims['software_id'] === 'string') return claims;
    throw refusal('invalid_software_statement', 'it has no software_id');
  }
}

type Claims = Readonly<Record<string, unknown>>;

/** RFC 7519 §4.1. Asks for the allowed side, so that a NaN refuses. */
function isOfNow({ iat, nbf, exp }: Claims, nowSeconds: number): boolean {
  const isTime = (value: unknown): value is number => typeof value === 'number' && value > 0;
  if (!isTime(iat) || !(iat <= nowSeconds + CLOCK_SKEW_SECONDS)) return false;
  if (nbf !== undefined && !(isTime(nbf) && nbf <= nowSeconds + CLOCK_SKEW_SECONDS)) return false;
  const end = exp === undefined ? iat + LIFE_MAX_SECONDS : exp;
  return isTime(end) && end + CLOCK_SKEW_SECONDS > nowSeconds;
}

/** Whose it says that it is: by that the keys are chosen that it is verified with. */
function issuerOf(statement: string): unknown {
  const claims = claimsIn(Buffer.from(statement.split('.')[1] ?? '', 'base64url'));
  if (claims === null) throw refusal('invalid_software_statement', 'it is no JWT');
  return claims['iss'];
}

function claimsIn(bytes: Uint8Array): Claims | null {
  try {
    const read = parseJsonText(Buffer.from(bytes).toString('utf8'));
    return typeof read === 'object' && read !== null && !Array.isArray(read)
      ? (read as Claims)
      : null;
  } catch {
    return null;
  }
}

function refusal(
  code: 'invalid_software_statement' | 'unapproved_software_statement',
  why: string,
) {
  return new errors.CustomOIDCProviderError(code, `software_statement: ${why}`);
}
