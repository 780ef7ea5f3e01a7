import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import { type ChallengeOptions, compileChallenges, type TokenFault } from '../../challenges.ts';
import type { RequestFacts } from '../../facts.ts';
import {
  type Authenticate,
  type Authentication,
  type GateSessionTerms,
  type Identification,
  type IdentifiedPrincipal,
  type IdentityPorts,
  isGranted,
  type OwnAudience,
  rejected,
  type SatisfiedAlternative,
  type SatisfiedScheme,
} from '../../identity.ts';
import { type Deny, deny } from '../../policy.ts';
import type { ProblemCode } from '../../problems.ts';
import { compileApiKey } from './api-key.ts';
import { compileBearerToken } from './bearer-token.ts';
import { compileClientCertificate } from './client-certificate.ts';
import type { GateSessionPlan } from './gate-session.ts';
import { compileHttpBasic } from './http-basic.ts';
import { TokenVerifier } from './token-verifier.ts';

export type Identify = (request: RequestFacts) => Identification | Promise<Identification>;

/** Asked again by callers that hit a 503 of ours. */
const KEYS_RETRY_SECONDS = '5';

const ANONYMOUS: Identification = Object.freeze({
  kind: 'identified',
  principal: null,
  satisfied: [{ schemes: [] }],
});

interface CompiledScheme {
  readonly name: string;
  readonly takesToken: boolean;
  readonly authenticate: Authenticate;
}

/** Positions in the list of schemes, so that each is asked once whatever number of alternatives. */
type CompiledAlternative = readonly { position: number; required: readonly string[] }[];

/**
 * OpenAPI `security`: any alternative suffices, every scheme of it must hold. Compiled once per
 * operation; `security: []` is open.
 */
export function compileIdentification(
  operation: {
    readonly security: readonly SecurityRequirement[];
    /** The operation asks what only a token can say. */
    readonly wantsToken?: boolean;
    /** Of whose tokens only those are taken that are for this API. */
    readonly ownAudience?: OwnAudience | undefined;
    /** Browsers may call by the session that they have at this gate. */
    readonly sessions?: GateSessionTerms | undefined;
  },
  schemes: Readonly<Record<string, SecurityScheme>>,
  options: ChallengeOptions,
  ports: IdentityPorts,
): Identify {
  const { security, wantsToken = false, ownAudience, sessions } = operation;
  if (security.length === 0) return () => ANONYMOUS;
  const compiled: CompiledScheme[] = [];
  const isOpenToBrowsers = sessions !== undefined && ownAudience !== undefined;
  const session = isOpenToBrowsers ? { terms: sessions, own: ownAudience } : null;
  const alternatives: CompiledAlternative[] = security.map((requirement) =>
    Object.entries(requirement).map(([name, required]) => ({
      position: positionOf(name, compiled, schemes, ports, { ownAudience, session }),
      required,
    })),
  );
  const isAnonymousAllowed = alternatives.some((alternative) => alternative.length === 0);
  const named = alternatives.filter((alternative) => alternative.length > 0);
  const challenges = compileChallenges(security, schemes, options);

  const conclude = (outcomes: readonly Authentication[]): Identification => {
    const satisfied: SatisfiedAlternative[] = [];
    for (const alternative of named) {
      const holds = satisfy(alternative, compiled, outcomes);
      if (holds !== null) satisfied.push(holds);
    }
    // The call speaks with the first identity that is also granted what its alternative asks; where
    // only a token will do, who has one besides a key speaks with the token.
    const withToken = wantsToken ? satisfied.find(isGrantedByToken) : undefined;
    const spokesman = withToken ?? satisfied.find(isGranted) ?? satisfied[0];
    if (spokesman !== undefined) {
      return { kind: 'identified', principal: combine(spokesman), satisfied };
    }
    if (isAnonymousAllowed) return ANONYMOUS;
    return refuse(named, compiled, outcomes, challenges);
  };

  return (request) => {
    const outcomes: (Authentication | Promise<Authentication>)[] = [];
    let waits = false;
    for (const scheme of compiled) {
      const outcome = scheme.authenticate(request);
      if (outcome instanceof Promise) waits = true;
      outcomes.push(outcome);
    }
    // Without a promise when nothing waits: the common call carries a credential seen before.
    return waits
      ? Promise.all(outcomes).then(conclude)
      : conclude(outcomes as readonly Authentication[]);
  };
}

