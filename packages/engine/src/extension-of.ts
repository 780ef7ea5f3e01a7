import type { CompiledOperation } from '@poorter/openapi';
import type { Extension } from './extension.ts';

/** `x-poorter` of a description that was compiled with `readExtension`. */
export function extensionOf({ extension }: Pick<CompiledOperation, 'extension'>): Extension {
  return extension as Extension;
}
