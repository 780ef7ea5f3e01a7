import type { Diagnostic } from '@poorter/openapi';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { formatDiagnostics } from './diagnostics.ts';

/** What kept a start, or a check, from its work. */
export function startFailure(error: Error): string {
  if (error instanceof RefusedConfiguration) return refusal(error.diagnostics, 'first start');
  return `poorter: not started: ${error.message}\n`;
}

export function refusal(diagnostics: readonly Diagnostic[], what: keyof typeof REFUSED): string {
  return `${formatDiagnostics(diagnostics)}poorter: ${REFUSED[what]}\n`;
}

const REFUSED = {
  'first start': 'not started',
  reload: 'the new configuration is refused; the last good one stays in force',
  'control away':
    'control cannot open what it needs and tries again every 2 s; what is in force is served meanwhile, and nothing can be changed or revoked',
};
