import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';
import { formatDiagnostics } from './diagnostics.ts';

/** What kept a start, or a check, from its work. */
export function startFailure(error: Error): string {
  if (!(error instanceof RefusedConfiguration)) return `poorter: not started: ${error.message}\n`;
  return `${formatDiagnostics(error.diagnostics)}poorter: ${refusal('first start').message}\n`;
}

/** What comes of a configuration that is refused. */
export function refusal(what: 'first start' | 'reload' | 'control away'): Notice {
  switch (what) {
    case 'first start':
      return notice('not_started', 'not started');
    case 'reload':
      return notice(
        'configuration_refused',
        'the new configuration is refused; the last good one stays in force',
      );
    case 'control away':
      return notice(
        'control_unopened',
        'control cannot open what it needs and tries again every 2 s; what is in force is served meanwhile, and nothing can be changed or revoked',
      );
    default:
      return what satisfies never;
  }
}
