import { ScimError } from './scim-error.ts';

/** RFC 9110 §13.1.1: which version a change is for; undefined: whichever there is. Throws ScimError. */
export function versionOf(ifMatch: string | null): number | undefined {
  if (ifMatch === null || ifMatch.trim() === '*') return undefined;
  const [, version] = /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(ifMatch) ?? [];
  // A tag that was never ours is of no version that there is.
  if (version === undefined) throw new ScimError(412, null, 'If-Match: an entity tag was expected');
  return Number(version);
}
