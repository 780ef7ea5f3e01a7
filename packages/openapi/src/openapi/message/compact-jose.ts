import { Buffer } from 'node:buffer';
import type { MediaType } from './media-type.ts';

const JWS = /^[\w-]+\.[\w-]*\.[\w-]*$/;
const JWE = /^[\w-]+\.[\w-]*\.[\w-]*\.[\w-]*\.[\w-]*$/;

/**
 * Whether these bytes can be what their media type says: signed (RFC 7515 §3.1) or encrypted (RFC 7516 §3.1) in the
 * compact serialization. What they hold is the service's to read; JSON under such a type would pass by
 * its schema, at a service that does not look at the type.
 */
export function isCompactJose(bytes: Uint8Array, { type }: MediaType): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (type.endsWith('+jwe')) return JWE.test(text);
  return JWS.test(text) || (!type.endsWith('+jws') && JWE.test(text));
}
