import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';

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
  const scopes = new Set<string>();
  for (const requirement of security) {
    for (const [name, required] of Object.entries(requirement)) {
      const scheme = schemes[name];
      if (scheme === undefined) continue;
      const challenge = fixedChallenge(scheme, options.realm);
      if (challenge !== null) {
        fixed.add(challenge);
        continue;
      }
      // The scopes of the first alternative that takes a token suffice; more would over-ask.
      if (!takesTokens) for (const scope of required) scopes.add(scope);
      takesTokens = true;
    }
  }
  const others = [...fixed];
  const answers = new Map<TokenFault, readonly string[]>();
  for (const fault of [null, 'invalid', 'expired', 'proof'] as const) {
    const challenges = takesTokens
      ? [tokenChallenge(options, fault, [...scopes]), ...others]
      : others;
    answers.set(
      fault,
      challenges.flatMap((challenge) => ['www-authenticate', challenge]),
    );
  }
  return (fault) => answers.get(fault) ?? [];
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
  return `${challengeOf('DPoP', options, error, scopes)}, algs="ES256 EdDSA PS256"`;
}

const SCHEME_OF = { token: 'Bearer', key: 'ApiKey', certificate: 'MutualTLS' } as const;

/** Who was known, and lacks a scope. */
export function scopeChallenge(
  kind: keyof typeof SCHEME_OF,
  options: ChallengeOptions,
  scopes: readonly string[],
): string {
  const error = {
    code: 'insufficient_scope',
    description: `The ${kind} does not carry the scope that the operation requires`,
  };
  return challengeOf(SCHEME_OF[kind], options, error, scopes);
}

/** RFC 6750 §3: without a credential, no error is told. */
function challengeOf(
  scheme: string,
  options: ChallengeOptions,
  error: { code: string; description: string } | null,
  scopes: readonly string[],
): string {
  const parts = [`realm=${quoted(options.realm)}`];
  if (error !== null) {
    parts.push(`error=${quoted(error.code)}`, `error_description=${quoted(error.description)}`);
  }
  const scope = scopes.filter(isScopeToken).join(' ');
  if (scope !== '') parts.push(`scope=${quoted(scope)}`);
  if (options.resourceMetadataUrl !== null) {
    parts.push(`resource_metadata=${quoted(options.resourceMetadataUrl)}`);
  }
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
