import type { Configuration } from '../../configuration/schema.ts';
import { notice } from '../../messages/notices.ts';
import type { Notice } from '../../platform/notices/index.ts';
import type { Change } from './change.ts';
import type { ProtectionFacts } from './protection.ts';
import { lineOf } from './weakening.ts';

const LINES_MAX = 20;

/** For whoever looks at the program's output. */
export function changeNotice(
  change: Change,
  state: 'in force' | 'held' | 'nothing is served',
): Notice {
  const { count, digest, weakenings } = change;
  const lines = weakenings.slice(0, LINES_MAX).map(lineOf);
  const more = weakenings.length > LINES_MAX ? ['… (all of them: poorter status)'] : [];
  const head = {
    'in force': `PROTECTION WEAKENED: the configuration now in force protects less (${count})`,
    held: `HELD: the changed configuration protects less (${count}); the one before stays in force`,
    'nothing is served': `HELD: the configuration protects less than the last one in force (${count}); nothing is served until it is applied`,
  }[state];
  const tail = state === 'in force' ? [] : [`  to put it in force: poorter apply ${digest}`];
  const listed = [...lines, ...more].map((line) => `  - ${line}`);
  return notice(
    state === 'in force' ? 'protection_weakened' : 'configuration_held',
    [head, ...listed, ...tail].join('\n'),
    { digest, count, weakenings: lines, isServing: state !== 'nothing is served' },
  );
}

/**
 * At a start, before anything was judged: what acts by itself goes on as it did, so that nothing is
 * dropped or accepted by a configuration that may have to wait.
 */
export function asBefore(
  configuration: Configuration,
  before: ProtectionFacts | null,
): Configuration {
  if (before === null) return configuration;
  const { keyRotation, log } = configuration;
  const days = before.ceilings['keyRotation.refuseAfterDays'] ?? undefined;
  return {
    ...configuration,
    keyRotation: { ...keyRotation, refuseAfterDays: days },
    log: {
      ...log,
      keepDays: Math.max(log.keepDays, before.floors['log.keepDays'] ?? 0),
      keepBytes: Math.max(log.keepBytes, before.floors['log.keepBytes'] ?? 0),
    },
  };
}
