import type { Diagnostic } from '@poorter/openapi';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { PlaceFault } from '../platform/processes/index.ts';

/** A place that cannot be had is a fault of the configuration in `file`, at the key that names it. */
export async function placedIn(
  file: string,
  files: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PlaceFault)) throw error;
    // What reads configurations is loaded by whoever has to place a fault.
    const { placeInConfiguration } = await import('../configuration/read-configuration.ts');
    const place = placeInConfiguration(file, error.key.split('.'));
    const { message } = error;
    const fault = { severity: 'error', code: 'cannot-listen', file, message };
    throw new RefusedConfiguration([{ ...fault, ...place } as Diagnostic], files);
  }
}

/** Of no place in it that anybody knows. */
export function faultIn(file: string, error: unknown): Diagnostic {
  const message = error instanceof Error ? error.message : String(error);
  return { severity: 'error', code: 'fault', file, line: 1, column: 1, message };
}
