import { type FileHandle, open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { certificateFault } from '../../platform/certificates/index.ts';

/** Where an export goes. What `send` returned for is kept by the other side, as far as it can say. */
export interface ExportSink {
  /** Bytes acknowledged in all; 0 where that has no meaning. */
  readonly bytes: number;
  send(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

/**
 * A file: what was written after the last cursor is cut off first, so that nothing stands in it
 * twice. A file that was moved away begins anew.
 */
export async function openFileSink(file: string, acknowledged: number): Promise<ExportSink> {
  const handle = await open(file, 'a+', 0o600);
  const { size } = await handle.stat();
  if (size < acknowledged && size > 0) {
    await handle.close();
    throw new Error(`${file} is shorter than what was exported to it: ${acknowledged} bytes`);
  }
  if (size > acknowledged) await handle.truncate(acknowledged);
  return new FileSink(handle, Math.min(size, acknowledged));
}

class FileSink implements ExportSink {
  readonly #handle: FileHandle;
  bytes: number;

  constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.bytes = bytes;
  }

  async send(bytes: Buffer): Promise<void> {
    await this.#handle.appendFile(bytes);
    await this.#handle.datasync();
    this.bytes += bytes.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export interface SyslogTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM; the system's authorities otherwise. */
  readonly authorities?: string;
}

const CONNECT_MS = 10_000;
const SEND_MS = 30_000;
const CLOSE_MS = 3_000;

/**
 * Syslog has no acknowledgement (RFC 5425 §4.3): `send` returns when the kernel has taken the bytes.
 * What it still held when a connection broke may be lost.
 */
export async function openSyslogSink(target: SyslogTarget): Promise<ExportSink> {
  const { host, port } = target;
  const socket: Socket = target.tls
    ? connectTls({
        host,
        port,
        servername: host,
        ...(target.authorities && { ca: target.authorities }),
      })
    : connect({ host, port });
  const ready = target.tls ? 'secureConnect' : 'connect';
  await within(CONNECT_MS, `connecting to ${host}:${port}`, socket, (resolve) => {
    socket.once(ready, resolve);
  });
  let broken: Error | null = null;
  socket.on('error', (error) => {
    broken = error;
  });
  socket.on('close', () => {
    broken ??= new Error('the connection was closed');
  });
  // Nobody answers on this protocol; what comes anyway is read away.
  socket.resume();
  return {
    bytes: 0,
    async send(bytes) {
      if (broken !== null) throw broken;
      await within(SEND_MS, `sending to ${host}:${port}`, socket, (resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      if (broken !== null) throw broken;
    },
    async close() {
      // A receiver that closes after our end has read everything: the nearest to a receipt there is.
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.end();
      const patience = setTimeout(() => socket.destroy(), CLOSE_MS);
      if (!socket.destroyed) await closed;
      clearTimeout(patience);
    },
  };
}

function within(
  ms: number,
  what: string,
  socket: Socket,
  begin: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      clearTimeout(timer);
      socket.off('error', end);
      if (error === undefined) return resolve();
      socket.destroy();
      const why = certificateFault(error, 'the PEM file of --ca') ?? error.message;
      reject(new Error(`${what}: ${why}`, { cause: error }));
    };
    const timer = setTimeout(() => end(new Error(`nothing happened for ${ms} ms`)), ms);
    socket.once('error', end);
    begin(() => end(), end);
  });
}
