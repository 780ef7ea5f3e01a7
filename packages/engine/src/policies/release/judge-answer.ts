import type { AnswerCheck } from '@poorter/openapi';
import type { AnswerMode } from './release-config.ts';

export type AnswerVerdict =
  | { readonly kind: 'release' }
  | { readonly kind: 'cut'; readonly pointers: readonly string[] }
  | { readonly kind: 'withhold' };

/**
 * `report` releases everything. `redact` cuts undocumented members; what is wrong otherwise (a
 * type, a missing member) is reported, because cutting cannot mend it; what cannot be searched is
 * withheld. `block` withholds both.
 */
export function judgeAnswer(mode: AnswerMode, check: AnswerCheck): AnswerVerdict {
  const isValid = check.violations.every(({ isRemark }) => isRemark);
  if (isValid && check.undocumented.length === 0) return { kind: 'release' };
  switch (mode) {
    case 'report':
      return { kind: 'release' };
    case 'redact':
      // A leak must not get out by breaking the JSON around it.
      if (check.isUncuttable) return { kind: 'withhold' };
      // A violation may stand for a member the schema forbids by additionalProperties: false.
      return check.undocumented.length > 0
        ? { kind: 'cut', pointers: check.undocumented }
        : { kind: 'release' };
    case 'block':
      return { kind: 'withhold' };
  }
}

/** When an answer cannot be checked at all (undocumented, too large, encoded): only `report` releases it. */
export function judgeUncheckable(mode: AnswerMode): AnswerVerdict {
  return mode === 'report' ? { kind: 'release' } : { kind: 'withhold' };
}
