import type { RuntimeSnapshot } from '../messages/between-processes.ts';

/** Ports given as 0 become the ports that the first thread received. */
export function settled(snapshot: RuntimeSnapshot, addresses: readonly string[]): RuntimeSnapshot {
  if (addresses.length === 0) return snapshot;
  const ports = addresses.map(portOf);
  const listeners = snapshot.listeners.map((listener, index) =>
    listener.port === 0 ? { ...listener, port: ports[index] ?? 0 } : listener,
  );
  const forwardAuth = snapshot.forwardAuth.map((host, index) =>
    host.port === 0 ? { ...host, port: ports[listeners.length + index] ?? 0 } : host,
  );
  return { ...snapshot, listeners, forwardAuth };
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
