import type { FromGateway } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';

/** The gateway process of this machine has ended. */
export function gatewayEnded(reason: string): Notice {
  return notice('gateway_ended', `gateway ended (${reason}); starting it again`, { reason });
}

/** A version that it cannot serve. */
export function unserved({ message, version }: Extract<FromGateway, { type: 'failed' }>): Notice {
  return notice('snapshot_unserved', message, { version });
}

/** Whatever was said of a new master key before: it is gone. */
export function firstStartUndone(): Notice {
  return notice(
    'first_start_undone',
    'nothing was served, so that what this first start had made, its master key too, is removed again',
  );
}
