import { platformNotice } from './kinds.ts';
import type { Notice } from './notice.ts';

/** What every writer of records says of its file. */
export function recordsUnwritten(error: unknown): Notice {
  return platformNotice('records_unwritten', `records cannot be written: ${String(error)}`);
}

export function recordsWritten(): Notice {
  return platformNotice('records_written', 'records are written again');
}

export function recordsLost(count: number): Notice {
  const text = `${count} records could not be written and are lost`;
  return platformNotice('records_lost', text, { count });
}
