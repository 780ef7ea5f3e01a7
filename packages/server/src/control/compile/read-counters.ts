import { countersUrlFault } from '../../configuration/addresses.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { RuntimeSnapshot } from '../../messages/between-processes.ts';
import { readClientTls } from './read-endpoints.ts';
import type { SourceReader } from './source-reader.ts';

export function readSharedCounters(
  configuration: Configuration,
  reader: SourceReader,
): RuntimeSnapshot['sharedCounters'] {
  const { counters } = configuration;
  if (counters === 'memory') return null;
  try {
    const url = reader.secret(counters.url);
    const address = new URL(url);
    const { protocol } = address;
    const { tls = null, ...rest } = counters;
    if (tls !== null && !/^(?:valkeys|rediss):$/.test(protocol)) {
      reader.fault(
        ['counters', 'tls'],
        'counters',
        `tls is given, but ${protocol}// does not use it`,
        'write valkeys:// in the address',
      );
    }
    if (/^(?:valkeys?|rediss?):$/.test(protocol)) {
      const fault = countersUrlFault(address);
      if (fault !== null) throw new Error(fault);
      const read = tls && readClientTls(['counters', 'tls'], tls, 'counters', reader);
      return { ...rest, url, tls: read };
    }
    throw new Error(`${protocol}// is not valkey://, valkeys://, redis:// or rediss://`);
  } catch (error) {
    reader.fault(
      ['counters'],
      'counters',
      `reading the address of the shared counters: ${(error as Error).message}`,
    );
    return null;
  }
}
