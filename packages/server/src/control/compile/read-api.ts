import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ApiSnapshot } from '@poorter/engine';
import { readExtension } from '@poorter/engine/configuration';
import { type CompiledApi, compileApi } from '@poorter/openapi';
import { believedIssuers } from '../../configuration/believed-issuers.ts';
import type { ApiConfiguration, Configuration } from '../../configuration/schema.ts';
import { targetOf } from '../protection/read-protection.ts';
import { metadataPath } from './addresses.ts';
import type { KeptDescriptions } from './kept-descriptions.ts';
import { referredFile } from './referred-file.ts';
import type { SourceReader } from './source-reader.ts';

/** `key`: of its description, as it is kept. */
type ReadApi = ApiSnapshot & { readonly key: string };

/** Null, with everything that is wrong with it reported. */
export function readApi(
  api: ApiConfiguration,
  index: number,
  {
    configuration,
    descriptions,
  }: {
    readonly configuration: Configuration;
    readonly descriptions: KeptDescriptions;
  },
  reader: SourceReader,
): ReadApi | null {
  const path = reader.path(api.spec);
  const uri = pathToFileURL(path).href;
  let text: string;
  try {
    text = reader.read(path, 'description');
  } catch (error) {
    reader.fault(
      ['apis', index, 'spec'],
      'unreadable-file',
      `reading the description ${api.spec}: ${(error as Error).message}`,
    );
    return null;
  }
  const { strictProperties, reading, readOnlyMembers, formats, allowUndocumentedQuery } = api;
  const settings = { strictProperties, reading, readOnlyMembers, formats, allowUndocumentedQuery };
  const key = JSON.stringify([uri, settings]);
  const compiled = readDescription({ uri, text, path, key, settings }, descriptions, reader);
  if (compiled === null) return null;
  const { bounds, limits } = configuration;
  const target = new URL(api.upstream.targets[0] as string);
  const name = api.name ?? basename(path).replace(/(?:\.openapi)?\.(?:ya?ml|json)$/, '');
  return {
    key,
    name,
    compiled,
    hosts: api.hosts,
    targets: api.upstream.targets.map(targetOf),
    preserveHost: api.upstream.preserveHost,
    mode: api.mode,
    response: api.response,
    cors: api.cors,
    limits: {
      ...(limits.default !== undefined && { limit: limits.default }),
      ...(limits.quota !== undefined && { quota: limits.quota }),
      ...(limits.concurrency !== undefined && { concurrency: limits.concurrency }),
    },
    bodyBytesMax: bounds.bodyBytes,
    jsonBounds: {
      depthMax: bounds.jsonDepth,
      itemsMax: bounds.jsonItems,
      stringLengthMax: bounds.jsonStringLength,
    },
    identityAudience: api.audience ?? target.origin,
    resourceMetadataUrl: metadataUrl(configuration, name),
  };
}

interface Description {
  readonly uri: string;
  readonly text: string;
  readonly path: string;
  /** Equal where it stands in the same place and is read in the same way. */
  readonly key: string;
  readonly settings: Pick<
    ApiConfiguration,
    'strictProperties' | 'reading' | 'readOnlyMembers' | 'formats' | 'allowUndocumentedQuery'
  >;
}

/** Null, with everything that is wrong reported. One that did not change is not compiled again. */
function readDescription(
  { uri, text, path, key, settings }: Description,
  descriptions: KeptDescriptions,
  reader: SourceReader,
): CompiledApi | null {
  const known = descriptions.find(key, reader);
  if (known !== null) {
    for (const warning of known.warnings) reader.report(warning);
    return known.api;
  }
  const texts = new Map([[uri, reader.digestOf(path)]]);
  const read = (from: string, reference: string) => {
    const file = referredFile(from, reference, path);
    const referred = reader.read(file, 'description');
    texts.set(from, reader.digestOf(file));
    return referred;
  };
  const result = compileApi({ uri, text }, { read, readExtension, ...settings });
  const { warnings } = result;
  for (const warning of warnings) reader.report(warning);
  if (!result.ok) {
    for (const error of result.errors) reader.report(error);
    return null;
  }
  descriptions.keep(key, texts, result.api, warnings);
  return result.api;
}

function metadataUrl(configuration: Configuration, name: string): string | null {
  if (believedIssuers(configuration).length === 0) return null;
  const [listener] = configuration.listen;
  const scheme = listener?.tls === undefined ? 'http' : 'https';
  const local = listener === undefined ? null : `${scheme}://${listener.address}`;
  const origin = configuration.publicOrigin ?? local;
  // A gate that only advises a proxy serves no documents of its own.
  if (origin === null) return null;
  return new URL(metadataPath(configuration, name), origin).href;
}
