import { isDeepStrictEqual } from 'node:util';
import type { ListenerSnapshot, RuntimeSnapshot } from '../../messages/between-processes.ts';

/**
 * While a weaker configuration waits, what must not wait with it goes on: revoked keys and names, keys
 * of the same key file, renewed certificates, keys that sign. Null: none of them changed.
 */
export function withWhatNeverWaits(
  inForce: RuntimeSnapshot,
  next: RuntimeSnapshot,
  known: {
    readonly isSameKeyFile: boolean;
    readonly issuerKeys: RuntimeSnapshot['gate']['issuerKeys'];
  },
): RuntimeSnapshot | null {
  const { identityKeySet } = next;
  const gate = {
    ...inForce.gate,
    keys: known.isSameKeyFile ? next.gate.keys : inForce.gate.keys,
    revoked: [...new Set([...inForce.gate.revoked, ...next.gate.revoked])],
    issuerKeys: known.issuerKeys,
  };
  const snapshot = {
    ...inForce,
    ...{ gate, identityKeySet },
    identity: { ...inForce.identity, key: next.identity.key },
    listeners: inForce.listeners.map((listener) => renewed(listener, next.listeners)),
  };
  if (isDeepStrictEqual(snapshot, inForce)) return null;
  return { ...snapshot, gate: { ...gate, version: next.gate.version } };
}

function renewed(listener: ListenerSnapshot, all: readonly ListenerSnapshot[]): ListenerSnapshot {
  const next = all.find(({ host, port }) => host === listener.host && port === listener.port);
  if (listener.tls === null || next === undefined || next.tls === null) return listener;
  const { certificate, key } = next.tls;
  return { ...listener, tls: { ...listener.tls, certificate, key } };
}
