import { type Deny, deny } from '../../policy.ts';

/** RFC 6750 §3.1: says which scopes the operation needs, so that a client can ask for them. */
export function insufficientScope(
  needed: readonly string[],
  missing: readonly string[],
  ports: { readonly realm: string; readonly resourceMetadataUrl: string | null },
): Deny {
  // RFC 6749 §3.3: other characters cannot stand in a scope, so no token could carry them.
  const scopes = new Set(needed.filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)));
  const parts = [
    `realm=${quoted(ports.realm)}`,
    'error="insufficient_scope"',
    `scope=${quoted([...scopes].join(' '))}`,
  ];
  if (ports.resourceMetadataUrl !== null) {
    parts.push(`resource_metadata=${quoted(ports.resourceMetadataUrl)}`);
  }
  return deny(
    'insufficient_scope',
    { missing },
    { answerHeaders: ['www-authenticate', `Bearer ${parts.join(', ')}`] },
  );
}

function quoted(text: string): string {
  const printable = text.replace(/[^\t\x20-\x7e]/g, '');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
