import type { Configuration } from '../../configuration/schema.ts';
import { splitAddress } from '../../platform/addresses/index.ts';
import type { SourceReader } from './source-reader.ts';

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Two listeners at one address: the second could never open. Port 0 is another one every time. */
export function checkPlaces(configuration: Configuration, reader: SourceReader): void {
  const places = [
    { at: ['control', 'address'], address: configuration.control.address },
    ...(configuration.link === undefined
      ? []
      : [{ at: ['link', 'address'], address: configuration.link.address }]),
    ...(configuration.issuer === undefined
      ? []
      : [{ at: ['issuer', 'address'], address: configuration.issuer.address }]),
    ...(configuration.issuer?.mtls === undefined
      ? []
      : [{ at: ['issuer', 'mtls', 'address'], address: configuration.issuer.mtls.address }]),
    ...configuration.listen.map(({ address }, index) => ({
      at: ['listen', index, 'address'],
      address,
    })),
    ...configuration.forwardAuth.map(({ address }, index) => ({
      at: ['forwardAuth', index, 'address'],
      address,
    })),
  ].map((place) => ({ ...place, ...splitAddress(place.address) }));
  for (const [index, place] of places.entries()) {
    const other = places
      .slice(0, index)
      .find(({ host, port }) => port !== 0 && port === place.port && meet(host, place.host));
    if (other === undefined) continue;
    reader.fault(
      place.at,
      'same-address',
      `${place.address} is also the address of ${other.at.join('.')}`,
      'give one of them another port',
    );
  }
}

/** By what is written: what a name resolves to is known when it is opened. */
function meet(one: string, other: string): boolean {
  if (EVERY_ADDRESS.has(one) || EVERY_ADDRESS.has(other)) return true;
  return one.toLowerCase() === other.toLowerCase();
}
