import { randomInt, randomUUID } from 'node:crypto';
import type { TrustedIssuer } from '@poorter/engine';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { believedIssuers } from '../configuration/believed-issuers.ts';
import type { Configuration } from '../configuration/schema.ts';
import { isLoopback, splitAddress } from '../platform/addresses/index.ts';
import { type IncomingMessage, STATUS_CODES } from '../platform/http/index.ts';
import type { World } from '../platform/world/index.ts';
import { unknownGrants } from './unknown-grants.ts';

/** Where a trial hands out its tokens, on the control address. */
export const TRIAL_TOKEN_PATH = '/trial/token';

const ISSUER = 'urn:poorter:trial';
const AUDIENCE = 'urn:poorter:trial';
const LIFETIME_SECONDS = 3_600;
/** A token stays far below the 8 KiB that the gate reads, however many scopes a document has. */
const GRANTS_CHARS_MAX = 4_000;
/** Scopes in one sentence. */
const NAMED_MAX = 20;
const NAME = /^[\x21-\x7e]{1,200}$/;

export const TRIAL_TRUST: TrustedIssuer = {
  issuer: ISSUER,
  audiences: [AUDIENCE],
  algorithms: ['ES256'],
  clockSkewSeconds: 30,
  isTrial: true,
};

interface Grants {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/** What somebody asks a token for. */
export type TokenWish = Partial<Grants> & {
  readonly subject?: string;
  readonly client?: string;
  /** How its holder is to have signed in; when, is always now. */
  readonly acr?: string;
};

export type TrialAnswer = { readonly status: number; readonly body: object };

/**
 * May tokens be issued by the gate itself? Only where a document on the command line is all there
 * is, and nobody but this machine can connect: a configuration file means that somebody meant it.
 */
export function mayTry(configuration: Configuration, file: string | null): boolean {
  const { listen, control, link, forwardAuth } = configuration;
  const isOwn = (address: string) => isLoopback(splitAddress(address).host);
  return (
    file === null &&
    believedIssuers(configuration).length === 0 &&
    link === undefined &&
    forwardAuth.length === 0 &&
    listen.length > 0 &&
    listen.every(({ address }) => isOwn(address)) &&
    isOwn(control.address)
  );
}

/**
 * A token issuer for trying a document. Its key is made at the start, never written down, and gone
 * with the process: no token outlives the trial.
 */
export class TrialIssuer {
  readonly keys: { readonly jwks: JSONWebKeySet; readonly generation: number };
  readonly #privateKey: CryptoKey;
  readonly #keyId: string;
  readonly #now: World['now'];
  /** Everything that the document asks for, as far as it fits in a token. */
  grants: Grants = { scopes: [], roles: [] };
  #asked: Grants = { scopes: [], roles: [] };

  private constructor(privateKey: CryptoKey, publicKey: object, now: World['now']) {
    this.#now = now;
    this.#privateKey = privateKey;
    this.#keyId = randomUUID();
    const jwk = { ...publicKey, kty: 'EC', kid: this.#keyId, alg: 'ES256', use: 'sig' };
    // Another one for every key, so that no thread remembers tokens of the one before.
    this.keys = { jwks: { keys: [jwk] }, generation: randomInt(1, 2 ** 47) };
  }

  static async open({ now }: Pick<World, 'now'>): Promise<TrialIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    return new TrialIssuer(privateKey, await exportJWK(publicKey), now);
  }

  offer(rights: Iterable<{ scopes: Iterable<string>; roles: Iterable<string> }>): void {
    const scopes = new Set<string>();
    const roles = new Set<string>();
    for (const one of rights) {
      for (const scope of one.scopes) if (NAME.test(scope)) scopes.add(scope);
      for (const role of one.roles) roles.add(role);
    }
    this.#asked = { scopes: [...scopes], roles: [...roles] };
    this.grants = { scopes: fitting(scopes), roles: fitting(roles) };
  }

