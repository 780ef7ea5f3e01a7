import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { acrValuesOf, isStrongEnough, refuseUnattainable } from '../protocol/people.ts';
import { PASSWORD_ACR } from '../sign-in/password-sign-in.ts';
import type { ChallengeAnswer } from './answers.ts';
import { promptsOf } from './give-code.ts';

type Strength = Pick<IssuerSnapshot, 'passwords'>;

interface Asked {
  readonly params: Readonly<Record<string, unknown>>;
  readonly claims: { readonly id_token?: Readonly<Record<string, unknown>> };
}

/**
 * What is not decided within an application, whoever signs in. Null: nothing of it. Throws UnmetAuthenticationRequirements:
 * nobody signs in so strongly, here or on our pages.
 */
export function decidedOnOurPages(asked: Asked, snapshot: Strength): ChallengeAnswer | null {
  const prompts = promptsOf(asked.params);
  if (prompts.includes('none')) {
    return { kind: 'refused', error: 'interaction_required', reason: 'somebody is asked here' };
  }
  refuseUnattainable(asked, acrValuesOf(snapshot));
  if (prompts.includes('consent'))
    return { kind: 'web', reason: 'consent is given on our own page' };
  // RFC 9396 §3, PSD2 RTS art. 5: each is shown as it is, and signed over just that.
  if (asked.params['authorization_details'] !== undefined) {
    return { kind: 'web', reason: 'details are decided on our own page' };
  }
  return null;
}

/** Whether a password and a code are as much as is asked for. */
export function mayShowPassword({ params, claims }: Asked, snapshot: Strength): boolean {
  if (!snapshot.passwords) return false;
  const wished = typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ') : [];
  if (!isStrongEnough(PASSWORD_ACR, wished, acrValuesOf(snapshot))) return false;
  const asked = (claims.id_token?.['acr'] ?? {}) as {
    readonly essential?: boolean;
    readonly value?: unknown;
    readonly values?: unknown;
  };
  return asked.essential !== true || [asked.values ?? asked.value].flat().includes(PASSWORD_ACR);
}
