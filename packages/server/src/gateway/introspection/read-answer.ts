import { type JsonBounds, prototypeMembers, readJson } from '@poorter/openapi/json';

/** What an issuer says of a token. */
export type SaidOfToken =
  | { readonly isActive: false }
  | { readonly isActive: true; readonly claims: Readonly<Record<string, unknown>> };

/** An answer is about as deep as a token, which has little more than a list in an object. */
const BOUNDS: JsonBounds = { depthMax: 16, itemsMax: 1_000, stringLengthMax: 16_384 };

/**
 * RFC 7662 §2.2. Foreign text: strict JSON without a name twice, and good only where it plainly says so. Throws
 * with what was expected, and never with anything that stands there.
 */
export function readAnswer(bytes: Uint8Array): SaidOfToken {
  const reading = readJson(bytes, BOUNDS);
  if (!reading.ok) {
    const { rule, offset } = reading.problem;
    throw new Error(`the answer is not acceptable JSON (${rule} at byte ${offset})`);
  }
  const { value, traits } = reading;
  // Names by which objects inherit mean nothing here, and something to careless readers.
  if (traits?.mayPollute && prototypeMembers(value).length > 0) {
    throw new Error('the answer has members that are of prototypes');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('the answer is no JSON object');
  }
  const { active } = value as { readonly active?: unknown };
  if (typeof active !== 'boolean')
    throw new Error('the answer says neither active: true nor false');
  if (!active) return { isActive: false };
  return { isActive: true, claims: value as Readonly<Record<string, unknown>> };
}
