import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import type { IdentifiedPrincipal } from './identity.ts';

export interface ChallengeOptions {
  readonly realm: string;
  /** RFC 9728 §5.1. */
  readonly resourceMetadataUrl: string | null;
}

/** Why the bearer token was refused; null when none was presented. */
export type TokenFault = 'expired' | 'invalid' | 'proof' | null;

/** The WWW-Authenticate fields of a 401: one challenge for each way in that the operation has. */
export function compileChallenges(
  security: readonly SecurityRequirement[],
  schemes: Readonly<Record<string, SecurityScheme>>,
  options: ChallengeOptions,
): (tokenFault: TokenFault) => readonly string[] {
  const fixed = new Set<string>();
  let takesTokens = false;
  for (const requirement of security) {
    for (const name of Object.keys(requirement)) {
      const scheme = schemes[name];
      if (scheme === undefined) continue;
      const challenge = fixedChallenge(scheme, options.realm);
      if (challenge !== null) {
        fixed.add(challenge);
        continue;
      }
      takesTokens = true;
    }
  }
  const others = [...fixed];
  const scopes = scopesOfTokens(security, schemes);
  const answers = new Map<TokenFault, readonly string[]>();
  for (const fault of [null, 'invalid', 'expired', 'proof'] as const) {
    const challenges = takesTokens ? [tokenChallenge(options, fault, scopes), ...others] : others;
    answers.set(
      fault,
      challenges.flatMap((challenge) => ['www-authenticate', challenge]),
    );
  }
  return (fault) => answers.get(fault) ?? [];
}

/** Does a scheme take tokens, which somebody issued? */
export function takesToken(scheme: SecurityScheme): boolean {
  return fixedChallenge(scheme, '') === null;
}

/** The scopes of the first alternative that takes a token suffice; more would over-ask. */
export function scopesOfTokens(
  security: readonly SecurityRequirement[],
  schemes: Readonly<Record<string, SecurityScheme>>,
): readonly string[] {
  for (const requirement of security) {
    for (const [name, required] of Object.entries(requirement)) {
      const scheme = schemes[name];
      if (scheme !== undefined && takesToken(scheme)) return [...new Set(required)];
    }
  }
  return [];
}

/** RFC 9449 §7.1: who shows a proof that does not hold is told what holds. */
function tokenChallenge(
  options: ChallengeOptions,
  fault: TokenFault,
  scopes: readonly string[],
): string {
  if (fault !== 'proof') return challengeOf('Bearer', options, errorOf(fault), scopes);
  const error = {
    code: 'invalid_dpop_proof',
    description: 'The token is bound to a key, and the proof of it does not hold',
  };
  return challengeOf('DPoP', options, error, scopes);
}

const SCHEME_OF = { token: 'Bearer', key: 'ApiKey', certificate: 'MutualTLS' } as const;

/** By which scheme a caller was known: a token that comes with a proof came by DPoP. */
type Known = Pick<IdentifiedPrincipal, 'kind' | 'isKeyBound'>;

function schemeOf({ kind, isKeyBound }: Known) {
  return isKeyBound === true ? 'DPoP' : SCHEME_OF[kind];
}

/** Who was known, and lacks a scope. */
export function scopeChallenge(
  known: Known,
  options: ChallengeOptions,
  scopes: readonly string[],
): string {
  const error = {
    code: 'insufficient_scope',
    description: `The ${known.kind} does not carry the scope that the operation requires`,
  };
  return challengeOf(schemeOf(known), options, error, scopes);
}

export interface WantedSignIn {
  /** The first is the one that is asked for. */
  readonly acr?: readonly string[] | undefined;
  readonly maxAgeSeconds?: number | undefined;
}

/** RFC 9470 §3. Only a token can say what is asked for, whatever was shown. */
export function stepUpChallenge(
  known: Known | null,
  options: ChallengeOptions & { readonly scopes: readonly string[] },
  wanted: WantedSignIn,
  description: string,
): string {
  const scheme = known?.isKeyBound === true ? 'DPoP' : 'Bearer';
  const error = { code: 'insufficient_user_authentication', description };
  const { acr, maxAgeSeconds } = wanted;
  return challengeOf(scheme, options, error, options.scopes, [
    ...(acr === undefined ? [] : [`acr_values=${quoted(acr.join(' '))}`]),
    ...(maxAgeSeconds === undefined ? [] : [`max_age=${quoted(String(maxAgeSeconds))}`]),
  ]);
}

/** RFC 6750 §3: without a credential, no error is told. */
function challengeOf(
  scheme: string,
  options: ChallengeOptions,
  error: { code: string; description: string } | null,
  scopes: readonly string[],
  more: readonly string[] = [],
): string {
  const parts = [`realm=${quoted(options.realm)}`];
  if (error !== null) {
    parts.push(`error=${quoted(error.code)}`, `error_description=${quoted(error.description)}`);
  }
  parts.push(...more);
  const scope = scopes.filter(isScopeToken).join(' ');
  if (scope !== '') parts.push(`scope=${quoted(scope)}`);
  if (options.resourceMetadataUrl !== null) {
    parts.push(`resource_metadata=${quoted(options.resourceMetadataUrl)}`);
  }
  // RFC 9449 §7.1.
  if (scheme === 'DPoP') parts.push('algs="ES256 EdDSA PS256"');
  return `${scheme} ${parts.join(', ')}`;
}

function errorOf(
  fault: Exclude<TokenFault, 'proof'>,
): { code: string; description: string } | null {
  if (fault === null) return null;
  const description = fault === 'expired' ? 'The token has expired' : 'The token is not valid';
  return { code: 'invalid_token', description };
}

/** null for the schemes that take a bearer token: they share one challenge. */
function fixedChallenge(scheme: SecurityScheme, realm: string): string | null {
  switch (scheme.type) {
    case 'apiKey':
      // No scheme is registered for API keys; RFC 9110 §15.5.2 still wants a challenge.
      return `ApiKey realm=${quoted(realm)}, in="${scheme.in}", name=${quoted(scheme.name)}`;
    case 'mutualTLS':
      // Nor for certificates: the handshake asks for them. This tells the reader of the answer.
      return `MutualTLS realm=${quoted(realm)}`;
    case 'http':
      return scheme.scheme === 'basic' ? `Basic realm=${quoted(realm)}, charset="UTF-8"` : null;
    case 'oauth2':
    case 'openIdConnect':
      return null;
    default:
      return scheme satisfies never;
  }
}

/** RFC 9110 §5.6.4. What a field value cannot hold is left out. */
export function quoted(text: string): string {
  const printable = text.replace(/[^\t\x20-\x7e]/g, '');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 6749 §3.3. */
function isScopeToken(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}
