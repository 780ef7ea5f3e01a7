import type { CorsProtection } from './protection.ts';
import { type Remark, some } from './weakening.ts';

export function compareCors(before: CorsProtection, after: CorsProtection): Remark[] {
  if (before === 'off' && after === 'off') return [];
  if (after === 'off') {
    return [say('Which pages of other origins may call is left to what the service says.')];
  }
  const old =
    before === 'off' ? { origins: [], credentials: false, headers: [], expose: [] } : before;
  const remarks: Remark[] = [];
  if (after.origins === '*') {
    if (old.origins !== '*') remarks.push(say('Pages of every origin may call.'));
  } else if (old.origins !== '*') {
    const origins = added(old.origins, after.origins);
    if (origins.length > 0) remarks.push(say(`Pages of more origins may call: ${some(origins)}.`));
  }
  if (after.credentials && !old.credentials) {
    remarks.push(say('Browsers may send cookies and other credentials of their own.'));
  }
  // Beside a policy that is new, which is told already.
  if (before === 'off') return remarks;
  const headers = added(old.headers, after.headers);
  if (headers.length > 0) remarks.push(say(`Pages may send more headers: ${some(headers)}.`));
  const expose = added(old.expose, after.expose);
  if (expose.length > 0) remarks.push(say(`Pages may read more headers: ${some(expose)}.`));
  return remarks;
}

function say(sentence: string): Remark {
  return ['cors-widened', sentence];
}

function added(before: readonly string[], after: readonly string[]): string[] {
  return after.filter((one) => !before.includes(one));
}
