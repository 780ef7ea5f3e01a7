import type { MessageViolation } from '@poorter/openapi';

/** Where a message breaks its description, as records and problems tell it: never a value. */
export function describeViolations(violations: readonly MessageViolation[]): readonly object[] {
  return violations.map(({ in: where, name, pointer, rule, member, expected }) => ({
    in: where,
    ...(name !== undefined && { name }),
    pointer,
    rule,
    ...(member !== undefined && { member }),
    ...(expected !== undefined && { expected }),
  }));
}
