import type { DocumentedType } from './media-type.ts';

/** With the parameters that tell types apart. */
export function written({ range, parameters }: DocumentedType): string {
  return [range, ...parameters.map(([name, value]) => `${name}=${asParameter(value)}`)].join('; ');
}

/** RFC 9110 §5.6.6: what is no token is quoted. */
function asParameter(value: string): string {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return value;
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

const TYPES_TOLD = 10;
const TEXT_MAX = 300;

/** The types that may stand there, for whoever sent another. */
export function typesInWords(types: readonly string[]): string {
  if (types.length === 0) return 'no body: the description names no type that is read here';
  const shown = types.slice(0, TYPES_TOLD).join(', ').slice(0, TEXT_MAX);
  const more = types.length > TYPES_TOLD ? ` and ${types.length - TYPES_TOLD} more` : '';
  return types.length === 1 ? shown : `one of ${shown}${more}`;
}