function isGrantedByToken(alternative: SatisfiedAlternative): boolean {
  const hasToken = alternative.schemes.some(({ principal }) => principal.kind === 'token');
  return hasToken && isGranted(alternative);
}

/** What holds for each scheme that takes tokens. */
interface TokenTerms {
  readonly ownAudience: OwnAudience | undefined;
  readonly session: GateSessionPlan | null;
}

function positionOf(
  name: string,
  compiled: CompiledScheme[],
  schemes: Readonly<Record<string, SecurityScheme>>,
  ports: IdentityPorts,
  { ownAudience, session }: TokenTerms,
): number {
  const known = compiled.findIndex((scheme) => scheme.name === name);
  if (known >= 0) return known;
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  if (scheme === undefined) {
    throw new Error(`security names the scheme '${name}', which securitySchemes does not define`);
  }
  const { authenticate, takesToken } = compileScheme(scheme, ports, session);
  const isNarrowed = takesToken && ownAudience !== undefined;
  const asked = isNarrowed ? forOneApi(authenticate, ownAudience) : authenticate;
  return compiled.push({ name, authenticate: asked, takesToken }) - 1;
}

/** One verification serves all APIs; what a token is for is asked at each. */
function forOneApi(authenticate: Authenticate, { issuer, audience }: OwnAudience): Authenticate {
  const judge = (outcome: Authentication): Authentication => {
    if (outcome.kind !== 'accepted') return outcome;
    const { kind, issuer: from, audiences } = outcome.principal;
    const isOther = kind === 'token' && from === issuer && audiences?.includes(audience) !== true;
    return isOther ? rejected('aud') : outcome;
  };
  return (request) => {
    const outcome = authenticate(request);
    return outcome instanceof Promise ? outcome.then(judge) : judge(outcome);
  };
}

function compileScheme(
  scheme: SecurityScheme,
  ports: IdentityPorts,
  session: GateSessionPlan | null,
): Omit<CompiledScheme, 'name'> {
  const bearer = (discoveryUrl: string | null, takesKeys: boolean) =>
    compileBearerToken(verifierOf(ports), { discoveryUrl, takesKeys, session }, ports);
  switch (scheme.type) {
    case 'apiKey':
      return { takesToken: false, authenticate: compileApiKey(scheme, ports) };
    case 'http':
      return scheme.scheme === 'basic'
        ? { takesToken: false, authenticate: compileHttpBasic(ports) }
        : {
            takesToken: true,
            authenticate: bearer(null, scheme.takesKeys === true),
          };
    case 'oauth2':
      return { takesToken: true, authenticate: bearer(null, false) };
    case 'openIdConnect':
      return { takesToken: true, authenticate: bearer(scheme.openIdConnectUrl, false) };
    case 'mutualTLS':
      return { takesToken: false, authenticate: compileClientCertificate(ports) };
    default:
      return scheme satisfies never;
  }
}

// One verifier, and so one cache, for all operations and snapshots that share their ports.
const verifiers = new WeakMap<IdentityPorts, TokenVerifier>();

function verifierOf(ports: IdentityPorts): TokenVerifier {
  const known = verifiers.get(ports);
  if (known !== undefined) return known;
  const verifier = new TokenVerifier(ports);
  verifiers.set(ports, verifier);
  return verifier;
}

function satisfy(
  alternative: CompiledAlternative,
  compiled: readonly CompiledScheme[],
  outcomes: readonly Authentication[],
): SatisfiedAlternative | null {
  const schemes: SatisfiedScheme[] = [];
  for (const { position, required } of alternative) {
    const outcome = outcomes[position];
    const scheme = compiled[position];
    if (outcome?.kind !== 'accepted' || scheme === undefined) return null;
    const { principal } = outcome;
    const isKey = scheme.takesToken && principal.kind === 'key';
    // Two schemes want two proofs: one key in two places is one.
    if (isKey && schemes.some((other) => isSameKey(other.principal, principal))) return null;
    schemes.push({
      scheme: scheme.name,
      carries: scheme.takesToken && !isKey ? 'scopes' : 'scopes-or-roles',
      required,
      principal,
    });
  }
  return { schemes };
}

