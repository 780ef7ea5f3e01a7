import { Buffer } from 'node:buffer';
import { readJson } from '../../json/index.ts';
import { nameReadings } from '../../likeness.ts';
import { isFields, ownMember } from '../document/pointer.ts';
import type { MediaType } from './media-type.ts';

/** A signature, or a tag of what is encrypted, is never empty. */
const JWS = /^([\w-]+)\.[\w-]*\.[\w-]+$/;
const JWE = /^([\w-]+)\.[\w-]*\.[\w-]*\.[\w-]*\.[\w-]+$/;
/** As they are registered (RFC 7518 §7.1). */
const ALGORITHM = /^[A-Za-z0-9+_-]{1,64}$/;
const HEADER_BOUNDS = { depthMax: 8, stringLengthMax: 100_000, itemsMax: 1_000 };

/**
 * Whether these bytes can be what their media type says: signed (RFC 7515 §3.1) or encrypted (RFC 7516 §3.1) in the
 * compact serialization, by an algorithm that their header names. Whether the signature is right, and what they hold,
 * is the service's to read; JSON under such a type would pass by its schema, at a service that does not look at the type.
 */
export function isCompactJose(bytes: Uint8Array, { type }: MediaType): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  // No number of bytes is written in one sign more than a multiple of four (RFC 4648 §4).
  if (text.split('.').some((part) => part.length % 4 === 1)) return false;
  const sealed = JWE.exec(text);
  if (sealed !== null) {
    return !type.endsWith('+jws') && namesAlgorithms(sealed[1] as string, ['alg', 'enc']);
  }
  const signed = JWS.exec(text);
  return signed !== null && !type.endsWith('+jwe') && namesAlgorithms(signed[1] as string, ['alg']);
}

/** RFC 8725 §3.2: `none` is not signed, however it is spelt. */
function namesAlgorithms(header: string, members: readonly string[]): boolean {
  const reading = readJson(Buffer.from(header, 'base64url'), HEADER_BOUNDS);
  if (!reading.ok || !isFields(reading.value)) return false;
  const { value } = reading;
  const alike = Object.keys(value).flatMap((name) => [...new Set(nameReadings(name))]);
  return members.every((member) => {
    const name = ownMember(value, member);
    const isNamed = typeof name === 'string' && ALGORITHM.test(name) && !/^none$/i.test(name);
    // Nor is there another that some reader takes for it.
    return isNamed && alike.filter((text) => text === member).length === 1;
  });
}
