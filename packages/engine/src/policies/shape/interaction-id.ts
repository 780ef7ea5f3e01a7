import { createHash } from 'node:crypto';
import type { RequestFacts } from '../../facts.ts';
import type { IdentifiedPrincipal } from '../../identity.ts';

export const INTERACTION_FIELD = 'x-fapi-interaction-id';

/** RFC 4122, whatever its version. What is no such name is not said again. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** RFC 4122 §4.3: names within it are ids of calls. */
const NAMESPACE = Buffer.from('6f0a1d0e9c5b4c0fa7d33b2f1c8e5a94', 'hex');

/** By which a caller finds the call again that it named so: FAPI 1.0 Baseline §6.2.1. Null: it named none. */
export function askedInteraction(request: RequestFacts): string | null {
  const asked = request.headers.get(INTERACTION_FIELD);
  return asked !== undefined && UUID.test(asked) ? asked : null;
}

/**
 * For callers as FAPI knows them, whose tokens are bound to a key or a certificate, where they named none: made of the
 * id of the call, so that the record is found by it. Null: the caller is another one.
 */
export function givenInteraction(
  request: RequestFacts,
  principal: IdentifiedPrincipal | null,
): string | null {
  if (principal?.isKeyBound !== true && principal?.isCertificateBound !== true) return null;
  const bytes = createHash('sha1').update(NAMESPACE).update(request.id).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
