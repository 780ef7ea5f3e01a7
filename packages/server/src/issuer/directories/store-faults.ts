import {
  ExternalIdTakenError,
  LoginTakenError,
  TooManyMembersError,
  UnknownMemberError,
} from '../../access/accounts/index.ts';
import { NotFoundError, StaleVersionError } from '../../state/index.ts';
import { notHere, refuse, ScimError } from './scim-error.ts';

/** What a store refused, as a directory is told of it; null: it is a fault. */
export function scimErrorOf(error: unknown): ScimError | null {
  if (error instanceof NotFoundError) return notHere();
  if (error instanceof StaleVersionError) {
    return new ScimError(412, null, 'it has changed meanwhile: read it again');
  }
  if (error instanceof LoginTakenError) {
    return new ScimError(409, 'uniqueness', 'userName: somebody else signs in by it');
  }
  if (error instanceof ExternalIdTakenError) {
    return new ScimError(409, 'uniqueness', 'externalId: another one is called so');
  }
  if (error instanceof TooManyMembersError) return refuse('tooMany', `members: ${error.message}`);
  return error instanceof UnknownMemberError
    ? refuse('invalidValue', `members: ${error.message}`)
    : null;
}
