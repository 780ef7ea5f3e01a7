import { type JsonTraits, type JsonValue, prototypeMembers, traitsOf } from '../../json/index.ts';
import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { MessageViolation } from '../types.ts';
import { Draft } from './draft.ts';
import { explained } from './expected.ts';

export interface SettleOptions {
  readonly mayCut?: boolean;
  readonly isAnswer?: boolean;
}

/**
 * A list or object is held against its schema as the description divides it, and where some services
 * divide it otherwise, trim what they have cut out, or keep items in the order in which they came, as they do. `judge` reads it into the draft that it is given.
 */
export function judgedEachWay(
  place: Pick<MessageViolation, 'in' | 'name'>,
  judge: (draft: Draft) => readonly MessageViolation[],
): readonly MessageViolation[] {
  const described = new Draft();
  const violations = judge(described);
  const isFit = violations.every(isRemark);
  const drafts = [described];
  const { dividedAt } = described;
  if (dividedAt !== undefined) {
    const other = new Draft({ isDividedOtherwise: true });
    const isOtherFit = judge(other).every(isRemark);
    if (isFit !== isOtherFit) {
      return [explained({ ...place, pointer: dividedAt, rule: 'delimiter' })];
    }
    drafts.push(other);
  }
  if (!isFit) return violations;
  for (const { orderAt, isDividedOtherwise } of drafts) {
    if (orderAt === undefined) continue;
    const sent = judge(new Draft({ isDividedOtherwise, isInSentOrder: true }));
    if (!sent.every(isRemark)) {
      return [{ ...place, pointer: orderAt, rule: 'style', expected: ASCENDING }];
    }
  }
  for (const { blankAt, isDividedOtherwise } of drafts) {
    if (blankAt === undefined) continue;
    const trimmed = judge(new Draft({ isDividedOtherwise, isTrimmed: true }));
    if (!trimmed.every(isRemark)) {
      return [explained({ ...place, pointer: blankAt, rule: 'blanks' })];
    }
  }
  return violations;
}

const ASCENDING =
  'items in the order of their indices: some services keep the order in which they come';

const isRemark = (found: MessageViolation): boolean => found.isRemark === true;

/** What the schema, and on request the strict reading of it, has against a value. */
export function settled(
  location: MessageViolation['in'],
  name: string | undefined,
  draft: Draft,
  validator: Validator | null,
  strict: boolean,
  options: SettleOptions = {},
): MessageViolation[] {
  const named = name === undefined ? {} : { name };
  const tell = (found: SchemaViolation): MessageViolation =>
    explained({ in: location, ...named, ...found });
  const broken = validator === null ? [] : draft.settle(validator);
  if (broken.length > 0) return broken.map(tell);
  const { value } = draft;
  const traits = draft.traits ?? traitsOf(value);
  const doubted = options.isAnswer ? [] : pollution(value, traits, validator);
  if (doubted.length > 0) return doubted.map(tell);
  if (validator === null) return [];
  const narrowed = validator.narrowed(value, traits.hasExact);
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

/**
 * Members that change what all objects of a service inherit once it merges them with its own. No
 * schema that lets everything pass means them: only one that lists them by name does.
 */
function pollution(
  value: JsonValue,
  traits: JsonTraits,
  validator: Validator | null,
): SchemaViolation[] {
  if (!traits.mayPollute) return [];
  const members = prototypeMembers(value);
  if (members.length === 0) return [];
  const pointerTo = (path: readonly string[]) =>
    path.map((step) => `/${escapeSegment(step)}`).join('');
  // Of constructor.prototype, both names.
  const asked = members.flatMap((path) => [pointerTo(path.slice(0, -1)), pointerTo(path)]);
  const unlisted = new Set(validator?.unlisted(value, asked) ?? asked);
  return members
    .filter(
      (path) =>
        unlisted.has(pointerTo(path)) ||
        (path.at(-1) === 'prototype' && unlisted.has(pointerTo(path.slice(0, -1)))),
    )
    .map((path) => ({ pointer: pointerTo(path), rule: 'prototype' }));
}