  async token(wish: TokenWish = {}): Promise<string> {
    const { scopes, roles } = { ...this.grants, ...wish };
    const now = Math.floor(this.#now() / 1000);
    return new SignJWT({
      client_id: wish.client ?? 'trial',
      scope: scopes.join(' '),
      ...(roles.length > 0 && { roles }),
      ...(wish.acr !== undefined && { acr: wish.acr }),
      auth_time: now,
    })
      .setProtectedHeader({ alg: 'ES256', kid: this.#keyId, typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(wish.subject ?? 'trial')
      .setIssuedAt(now)
      .setExpirationTime(now + LIFETIME_SECONDS)
      .setJti(randomUUID())
      .sign(this.#privateKey);
  }

  /** A slip would come back as a token that every operation refuses; null: all is asked for. */
  #unknownIn({ scopes = [], roles = [] }: TokenWish): string | null {
    const unknown = unknownGrants({ scopes, roles }, [
      { scopes: new Set(this.#asked.scopes), roles: new Set(this.#asked.roles) },
    ]);
    if (unknown.length === 0) return null;
    const known = this.#asked.scopes;
    const shown = known.slice(0, NAMED_MAX).join(', ');
    const more = known.length > NAMED_MAX ? ` and ${known.length - NAMED_MAX} more` : '';
    const asked = known.length === 0 ? 'it asks for none' : `it asks for: ${shown}${more}`;
    return `${unknown.slice(0, NAMED_MAX).join('. ')}. Of scopes ${asked}`;
  }

  /** POST only, and for programs of this machine only: a page in a browser may not ask. */
  async answer(request: IncomingMessage): Promise<TrialAnswer> {
    if (request.method !== 'POST') {
      return refused(405, `use POST ${TRIAL_TOKEN_PATH}?scope=…`);
    }
    if (!isLocalProgram(request)) {
      return refused(403, 'trial tokens are for programs on this machine');
    }
    const wish = readWish(new URL(request.url ?? '', 'http://trial').searchParams);
    if (wish === null) return refused(400, 'parameters: scope, role, sub, client_id, acr');
    const unknown = this.#unknownIn(wish);
    if (unknown !== null) return refused(400, unknown);
    const { scopes, roles } = { ...this.grants, ...wish };
    return {
      status: 200,
      body: {
        access_token: await this.token(wish),
        token_type: 'Bearer',
        expires_in: LIFETIME_SECONDS,
        scope: scopes.join(' '),
        ...(roles.length > 0 && { roles }),
      },
    };
  }
}

function refused(status: number, detail: string): TrialAnswer {
  return { status, body: { title: STATUS_CODES[status], status, detail } };
}

/** Pages of any origin can reach this address, and by DNS rebinding even read its answers. */
function isLocalProgram({ headers, socket }: IncomingMessage): boolean {
  const isFromHere = isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
  const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const isOfPage = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
  return isFromHere && isLoopback(host) && !isOfPage;
}

/** null: something that no token could say. */
function readWish(parameters: URLSearchParams): TokenWish | null {
  const known = ['scope', 'role', 'sub', 'client_id', 'acr'];
  if ([...parameters.keys()].some((name) => !known.includes(name))) return null;
  const listed = (name: string) =>
    parameters.getAll(name).flatMap((text) => text.split(/[ ,]+/).filter((one) => one !== ''));
  const scopes = listed('scope');
  const roles = listed('role');
  const subject = parameters.get('sub');
  const client = parameters.get('client_id');
  const acr = parameters.get('acr');
  const isShort = [...scopes, ...roles].join(' ').length <= GRANTS_CHARS_MAX;
  const named = [subject, client, acr].filter((name) => name !== null);
  const areNames = [...scopes, ...roles, ...named].every((name) => NAME.test(name));
  if (!isShort || !areNames) return null;
  // Whoever names scopes means no others, and no roles that were not asked for.
  const isNamed = parameters.has('scope') || parameters.has('role');
  return {
    ...(isNamed && { roles }),
    ...(parameters.has('scope') && { scopes }),
    ...(subject !== null && { subject }),
    ...(client !== null && { client }),
    ...(acr !== null && { acr }),
  };
}

function fitting(names: Iterable<string>): string[] {
  const kept: string[] = [];
  let chars = 0;
  for (const name of names) {
    chars += name.length + 1;
    if (chars > GRANTS_CHARS_MAX / 2) break;
    kept.push(name);
  }
  return kept;
}
