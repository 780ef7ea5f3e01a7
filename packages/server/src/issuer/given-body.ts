import { Readable } from 'node:stream';
import type { IncomingMessage } from '../platform/http/index.ts';

/** The library reads the body itself: it is given the bytes that were checked, or what we make of them. */
export function giveBody(request: IncomingMessage, body: Uint8Array): void {
  const checked = Readable.from([Buffer.from(body)]);
  request.headers['content-length'] = String(body.length);
  Object.defineProperties(request, {
    readable: { value: true, configurable: true },
    iterator: { value: () => checked.iterator(), configurable: true },
  });
}
