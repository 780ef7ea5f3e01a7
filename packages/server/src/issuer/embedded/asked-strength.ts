import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { acrValuesOf, isLevel, levelsAsked, showsOneOf } from '../protocol/levels.ts';
import { refuseUnattainable } from '../protocol/people.ts';
import { PASSWORD_ACR } from '../sign-in/password-sign-in.ts';
import { PASSKEY_ACR } from '../sign-in/sign-in.ts';
import type { ChallengeAnswer } from './answers.ts';
import { promptsOf } from './give-code.ts';

type Strength = Pick<IssuerSnapshot, 'passwords' | 'federation'>;

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
  const levels = levelsOf(asked, snapshot);
  if (levels.length > 0 && !showsOneOf(PASSKEY_ACR, levels)) {
    return { kind: 'web', reason: 'another provider says it, to whom our own page leads' };
  }
  if (prompts.includes('consent'))
    return { kind: 'web', reason: 'consent is given on our own page' };
  // RFC 9396 §3, PSD2 RTS art. 5: each is shown as it is, and signed over just that.
  if (asked.params['authorization_details'] !== undefined) {
    return { kind: 'web', reason: 'details are decided on our own page' };
  }
  return null;
}

/** Whether a password and a code are as much as is asked for. */
export function mayShowPassword(asked: Asked, snapshot: Strength): boolean {
  if (!snapshot.passwords) return false;
  const wished = levelsAsked(asked.params['acr_values']).filter((level) =>
    acrValuesOf(snapshot).includes(level),
  );
  if (wished.length > 0 && !showsOneOf(PASSWORD_ACR, wished)) return false;
  const essential = essentialOf(asked);
  return essential === null || essential.includes(PASSWORD_ACR);
}

/** Null: none is. OpenID Connect Core §5.5.1.1. */
function essentialOf({ claims }: Asked): readonly unknown[] | null {
  const { essential, value, values } = (claims.id_token?.['acr'] ?? {}) as {
    readonly essential?: boolean;
    readonly value?: unknown;
    readonly values?: unknown;
  };
  return essential === true ? [values ?? value].flat() : null;
}

/** Of what is asked, what somebody can show here or elsewhere. */
function levelsOf(asked: Asked, snapshot: Strength) {
  const levels = essentialOf(asked)?.filter(isLevel) ?? levelsAsked(asked.params['acr_values']);
  return levels.filter((level) => acrValuesOf(snapshot).includes(level));
}
