import type { StoredClient } from '../../access/clients/index.ts';
import { clientMetadata, GRANTS_MEMBER, OWN_SCOPES } from '../protocol/client-metadata.ts';

/** Of its metadata, what is between us and the protocol library, and nobody's business. */
const WITHIN = /^poorter_|^(?:client_secret|sector_identifier_uri|scope)$/;

/** RFC 7591 §3.2.1: all that is registered of a client, also what was chosen for it. Its secret alone is not known here. */
export function registrationAnswer(client: StoredClient): Readonly<Record<string, unknown>> {
  const metadata = clientMetadata(client, null);
  const shown = Object.entries(metadata).filter(([member]) => !WITHIN.test(member));
  const waiting = metadata[GRANTS_MEMBER] as readonly string[];
  return {
    ...Object.fromEntries(shown),
    client_id_issued_at: Math.floor(client.createdAt / 1000),
    grant_types: [...(metadata['grant_types'] as readonly string[]), ...waiting],
    scope: [...OWN_SCOPES, ...client.scopes].join(' '),
  };
}
