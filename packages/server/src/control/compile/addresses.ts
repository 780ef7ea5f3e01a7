import type { Configuration } from '../../configuration/schema.ts';

/** RFC 9728 §3.1: one resource at the root, or one per API under its name. */
export function metadataPath(configuration: Configuration, name: string): string {
  const suffix = configuration.apis.length === 1 ? '' : `/${name}`;
  return `/.well-known/oauth-protected-resource${suffix}`;
}
