import { ExactNumber } from '../json/index.ts';
import type { Keywords } from './dialects.ts';
import type { Shape } from './shape.ts';

type CountName =
  | 'minLength'
  | 'maxLength'
  | 'minItems'
  | 'maxItems'
  | 'minProperties'
  | 'maxProperties';

export function countOf(keywords: Keywords, name: string): number | undefined {
  const value = keywords.get(name)?.value as number | bigint | ExactNumber | undefined;
  if (value === undefined) return undefined;
  // No instance is longer than this, so a larger limit says the same.
  return Math.min(
    Number(value instanceof ExactNumber ? value.text : value),
    Number.MAX_SAFE_INTEGER,
  );
}

export function setCount(shape: Shape, keywords: Keywords, name: CountName): void {
  const count = countOf(keywords, name);
  if (count !== undefined) shape[name] = count;
}
