import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import type { MessageViolation } from '../types.ts';
import { Draft } from './draft.ts';
import { explained } from './expected.ts';
import { roundedViolations } from './rounded.ts';

/**
 * A list or object is held against its schema as the description divides it, and where some services
 * divide it otherwise, as they do. `judge` reads it into the draft that it is given.
 */
export function judgedBothWays(
  place: Pick<MessageViolation, 'in' | 'name'>,
  judge: (draft: Draft) => readonly MessageViolation[],
): readonly MessageViolation[] {
  const draft = new Draft();
  const violations = judge(draft);
  const pointer = draft.dividedAt;
  if (pointer === undefined) return violations;
  const others = judge(new Draft({ isDividedOtherwise: true }));
  if (violations.every(isRemark) === others.every(isRemark)) return violations;
  return [explained({ ...place, pointer, rule: 'delimiter' })];
}

const isRemark = (found: MessageViolation): boolean => found.isRemark === true;

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
  const rounded = draft.mayBeRounded ? roundedViolations(value, validator) : [];
  if (rounded.length > 0) return rounded.map(tell);
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
