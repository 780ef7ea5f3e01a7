import type { Diagnostic } from '@poorter/openapi';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { formatDiagnostics } from './diagnostics.ts';

/** What kept a start, or a check, from its work. */
export function startFailure(error: Error): string {
  if (error instanceof RefusedConfiguration) return refusal(error.diagnostics, false);
  return `poorter: not started: ${error.message}\n`;
}

export function refusal(diagnostics: readonly Diagnostic[], isServing: boolean): string {
  const what = isServing
    ? 'poorter: the new configuration is refused; the last good one stays in force\n'
    : 'poorter: not started\n';
  return formatDiagnostics(diagnostics) + what;
}
