import {
  type ClientTerms,
  clientTermsOf,
  type InvitationTerms,
} from '../../access/clients/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import { errors } from '../protocol/library.ts';
import { type AskedMetadata, MetadataFault, readMetadata } from './read-metadata.ts';

/** Throws what the library answers with. */
export function termsWithin(asked: AskedMetadata, invitation: InvitationTerms): ClientTerms {
  try {
    return clientTermsOf(readMetadata(asked, invitation));
  } catch (error) {
    if (error instanceof MetadataFault) {
      throw new errors.InvalidClientMetadata(printable(error.message));
    }
    if (!(error instanceof AdminProblem)) throw error;
    const { reason } = error.details as { readonly reason?: unknown };
    throw new errors.InvalidClientMetadata(sentenceOf(String(reason ?? 'not of its profile')));
  }
}

/** RFC 7591 §3.2.2 has a code of its own for addresses; the library finds it by how the sentence begins. */
function sentenceOf(reason: string): string {
  const address = /(?:^|; )redirectUris: ([^;]+)/.exec(reason)?.[1];
  const isScheme = /custom-scheme/.test(reason) ? 'are of a scheme of their own' : undefined;
  const about = address ?? isScheme;
  return printable(about === undefined ? reason : `redirect_uris: ${about}`);
}

/** RFC 6749 §5.2 allows no other characters. */
function printable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
