import type { ArtefactStore } from '../artefacts/index.ts';
import type { Detail, DetailTypes } from '../details/index.ts';
import type { Provider } from '../protocol/library.ts';
import { wordsOf } from '../protocol/space-delimited.ts';

/** The name that the library gives it. */
export const REQUEST_KIND = 'BackchannelAuthenticationRequest';

/** Somebody is asked on another device whether an application may. OpenID Connect CIBA Core §7. */
export interface Pending {
  /** What its client polls with; stands in no page. */
  readonly id: string;
  readonly clientId: string;
  readonly accountId: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly details: readonly Detail[];
  /** What the application shows there, to the letter. */
  readonly message: string | null;
  /** Of two digits, shown there; null: the application shows none. */
  readonly number: string | null;
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
  readonly expiresAt: number;
}

interface KeptRequest {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly clientId: string;
  readonly accountId: string;
  readonly scope?: string;
  readonly resource?: string | readonly string[];
  readonly grantId?: string;
  readonly error?: string;
  readonly consumed?: unknown;
  readonly params: {
    readonly binding_message?: string;
    readonly matching_number?: string;
    readonly authorization_details?: string;
  };
}

/** What waits for this person, the latest first. The library keeps it, and we look. */
export async function pendingOf(
  artefacts: Pick<ArtefactStore, 'listOfAccount'>,
  details: Pick<DetailTypes, 'read'>,
  accountId: string,
  nowMs: number,
): Promise<Pending[]> {
  const kept = await artefacts.listOfAccount(REQUEST_KIND, accountId);
  return (
    kept
      .map((payload) => payload as unknown as KeptRequest)
      // What is over is kept for a while, so that its client is told.
      .filter(({ exp }) => exp * 1000 > nowMs)
      .filter(({ grantId, error, consumed }) => (grantId ?? error ?? consumed) === undefined)
      .map((request) => pendingFrom(request, details))
      .toSorted((one, other) => other.askedAt - one.askedAt || (one.id < other.id ? 1 : -1))
  );
}

function pendingFrom(request: KeptRequest, details: Pick<DetailTypes, 'read'>): Pending {
  const { jti, iat, exp, clientId, accountId, scope = '', resource = [], params } = request;
  const text = params.authorization_details;
  const read = text === undefined ? [] : details.read(text);
  // It was of its form when it was asked for.
  if (typeof read === 'string') throw new Error(read);
  return {
    ...{ id: jti, clientId, accountId, scopes: wordsOf(scope), details: read },
    ...{ resources: [resource].flat(), askedAt: iat * 1000, expiresAt: exp * 1000 },
    message: params.binding_message ?? null,
    number: params.matching_number ?? null,
  };
}

/** Throws what the library throws; an application that could not be told has the decision nevertheless. */
export async function tellDecision(
  provider: Provider,
  id: string,
  result: Parameters<Provider['backchannelResult']>[1],
  how: object,
  onUntold: (error: Error) => void,
): Promise<void> {
  try {
    await provider.backchannelResult(id, result, how);
  } catch (error) {
    // The library keeps the decision first, and then tells: what is thrown now is about that.
    const kept = await provider.BackchannelAuthenticationRequest.find(id, {
      ignoreExpiration: true,
    });
    if (kept?.grantId === undefined && kept?.error === undefined) throw error;
    onUntold(error as Error);
  }
}
