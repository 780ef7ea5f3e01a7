import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { guardedFetch } from '../protocol/outgoing.ts';
import { FederatedProviders } from './federated-providers.ts';
import { failureOf } from './provider-failure.ts';

const TIMEOUT_MS = 5_000;

/** What providers say of themselves now: those at which nobody could sign in, and why. */
export async function inspectProviders(
  snapshot: Pick<IssuerSnapshot, 'federation' | 'origin' | 'outgoing'>,
  now: () => number,
): Promise<readonly { readonly index: number; readonly why: string }[]> {
  const fetch = guardedFetch(snapshot.outgoing, TIMEOUT_MS);
  const providers = new FederatedProviders({ snapshot, fetch, now });
  const found = await Promise.all(
    providers.all.map(async (provider, index) => {
      try {
        await providers.verificationOf(provider, false);
        return [];
      } catch (error) {
        return [{ index, why: `${provider.id}: ${failureOf(error).message}` }];
      }
    }),
  );
  return found.flat();
}
