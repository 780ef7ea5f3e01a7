import type { ServerResponse } from 'node:http';

/**
 * Cuts a caller off that takes nothing of what waits for it: each would hold a call, memory and a
 * connection to the service for as long as it likes. To be called while bytes wait; returns how to
 * call it off. Node counts what the connection takes as activity, and ends one without any.
 */
export function cutOffStalled(response: ServerResponse, idleMs: number): () => void {
  const { socket } = response;
  if (socket === null) return () => undefined;
  socket.setTimeout(idleMs);
  return () => socket.setTimeout(0);
}
