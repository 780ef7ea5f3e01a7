import type * as Http from 'node:http';

/** Imported, it would bring HTTP/2 and a client of WebSockets into every service and thread. */
export function nodeHttp(): typeof Http {
  return process.getBuiltinModule('node:http');
}
