import { parseJsonText } from '@poorter/openapi/json';
import type { CredentialStore, StoredAccount } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { Level } from '../../messages/levels.ts';
import { isLevel, levelsAsked, showsOneOf } from '../protocol/levels.ts';
import type { Interaction } from '../sign-in/interaction.ts';
import { PASSWORD_ACR } from '../sign-in/password-sign-in.ts';
import { PASSKEY_ACR } from '../sign-in/sign-in.ts';

/** How an application wants somebody to sign in. */
export interface AskedOfPerson {
  readonly levels: readonly Level[];
  /** An answer without one of them is none. OpenID Connect Core §5.5.1.1. */
  readonly isEssential: boolean;
  readonly isAgain: boolean;
  readonly maxAge: number | null;
}

/** The protocol has checked the form of the request. */
export function askedOf({ params }: Pick<Interaction, 'params'>): AskedOfPerson {
  const { acr_values: wished, prompt, max_age: age, claims } = params;
  const essential = essentialLevels(claims);
  const maxAge = age === undefined || age === '' ? Number.NaN : Number(age);
  return {
    levels: essential.length > 0 ? essential : levelsAsked(wished),
    isEssential: essential.length > 0,
    isAgain: typeof prompt === 'string' && prompt.split(' ').includes('login'),
    maxAge: Number.isFinite(maxAge) && maxAge >= 0 ? Math.floor(maxAge) : null,
  };
}

interface AskedClaims {
  readonly id_token?: {
    readonly acr?: {
      readonly essential?: boolean;
      readonly value?: unknown;
      readonly values?: unknown;
    } | null;
  };
}

function essentialLevels(claims: unknown): Level[] {
  if (typeof claims !== 'string') return [];
  const acr = (parseJsonText(claims) as AskedClaims | null)?.id_token?.acr;
  return acr?.essential === true ? [acr.values ?? acr.value].flat().filter(isLevel) : [];
}

export interface OwnWaysPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'passwords'>;
  readonly credentials: Pick<CredentialStore, 'list'>;
}

/** What people can show here, beside what a provider says of them. */
export class OwnWays {
  readonly #ports: OwnWaysPorts;

  constructor(ports: OwnWaysPorts) {
    this.#ports = ports;
  }

  /**
   * Whether they must sign in in another way: what is asked is not shown, and it must be, or they have with what to show it.
   * Else it is a wish, and the application is told how they did.
   */
  async isTooWeak(
    { id }: Pick<StoredAccount, 'id'>,
    acr: string,
    { levels, isEssential }: AskedOfPerson,
  ): Promise<boolean> {
    if (levels.length === 0 || showsOneOf(acr, levels)) return false;
    if (isEssential) return true;
    const { credentials, snapshot } = this.#ports;
    const kinds = (await credentials.list(id)).map(({ kind }) => kind);
    const hasBoth = kinds.includes('password') && kinds.includes('totp') && snapshot.passwords;
    const own = [
      ...(kinds.includes('passkey') ? [PASSKEY_ACR] : []),
      ...(hasBoth ? [PASSWORD_ACR] : []),
    ];
    return own.some((one) => showsOneOf(one, levels));
  }
}
