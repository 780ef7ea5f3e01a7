import { addressKey } from '../../addresses.ts';
import type { Principal, RequestFacts } from '../../facts.ts';
import type { CountedBy } from './limit-config.ts';

export type SubjectOf = (request: RequestFacts, principal: Principal | null) => string;

/**
 * The part of a counter's key that says whose calls it counts. A path or route never enters,
 * unless the limit is `by: operation`: otherwise one more spelling would be one more allowance.
 */
export function compileSubject(
  by: CountedBy | readonly CountedBy[],
  operationId: string,
): SubjectOf {
  const parts = (typeof by === 'string' ? [by] : [...new Set(by)].sort()).map((one) =>
    partOf(one, operationId),
  );
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (request, principal) => parts.map((part) => part(request, principal)).join('\n');
}

function partOf(by: CountedBy, operationId: string): SubjectOf {
  switch (by) {
    case 'client':
      return clientKey;
    case 'subject':
      return subjectKey;
    case 'address':
      return (request) => `address:${addressKey(request.clientAddress)}`;
    case 'operation':
      return () => `operation:${operationId}`;
    default:
      return by satisfies never;
  }
}

/** Issuers name their clients independently, so that the issuer is part of the name. */
function clientKey(request: RequestFacts, principal: Principal | null): string {
  if (principal === null) return `address:${addressKey(request.clientAddress)}`;
  return JSON.stringify([principal.kind, principal.issuer, principal.client]);
}

function subjectKey(request: RequestFacts, principal: Principal | null): string {
  if (principal === null || principal.subject === null) return clientKey(request, principal);
  return JSON.stringify(['subject', principal.issuer, principal.subject]);
}
