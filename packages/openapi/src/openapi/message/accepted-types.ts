import type { MediaPlan } from '../plan.ts';
import { evadesSchema } from './check-media.ts';
import { type MediaType, rangeHolds } from './media-type.ts';
import { written } from './types-in-words.ts';

const NO_PARAMETERS: MediaType['parameters'] = new Map();

/** Types that are read here, as they are told, and one that is each of them. */
const READ: readonly (readonly [told: string, type: string])[] = [
  ['application/json', 'application/json'],
  ['text/json', 'text/json'],
  ['application/*+json', 'application/x+json'],
  ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'],
  ['multipart/form-data', 'multipart/form-data'],
  ['text/plain', 'text/plain'],
];

/**
 * What is accepted under a documented entry, as whoever sends it writes it. Under a range whose schema
 * is for lists or objects, only types that are read here are.
 */
export function acceptedTypes(plan: MediaPlan): readonly string[] {
  const passes = (type: string) =>
    rangeHolds(plan.range, type) && !evadesSchema(plan, { type, parameters: NO_PARAMETERS });
  if (!isNarrowed(plan)) return [written(plan)];
  const types = READ.filter(([, type]) => passes(type)).map(([told]) => told);
  // Who may send application/json need not hear of its twin.
  return types.filter((type) => type !== 'text/json' || !types.includes('application/json'));
}

/** Whether a range does not take all that it seems to. */
export function isNarrowed(plan: MediaPlan): boolean {
  if (!plan.range.includes('*')) return false;
  const type = plan.range.replace(/^\*\//, 'application/').replace('*', UNHEARD_OF);
  return evadesSchema(plan, { type, parameters: NO_PARAMETERS });
}

const UNHEARD_OF = 'x-unheard-of';
