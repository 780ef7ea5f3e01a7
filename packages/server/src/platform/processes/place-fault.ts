/** Where something listens, and the key of the configuration that says so. */
export interface ListenerPlace {
  readonly host: string;
  readonly port: number;
  /** 'listen.0.address'. */
  readonly key: string;
}

/** Nobody can listen there now. Names the address, the key, the system's code and what it means. */
export class PlaceFault extends Error {
  override readonly name = 'PlaceFault';

  readonly key: string;

  constructor({ host, port, key }: ListenerPlace, code: string, why: string) {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    super(`listening on ${address}: ${code}: ${why} (${key})`);
    this.key = key;
  }
}

const MEANINGS: Readonly<Record<string, string>> = {
  // By whom is not known: an outgoing connection may have it, too.
  EADDRINUSE: 'the address is in use',
  EACCES: 'this user may not; ports below 1024 need CAP_NET_BIND_SERVICE or another port',
  EPERM: 'this user may not',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine does not speak this kind of address',
  EINVAL: 'this machine cannot listen on this address; a link-local one needs its interface',
  ENOTFOUND: 'the name has no address',
  EAI_AGAIN: 'the name cannot be resolved now',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
};

/** Somebody else, or another listener of this configuration, is there. */
export function placeTaken(
  place: ListenerPlace,
  why = MEANINGS['EADDRINUSE'] as string,
): PlaceFault {
  return new PlaceFault(place, 'EADDRINUSE', why);
}

/** What `listen` failed with, in words. */
export function placeFault(place: ListenerPlace, error: NodeJS.ErrnoException): PlaceFault {
  const code = error.code ?? error.name;
  return new PlaceFault(place, code, MEANINGS[code] ?? error.message);
}
