import type { MessageViolation } from '@poorter/openapi';
import { type Deny, deny } from '../../policy.ts';
import { describeViolations } from '../../violations.ts';

/** A name that no description knows is told to whoever wrote it, and kept from the record. */
export function invalidRequest(violations: readonly MessageViolation[]): Deny {
  const errors = describeViolations(violations);
  const told = errors.map((error, at) => {
    const written = violations[at]?.written;
    return written === undefined ? error : { ...error, name: written };
  });
  return deny('request_invalid', { errors }, { details: { errors: told } });
}

export function unsupportedMediaType(
  { rule, expected }: MessageViolation,
  accepted: readonly string[],
): Deny {
  return deny('media_type_not_supported', { rule }, { details: { rule, expected, accepted } });
}
