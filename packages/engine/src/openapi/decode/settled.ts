import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import type { MessageViolation } from '../types.ts';
import type { Draft } from './draft.ts';

/** What the schema, and on request the strict reading of it, has against a value. */
export function settled(
  location: MessageViolation['in'],
  name: string | undefined,
  draft: Draft,
  validator: Validator,
  strict: boolean,
): MessageViolation[] {
  const broken: readonly SchemaViolation[] = draft.settle(validator);
  const named = name === undefined ? {} : { name };
  if (broken.length > 0) return broken.map((found) => ({ in: location, ...named, ...found }));
  const { value } = draft;
  if (!strict || typeof value !== 'object' || value === null) return [];
  return validator
    .undocumented(value)
    .map((pointer) => ({ in: location, ...named, pointer, rule: 'undocumented' }));
}
