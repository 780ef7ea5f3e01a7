/**
 * Who is refused first when the gate is full. Strangers go at seven tenths of the capacity,
 * callers who have used up their own allowance at nine tenths; everyone else keeps the rest.
 */
export type CallerStanding = 'unknown' | 'anonymous' | 'over-limit' | 'in-good-standing';

const SHARE: Readonly<Record<CallerStanding, number>> = {
  // Before identification only the whole capacity counts: the credential decides the rest.
  unknown: 1,
  anonymous: 0.7,
  'over-limit': 0.9,
  'in-good-standing': 1,
};

/**
 * May a caller of this standing take one more of `capacity` places? `inFlight` counts the calls
 * under way across all threads, this one included.
 */
export function hasRoom(standing: CallerStanding, inFlight: number, capacity: number): boolean {
  return inFlight <= Math.max(1, Math.floor(capacity * SHARE[standing]));
}
