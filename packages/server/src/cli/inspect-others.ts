import { resolve } from 'node:path';
import type { Diagnostic } from '@poorter/openapi';
import { baseDirectory } from '../configuration/base-directory.ts';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { CompiledSnapshot } from '../control/compile/index.ts';
import { inspectProviders } from '../issuer/federation/index.ts';
import { inspectSharedCounters } from '../platform/counters/index.ts';
import { BYTES_MAX, readTextFile } from '../platform/files/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { IssuerKeys } from '../trusted-issuers/index.ts';

/**
 * What a server would wait for while it serves: keys of token issuers, shared counters, other OpenID providers. It starts
 * without them, so these are warnings; each says what a server would do meanwhile.
 */
export async function inspectOthers(
  configuration: Configuration,
  { snapshot, issuer }: CompiledSnapshot,
  source: ConfigurationSource,
): Promise<readonly Diagnostic[]> {
  const warningAt = warningsOf(source);
  const [ofIssuers, ofCounters, ofProviders] = await Promise.all([
    inspectIssuers(configuration, baseDirectory(source)),
    inspectCounters(snapshot.sharedCounters),
    issuer === null ? [] : inspectProviders(issuer, realWorld.now),
  ]);
  return [
    ...ofIssuers.map(({ index, why }) =>
      warningAt(
        ['trust', 'issuers', index],
        'issuer-away',
        why,
        'serve would refuse its tokens until it answers',
      ),
    ),
    ...ofCounters.map((why) =>
      warningAt(
        ['counters'],
        'counters-away',
        why,
        'serve would count on each machine alone until they answer',
      ),
    ),
    ...ofProviders.map(({ index, why }) =>
      warningAt(
        ['issuer', 'federation', index],
        'provider-away',
        `nobody could sign in at ${why}`,
        'serve would offer the other ways until it answers rightly',
      ),
    ),
  ];
}

/** Its own authorization server is not asked: it is not up yet. */
async function inspectIssuers(
  { trust, issuer: own }: Configuration,
  base: string,
): Promise<readonly { readonly index: number; readonly why: string }[]> {
  const sources = trust.issuers.flatMap(({ issuer, jwks }, index) =>
    jwks === 'none' || issuer === own?.origin
      ? []
      : [{ index, issuer, ...(jwks !== undefined && { jwks }) }],
  );
  const found: { index: number; why: string }[] = [];
  const keys = new IssuerKeys(
    sources,
    {
      fetch: realWorld.fetch,
      readFile: async (path) => readTextFile(resolve(base, path), BYTES_MAX.credential),
      now: realWorld.now,
      // Asked once.
      setTimer: () => ({ cancel: () => undefined }),
    },
    {
      onChange: () => undefined,
      onAnswered: () => undefined,
      onWarning: (issuer, message) => {
        const index = sources.find((one) => one.issuer === issuer)?.index ?? 0;
        found.push({ index, why: `keys of ${issuer}: ${message}` });
      },
    },
  );
  await keys.start();
  keys.close();
  return found;
}

async function inspectCounters(
  counters: CompiledSnapshot['snapshot']['sharedCounters'],
): Promise<readonly string[]> {
  if (counters === null) return [];
  try {
    await inspectSharedCounters(counters.url, counters.tls);
    return [];
  } catch (error) {
    return [`the shared counters are away: ${(error as Error).message}`];
  }
}

function warningsOf(source: ConfigurationSource) {
  const file = source.file ?? 'arguments';
  return (
    key: readonly PropertyKey[],
    code: string,
    message: string,
    suggestion: string,
  ): Diagnostic => {
    const place = source.file === null ? { line: 1, column: 1 } : placeInConfiguration(file, key);
    return { severity: 'warning', code, file, ...place, message, suggestion };
  };
}
