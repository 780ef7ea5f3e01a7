import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import type { MessageViolation } from '../types.ts';
import type { Draft } from './draft.ts';
import { explained } from './expected.ts';

/** What the schema, and on request the strict reading of it, has against a value. */
export function settled(
  location: MessageViolation['in'],
  name: string | undefined,
  draft: Draft,
  validator: Validator,
  strict: boolean,
  options: { readonly mayCut?: boolean } = {},
): MessageViolation[] {
  const named = name === undefined ? {} : { name };
  const tell = (found: SchemaViolation): MessageViolation =>
    explained({ in: location, ...named, ...found });
  const broken: readonly SchemaViolation[] = draft.settle(validator);
  if (broken.length > 0) return broken.map(tell);
  const { value } = draft;
  const narrowed = validator.narrowed(value, draft.mayBeRounded);
  if (narrowed.length > 0) return narrowed.map(tell);
  if (typeof value === 'object' && value !== null) {
    // Only JSON can be cut; elsewhere what may not be sent is refused.
    const kept = options.mayCut ? [] : validator.ignored(value);
    if (kept.length > 0) return kept.map((pointer) => tell({ pointer, rule: 'readOnly' }));
    const alike = strict ? [] : validator.lookAlikes(value);
    if (alike.length > 0) {
      return alike.map(({ pointer, listed }) =>
        tell({ pointer, rule: 'look-alike', expected: `the name ${JSON.stringify(listed)}` }),
      );
    }
    const undocumented = strict ? validator.undocumented(value) : [];
    if (undocumented.length > 0) {
      return undocumented.map((pointer) => tell({ pointer, rule: 'undocumented' }));
    }
  }
  return validator.remarks(value).map((found) => ({ ...tell(found), isRemark: true }));
}
