import type { AskingFlow } from '../messages/between-issuer.ts';
import type { ApiConfiguration } from './schema.ts';

/**
 * Where nothing is said. Within an application people type what they know into a program, and a cookie comes along by itself:
 * somebody decides on those.
 */
export const USUAL_FLOWS: readonly AskingFlow[] = ['redirect', 'decoupled', 'device'];

/** In what ways people are asked about an API. */
export function flowsOf(api: Pick<ApiConfiguration, 'flows'> | undefined): readonly AskingFlow[] {
  return api?.flows ?? USUAL_FLOWS;
}
