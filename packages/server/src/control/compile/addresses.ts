import type { Configuration } from '../../configuration/schema.ts';

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/** RFC 9728 §3.1: one resource at the root, or one per API under its name. */
export function metadataPath(configuration: Configuration, name: string): string {
  const suffix = configuration.apis.length === 1 ? '' : `/${name}`;
  return `/.well-known/oauth-protected-resource${suffix}`;
}
