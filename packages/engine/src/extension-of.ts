import type { CompiledOperation } from '@poorter/openapi';
import type { Extension } from './extension.ts';

const KNOWN: Readonly<Record<keyof Extension, true>> = {
  ...{ limit: true, quota: true, concurrency: true, authorize: true, network: true, mode: true },
  ...{ stepUp: true, permit: true },
  ...{ response: true, audit: true, bodyBytesMax: true, reading: true, readOnlyMembers: true },
  ...{ formats: true, allowUndocumentedQuery: true, cors: true, semicolons: true },
};

/**
 * `x-poorter` of a description that was compiled with `readExtension`. Throws where another version has
 * compiled it, which knows settings that this one would pass over.
 */
export function extensionOf({ settings }: Pick<CompiledOperation, 'settings'>): Extension {
  for (const name of Object.keys(settings)) {
    if (!Object.hasOwn(KNOWN, name)) throw new Error(`x-poorter says ${name}, which is not known`);
  }
  return settings as Extension;
}
