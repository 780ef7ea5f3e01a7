import { type Deny, deny } from '../../policy.ts';
import type { TargetFault } from './canonical-path.ts';

type Reason =
  | TargetFault
  /** A fixed part in another spelling, or beside one that some services take for it. */
  | 'encoding'
  /** It fits two described paths, neither of which is the more concrete one. */
  | 'overlap'
  | 'semicolon'
  | 'not-canonical'
  | 'scheme'
  | 'authority';

/** What the caller may do about it. Nothing here depends on what was sent. */
const EXPECTED: Readonly<Record<Reason, string>> = {
  'not-origin-form': 'a path that begins with a slash',
  fragment: 'no #; in a value it is written %23',
  character: 'letters, digits and the signs of RFC 3986; all else as UTF-8 in percent-encoding',
  'percent-encoding':
    'two hexadecimal digits behind each %, UTF-8 when decoded, and no escapes of escapes; a % itself is %25',
  'encoded-slash': 'no slash within a value (%2F)',
  'encoded-backslash': 'no backslash within a value (%5C)',
  'encoded-control': 'no control characters',
  dots: 'no segment of dots alone',
  'dot-segment-parameter': 'no semicolon behind a segment of dots',
  'above-root': 'no more ../ than there are segments',
  encoding:
    'fixed parts of the path spelled as they are described; a value that some services would take for such a part, as "Me", "me.json" or "%2fme" for "me", is not taken in its place',
  overlap:
    'a path that fits one described path alone, or two of which one is more concrete throughout, where they ask different things of their callers',
  semicolon: 'no semicolon in the path, where none is described',
  'not-canonical':
    'the path in its simplest form: no needless escapes, capitals in the others, no dot segments, no empty segments',
  scheme: 'the scheme that is spoken here',
  authority: 'the authority that Host names, and a path',
};

/** `evidence` is for the record alone. */
export function refuseTarget(
  reason: Reason,
  evidence: Readonly<Record<string, unknown>> = {},
): Deny {
  const details = { expected: EXPECTED[reason] };
  return deny('target_not_acceptable', { reason, ...evidence }, { details });
}
