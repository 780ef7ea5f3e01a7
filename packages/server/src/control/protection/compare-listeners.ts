import type { ListenerProtection, Protection } from './protection.ts';
import type { Remark } from './weakening.ts';

/**
 * Each against the one at its address; one that moved against the one that it took the place of; a new
 * one against all that could be reached from where it can be reached.
 */
export function compareListeners(before: Protection, after: Protection): Remark[] {
  const [old, next] = [before.listeners, after.listeners];
  const gone = new Set(old.filter(({ address }) => next.every((one) => one.address !== address)));
  const remarks = next.flatMap((listener): Remark[] => {
    const same = old.find(({ address }) => address === listener.address);
    if (same !== undefined) return differences(same, listener);
    // Whoever could reach no listener from elsewhere had none that moves there.
    const left = [...gone].filter(({ isLoopback }) => listener.isLoopback || !isLoopback);
    const moved = nearest(left, listener);
    if (moved !== undefined) gone.delete(moved);
    const against = moved ?? (listener.isLoopback ? nearest(old, listener) : strictest(old));
    return against === undefined ? [] : differences(against, listener);
  });
  return [...remarks, ...next.flatMap((one) => newReach(before, one))];
}

/** That differs least: of those that are no stricter than the next one, the one most like it. */
function nearest(
  listeners: readonly ListenerProtection[],
  next: ListenerProtection,
): ListenerProtection | undefined {
  const distances = listeners.map((one) => ({
    one,
    weaker: differences(one, next).length,
    stricter: differences(next, one).length,
  }));
  const [least] = distances.toSorted(
    (one, other) => one.weaker - other.weaker || one.stricter - other.stricter,
  );
  return least?.one;
}

/** What all that are reached from beyond this machine ask together; where none is, all. */
function strictest(listeners: readonly ListenerProtection[]): ListenerProtection | undefined {
  const reachable = listeners.filter(({ isLoopback }) => !isLoopback);
  const asking = reachable.length > 0 ? reachable : listeners;
  const [first] = asking;
  if (first === undefined) return undefined;
  const rank = ({ clientCertificate }: ListenerProtection) =>
    CERTIFICATE_STRENGTH[clientCertificate];
  const [strict = first] = asking.toSorted((one, other) => rank(other) - rank(one));
  const versions = asking.map(({ minVersion }) => minVersion ?? '').sort();
  return {
    ...strict,
    isLoopback: asking.every(({ isLoopback }) => isLoopback),
    minVersion: (versions.at(-1) || null) as ListenerProtection['minVersion'],
    authorities: asking.flatMap(({ authorities }) => authorities),
  };
}

function newReach({ listeners }: Protection, next: ListenerProtection): Remark[] {
  if (listeners.length === 0) {
    // Until now, only what proxies let through went on.
    const taken = `${next.address} takes calls itself; before, only proxies asked.`;
    const isPlain = !next.isLoopback && next.minVersion === null;
    return [['network-widened', taken], ...(isPlain ? [plain(next.address)] : [])];
  }
  const isNew = !next.isLoopback && listeners.every(({ isLoopback }) => isLoopback);
  return isNew ? [reached(next.address)] : [];
}

function plain(address: string): Remark {
  return ['tls-loosened', `${address} serves plain HTTP.`];
}

export function reached(address: string): Remark {
  return ['network-widened', `${address} is reached from beyond this machine.`];
}

const CERTIFICATE_STRENGTH = { none: 0, request: 1, require: 2 } as const;

function differences(old: ListenerProtection, next: ListenerProtection): Remark[] {
  const remarks = compareTls(old, next);
  const [was, is] = [old.clientCertificate, next.clientCertificate];
  if (CERTIFICATE_STRENGTH[is] < CERTIFICATE_STRENGTH[was]) {
    const sentence = `${next.address}: clientCertificate is ${is}, was ${was}.`;
    remarks.push(['client-certificate-loosened', sentence]);
  }
  const authorities = next.authorities.filter((one) => !old.authorities.includes(one));
  // Where nobody had to show any, a certificate that everybody must show lets in fewer.
  const isStricter = was === 'none' && is === 'require';
  if (is !== 'none' && !isStricter && authorities.length > 0) {
    const what = `${authorities.length} more authorities for client certificates`;
    remarks.push(['authority-added', `${next.address} believes ${what}.`]);
  }
  return remarks;
}

export function compareTls(
  old: Pick<ListenerProtection, 'minVersion' | 'isLoopback'>,
  next: Pick<ListenerProtection, 'minVersion' | 'isLoopback' | 'address'>,
): Remark[] {
  if (next.minVersion === null) {
    const isNews = old.minVersion !== null || (old.isLoopback && !next.isLoopback);
    if (!isNews) return [];
    return [plain(next.address)];
  }
  if (next.minVersion !== 'TLSv1.2' || old.minVersion !== 'TLSv1.3') return [];
  return [['tls-loosened', `${next.address} accepts TLS 1.2, was 1.3.`]];
}
