import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { IncomingMessage } from '../../platform/http/index.ts';
import type { CodeContext } from './give-code.ts';

/** What the library has made of a call, taken for a pushed request. */
export interface ChallengeContext extends Omit<CodeContext, 'oidc'> {
  readonly req: IncomingMessage;
  status: number;
  body: unknown;
  get(name: string): string;
  set(name: string, value: string): void;
  readonly oidc: CodeContext['oidc'] & {
    readonly entities: {
      readonly PushedAuthorizationRequest?: { readonly jti: string; destroy(): Promise<void> };
    };
  };
}

/** What was refused, for the record. */
export interface ChallengeRefusal {
  readonly error: IssuerCodeName;
  readonly reason?: string;
}
