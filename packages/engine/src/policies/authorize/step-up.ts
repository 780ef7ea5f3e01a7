import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import {
  type ChallengeOptions,
  scopesOfTokens,
  stepUpChallenge,
  type WantedSignIn,
} from '../../challenges.ts';
import type { RequestFacts } from '../../facts.ts';
import type { IdentifiedPrincipal, SignIn } from '../../identity.ts';
import { type Deny, deny } from '../../policy.ts';
import type { StepUpConfig } from './step-up-config.ts';

export interface StepUpPorts extends ChallengeOptions {
  readonly security: readonly SecurityRequirement[];
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  /** What `authorize` asks for besides. */
  readonly scopes: readonly string[];
}

export type EvaluateStepUp = (
  request: Pick<RequestFacts, 'nowMs'>,
  principal: IdentifiedPrincipal | null,
) => Deny | null;

/** RFC 9470: has somebody signed in as strongly and as lately as this asks for? Null: it asks nothing. */
export function compileStepUp(
  config: StepUpConfig | undefined,
  { security, schemes, scopes, ...options }: StepUpPorts,
): EvaluateStepUp | null {
  if (config === undefined || config === 'off') return null;
  const asked = [...new Set([...scopesOfTokens(security, schemes), ...scopes])];
  return ({ nowMs }, principal) => {
    const reason = faultOf(principal, config, nowMs / 1000);
    if (reason === null) return null;
    const challenge = stepUpChallenge(
      principal,
      { ...options, scopes: asked },
      config,
      DESCRIPTIONS[reason],
    );
    const { acr, maxAgeSeconds } = config;
    const evidence = {
      ...{ reason, ...(acr !== undefined && { anyOf: acr }) },
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    };
    const answerHeaders = ['www-authenticate', challenge];
    return deny('insufficient_user_authentication', evidence, { answerHeaders });
  };
}

const ANOTHER_LEVEL = 'A different authentication level is required';
const MORE_RECENT = 'More recent authentication is required';
const NO_TOKEN = 'A token is required that says how and when its holder signed in';

const DESCRIPTIONS = {
  'not-a-token': NO_TOKEN,
  'acr-missing': ANOTHER_LEVEL,
  'another-acr': ANOTHER_LEVEL,
  'auth-time-missing': MORE_RECENT,
  'auth-time-ahead': MORE_RECENT,
  'auth-time-too-old': MORE_RECENT,
} as const;

/** Each condition asks for the allowed side, so that a NaN refuses. */
function faultOf(
  principal: IdentifiedPrincipal | null,
  { acr, maxAgeSeconds }: WantedSignIn,
  nowSeconds: number,
): keyof typeof DESCRIPTIONS | null {
  if (principal?.kind !== 'token') return 'not-a-token';
  const { contextClass, atSeconds, clockSkewSeconds } = principal.signIn ?? UNSAID;
  if (acr !== undefined) {
    if (contextClass === null) return 'acr-missing';
    if (!acr.includes(contextClass)) return 'another-acr';
  }
  if (maxAgeSeconds === undefined) return null;
  if (atSeconds === null) return 'auth-time-missing';
  if (!(atSeconds <= nowSeconds + clockSkewSeconds)) return 'auth-time-ahead';
  const isRecent = nowSeconds <= atSeconds + maxAgeSeconds + clockSkewSeconds;
  return isRecent ? null : 'auth-time-too-old';
}

const UNSAID: SignIn = { contextClass: null, atSeconds: null, clockSkewSeconds: 0 };
