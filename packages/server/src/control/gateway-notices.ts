import { isNoticeCode, type NoticeCode, notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { FromRemote } from './from-remote.ts';

/** What is said of gateways on other machines: each with its name, for machines, in `gateway`. */
export function ofGateway(gateway: string, code: NoticeCode, what: string, about = {}): Notice {
  return notice(code, `the gateway ${gateway} ${what}`, { ...about, gateway });
}

/** What one says of itself. How grave it is, and what it is about, is not for another machine to say. */
export function saidBy(
  gateway: string,
  said: Extract<FromRemote, { type: 'failed' | 'notice' }>,
): Notice {
  const { code, message } =
    said.type === 'notice' ? said.notice : { code: 'snapshot_unserved', message: said.message };
  const known = isNoticeCode(code) ? code : 'gateway_not_understood';
  return notice(known, `gateway ${gateway}: ${message}`, { gateway });
}

export function silent(gateway: string): Notice {
  return ofGateway(gateway, 'gateway_silent', 'does not say who it is; it may be too old');
}

export function refusedGateway(gateway: string, reason: string): Notice {
  return ofGateway(gateway, 'gateway_refused', `is refused: ${reason}`, { reason });
}

/** `what`: who may serve, or that one has ended. */
export function bookUnwritten(gateway: string, what: string, error: unknown): Notice {
  const text = `writing down ${what}: ${(error as Error).message}`;
  return notice('gateway_book_unwritten', text, { gateway });
}
