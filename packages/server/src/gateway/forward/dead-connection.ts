import type { Socket } from 'node:net';

/**
 * A service may answer before it has read the whole request, and close: what is still written then
 * fails, and the answer waits unread behind the failure. So a write that finds the connection closed
 * is not the end of it; reading says what there is to say, an answer or the reset.
 */
export function keepAnswerOfDeadConnection(socket: Socket): void {
  type Done = (error?: Error | null) => void;
  const forgive =
    (done: Done): Done =>
    (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      done(code === 'EPIPE' || code === 'ECONNRESET' ? null : error);
    };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, forgive(done));
  if (typeof writev === 'function') {
    socket._writev = (chunks, done) => writev.call(socket, chunks, forgive(done));
  }
}