function isSameKey(one: IdentifiedPrincipal, other: IdentifiedPrincipal): boolean {
  return one.kind === 'key' && one.credentialId === other.credentialId;
}

const LEADERSHIP = ['token', 'key', 'certificate'] as const;

/**
 * Several credentials, one caller: the token leads before the key before the certificate, and
 * its client, subject, scopes and roles count. Grants are never added up: a key with many roles
 * must not lend them to a person whose token has few. The call expires with the first to expire.
 */
function combine(alternative: SatisfiedAlternative): IdentifiedPrincipal {
  const principals = alternative.schemes.map((scheme) => scheme.principal);
  const [first] = principals;
  if (principals.length === 1 && first !== undefined) return first;
  let leader: IdentifiedPrincipal | undefined;
  for (const kind of LEADERSHIP) {
    leader ??= principals.find((principal) => principal.kind === kind);
  }
  if (leader === undefined) throw new Error('a satisfied alternative has no principal');
  const ends = principals.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
  return { ...leader, expiresAt: ends.length === 0 ? null : Math.min(...ends) };
}

/** Faults of ours rather than of the caller: they are told only when nothing else is in the way. */
const NOT_THE_CALLERS = new Set(['keys_unavailable', 'introspection_unavailable', 'overloaded']);

function refuse(
  alternatives: readonly CompiledAlternative[],
  compiled: readonly CompiledScheme[],
  outcomes: readonly Authentication[],
  challenges: (fault: TokenFault) => readonly string[],
): Deny {
  for (const alternative of alternatives) {
    const obstacles = alternative
      .map(({ position }) => outcomes[position])
      .filter((outcome) => outcome?.kind !== 'accepted');
    const ours = obstacles.filter(
      (outcome) => outcome?.kind === 'rejected' && NOT_THE_CALLERS.has(outcome.code),
    );
    const [first] = ours;
    if (first?.kind === 'rejected' && ours.length === obstacles.length) {
      const answerHeaders = ['retry-after', KEYS_RETRY_SECONDS];
      return deny(first.code, { schemes: evidenceOf(compiled, outcomes) }, { answerHeaders });
    }
  }
  const codes = new Set<string>();
  let tokenFault: TokenFault = null;
  for (const [position, outcome] of outcomes.entries()) {
    if (outcome.kind !== 'rejected' || NOT_THE_CALLERS.has(outcome.code)) continue;
    codes.add(outcome.code);
    if (compiled[position]?.takesToken && !OF_SESSIONS.has(outcome.code)) {
      tokenFault = FAULTS[outcome.code] ?? 'invalid';
    }
  }
  const code = mostTelling(codes);
  if (code === 'page_not_allowed') return deny(code, { schemes: evidenceOf(compiled, outcomes) });
  return deny(
    code,
    { schemes: evidenceOf(compiled, outcomes) },
    { answerHeaders: challenges(tokenFault) },
  );
}

/** No token was shown. */
const OF_SESSIONS: ReadonlySet<string> = new Set(['session_invalid', 'page_not_allowed']);

const FAULTS: Readonly<Record<string, TokenFault>> = {
  credentials_expired: 'expired',
  proof_invalid: 'proof',
};

function mostTelling(codes: ReadonlySet<string>): ProblemCode {
  if (codes.has('page_not_allowed')) return 'page_not_allowed';
  if (codes.has('credentials_expired')) return 'credentials_expired';
  if (codes.has('proof_invalid')) return 'proof_invalid';
  if (codes.has('credentials_invalid')) return 'credentials_invalid';
  if (codes.has('session_invalid')) return 'session_invalid';
  return codes.has('token_opaque') ? 'token_opaque' : 'credentials_required';
}

function evidenceOf(
  compiled: readonly CompiledScheme[],
  outcomes: readonly Authentication[],
): Record<string, unknown> {
  const evidence: Record<string, unknown> = Object.create(null);
  for (const [position, outcome] of outcomes.entries()) {
    const name = compiled[position]?.name ?? '';
    evidence[name] = outcome.kind === 'rejected' ? outcome.evidence : outcome.kind;
  }
  return evidence;
}
