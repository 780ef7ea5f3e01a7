import { join } from 'node:path';

export const SOURCE = join(import.meta.dirname, '../../packages/server/src/main.ts');

/**
 * What `npm test` has built, which is what is published: its processes start sooner. A file that is run
 * alone, by hand, runs the source.
 */
export const MAIN = process.env['POORTER_BUILT'] ?? SOURCE;
