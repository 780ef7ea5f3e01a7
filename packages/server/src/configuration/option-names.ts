import type { Diagnostic } from '@poorter/openapi';
import type { ConfigurationSource } from './load-configuration.ts';

/** Keys that an option of `serve` sets, and what whoever typed it knows them by. */
const OPTIONS: readonly { readonly root: string; readonly key: RegExp; readonly option: string }[] =
  [
    { root: 'listen', key: /(?<![\w.])listen\.0\.address(?!\.?\w)/g, option: '--listen' },
    { root: 'listen', key: /(?<![\w.])listen\.0(?!\.?\w)/g, option: '--listen' },
    { root: 'control', key: /(?<![\w.])control\.address(?!\.?\w)/g, option: '--control' },
    { root: 'apis', key: /(?<![\w.])apis\.0\.spec(?!\.?\w)/g, option: 'the OpenAPI document' },
    {
      root: 'apis',
      key: /(?<![\w.])apis\.0\.upstream(?:\.targets(?:\.0)?)?(?!\.?\w)/g,
      option: '--upstream',
    },
    { root: 'apis', key: /(?<![\w.])apis\.0\.mode(?!\.?\w)/g, option: '--mode' },
    { root: 'apis', key: /(?<![\w.])apis\.0\.response(?!\.?\w)/g, option: '--response' },
    { root: 'trust', key: /(?<![\w.])trust\.issuers\.0\.issuer(?!\.?\w)/g, option: '--issuer' },
    {
      root: 'trust',
      key: /(?<![\w.])trust\.issuers\.0\.audience(?:\.0)?(?!\.?\w)/g,
      option: '--audience',
    },
    { root: 'trust', key: /(?<![\w.])trust\.issuers\.0\.jwks(?!\.?\w)/g, option: '--jwks' },
    // Words of the language, too: only where they name the place of a fault.
    { root: 'keys', key: /^keys(?=: )/g, option: '--keys' },
    { root: 'dataDirectory', key: /^dataDirectory(?=: )/g, option: '--data' },
  ];

/** What a person reads who wrote no file, or another value than stands in it: options, not keys. */
export function inOptions(text: string, { file, values }: ConfigurationSource): string {
  let told = text;
  for (const { root, key, option } of OPTIONS) {
    if (file === null || root in values) told = told.replaceAll(key, option);
  }
  return told;
}

export function withOptions(
  diagnostics: readonly Diagnostic[],
  source: ConfigurationSource,
): Diagnostic[] {
  return diagnostics.map((one) => ({
    ...one,
    message: inOptions(one.message, source),
    ...(one.suggestion !== undefined && { suggestion: inOptions(one.suggestion, source) }),
  }));
}
